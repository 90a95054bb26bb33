//! The traits between the program and the outside world, and the data that crosses them. One file a port; tests fake them.

mod accounts;
mod alerts;
mod clock;
mod error;
mod graph;
mod login;
mod queue;
mod secrets;

pub use accounts::{
    AccountPage, AccountStore, Claim, ClaimKind, ClaimRequest, Cursor, Due, DuePage, RecordResult, StoredAccount,
};
pub use alerts::{Alert, Alerts};
pub use clock::Clock;
pub use error::{FailureCode, InfraError, TableProblem};
pub use graph::{BatchItem, BatchReply, Caller, Graph, GraphError, RawBody};
pub use login::{Client, DeviceCode, Login, Poll, Token, WebIdentity};
pub use queue::{Queue, Unsent};
pub use secrets::{SecretEntry, SecretFault, SecretText, Secrets};
