//! The few traits that a test fakes, in the vocabulary of the house.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::domain::account::history::HistoryRow;
use crate::domain::account::{Account, AccountId};
use crate::domain::catalogue::granted::Granted;
use crate::domain::cause::Cause;
use crate::domain::cloud::Cloud;
use crate::domain::run_request::Order;
use crate::domain::secret::AccountSecret;

/// The time. Tests and the demonstration turn it by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
    /// Returns when `now` has grown by at least `duration`.
    async fn sleep(&self, duration: Duration);
}

/// Where log lines go, one JSON object each.
pub trait Journal: Send + Sync {
    fn write(&self, line: &Value);
}

/// A message to a person. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// One line of ASCII.
    pub subject: String,
    pub text: String,
}

/// Who is told when an account changes.
#[async_trait]
pub trait Alerts: Send + Sync {
    async fn publish(&self, alert: &Alert) -> Result<(), Broken>;
}

/// Infrastructure that failed: not an account's fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{doing}: {what}")]
pub struct Broken {
    /// What was attempted, e.g. `claiming account a`.
    pub doing: String,
    pub what: String,
    /// A table or an index is not as it should be: nothing can go well until somebody mends the deployment.
    pub unfit: bool,
}

impl Broken {
    pub fn new(doing: impl Into<String>, what: impl Into<String>) -> Self {
        Self { doing: doing.into(), what: what.into(), unfit: false }
    }

    pub fn unfit(what: impl Into<String>) -> Self {
        Self { unfit: true, ..Self::new("looking at the tables", what) }
    }
}

/// What is remembered of accounts and runs.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Fails where something that the store needs is proven to be missing; asks until it is known to be there. A claim,
    /// too, is only taken where it is.
    async fn ready(&self) -> Result<(), Broken>;
    /// One page of one shard's accounts that are due at `now`, oldest first; `after` is the `next` of the page before.
    async fn due(&self, shard: u16, now: DateTime<Utc>, after: Option<Cursor>) -> Result<DuePage, Broken>;
    /// Takes the account for one run, if nobody else did: the decision is the store's alone.
    async fn claim(&self, id: &AccountId, claim: &ClaimRequest) -> Result<Claim, Broken>;
    /// Writes the account back and ends the claim; only for the run that holds it.
    async fn record(&self, account: &Account, run_id: &str) -> Result<Recorded, Broken>;
    /// Adds an account that is not there yet; `false` where it is.
    async fn create(&self, account: &Account) -> Result<bool, Broken>;
    /// Overwrites an account that no run holds at `now`; `false` where one does.
    async fn update(&self, account: &Account, now: DateTime<Utc>) -> Result<bool, Broken>;
    /// Overwrites an account, taking it away from a run that may hold it.
    async fn seize(&self, account: &Account) -> Result<(), Broken>;
    async fn get(&self, id: &AccountId) -> Result<Option<Found>, Broken>;
    /// One page of all accounts.
    async fn all(&self, after: Option<Cursor>) -> Result<AccountPage, Broken>;
    async fn add_history(&self, row: &HistoryRow) -> Result<(), Broken>;
    /// The newest rows first, none older than the retention.
    async fn history(&self, id: &AccountId, limit: u32, now: DateTime<Utc>) -> Result<Vec<HistoryRow>, Broken>;
}

/// Where a listing goes on; opaque outside the store.
#[derive(Clone, Debug)]
pub struct Cursor(pub Vec<(String, String)>);

impl Cursor {
    /// Where a listing of all accounts goes on that has come as far as this one.
    pub fn after(id: &AccountId) -> Self {
        Self(vec![("account_id".to_owned(), id.to_string())])
    }
}

#[derive(Clone, Debug, Default)]
pub struct DuePage {
    pub accounts: Vec<Due>,
    pub next: Option<Cursor>,
}

/// An account that the index shows as due; the claim decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub id: AccountId,
    pub next_run_at: String,
}

/// An account as it was read. `warnings` name attributes that were malformed and read as their defaults.
#[derive(Clone, Debug)]
pub struct Found {
    pub account: Account,
    pub warnings: Vec<String>,
    /// Whether rounds find it once its time has come: it has a time, and a shard that they look in.
    pub indexed: bool,
}

#[derive(Clone, Debug, Default)]
pub struct AccountPage {
    pub accounts: Vec<Found>,
    pub next: Option<Cursor>,
}

#[derive(Clone, Debug)]
pub struct ClaimRequest {
    pub run_id: String,
    pub now: DateTime<Utc>,
    pub lease_ends_at: DateTime<Utc>,
    pub right: Right,
}

/// By what right an account is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    /// Its time has come.
    Due,
    /// A person asked for one run: also of an account that is not due, or paused.
    ByHand,
    /// The run of this id gives its claim away: whoever takes it over first has it, and nobody a second time.
    From(String),
}

#[derive(Clone, Debug)]
pub enum Claim {
    Taken {
        found: Box<Found>,
        /// An earlier claim ran out without a record: its run was cut off, and may have left something.
        cut_off: bool,
    },
    /// Another run has it, or it is no longer due, or it is gone.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    Kept,
    /// The claim ran out, or somebody stopped the account: what is there now stays.
    Lost,
}

/// Accounts on their way to workers. Delivery is at least once, in any order, at any time.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends at most 10 orders, and gives back which of them were not taken. Where the whole request failed, any of
    /// them may still have been.
    async fn send(&self, orders: &[Order]) -> Result<Vec<Unsent>, Broken>;
}

/// An order that the queue did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Its place among the orders.
    pub at: usize,
    /// The queue's code.
    pub why: String,
}

/// The secrets that define the accounts.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Names (under the prefix) and current versions, without values.
    async fn list(&self) -> Result<Vec<SecretEntry>, Broken>;
    /// Values by name, at most 20 names a call; each name's fault is its own.
    async fn fetch(&self, names: &[String]) -> Result<Vec<(String, Result<SecretText, SecretFault>)>, Broken>;
    /// Writes a new version, unless the secret has changed since `version` was read (then `None`).
    async fn replace(&self, name: &str, version: &str, text: &SecretString) -> Result<Option<String>, Broken>;
    /// Makes a secret and gives its version; `None` where there is one of that name.
    async fn create(&self, name: &str, text: &SecretString) -> Result<Option<String>, Broken>;
    /// Removes a secret for good; one that is not there is no error.
    async fn delete(&self, name: &str) -> Result<(), Broken>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEntry {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug)]
pub struct SecretText {
    pub text: SecretString,
    pub version: String,
}

/// Why one secret's value was not had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretFault {
    #[error("is gone")]
    Gone,
    /// Not ours to read, or not to be decrypted, or refused for its form; the code says which.
    #[error("cannot be read ({0})")]
    Refused(String),
    #[error("could not be read just now ({0})")]
    Transient(String),
}

/// The login service.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// One token request. `refresh_token` stands in for the secret's own where a newer one is known.
    async fn request(&self, secret: &AccountSecret, refresh_token: Option<&SecretString>) -> Result<Token, TokenError>;
    /// Begins a sign-in by device code.
    async fn device_code(&self, client: &Client) -> Result<DeviceCode, TokenError>;
    /// Asks once whether the person has signed in.
    async fn poll(&self, client: &Client, device_code: &SecretString) -> Result<Poll, TokenError>;
}

/// The app that a person signs in to: a public client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub cloud: Cloud,
    pub tenant_id: String,
    pub client_id: String,
}

/// What a person needs to sign in elsewhere, and what the wait for it needs.
#[derive(Clone, Debug)]
pub struct DeviceCode {
    pub device_code: SecretString,
    pub user_code: String,
    pub verification_uri: String,
    pub expires_in: Duration,
    /// The least time between two polls.
    pub interval: Duration,
}

#[derive(Clone, Debug)]
pub enum Poll {
    /// Nobody has answered yet.
    Pending,
    /// The same, and the interval is to grow by five seconds.
    SlowDown,
    /// By the user of this name, where the answer says.
    SignedIn {
        token: Box<Token>,
        username: Option<String>,
    },
    Refused,
    Expired,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub access_token: SecretString,
    /// `None` where the answer did not say: good for this run alone.
    pub lifetime: Option<Duration>,
    pub granted: Granted,
    /// Whom a user's token speaks for: object id and UPN, as far as it can be read.
    pub user: Vec<String>,
    /// A rotated refresh token.
    pub refresh_token: Option<SecretString>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    Misconfigured(Cause),
    LongBackoff(Cause),
    /// As [`crate::domain::cause::LoginFault::NotYet`].
    NotYet(Cause),
    Throttled {
        retry_after: Option<Duration>,
    },
    Transient(String),
}

/// Who the program itself is, as vouched for by the cloud that it runs in.
#[async_trait]
pub trait WebIdentity: Send + Sync {
    /// A JWT of some minutes that says so to `audience`.
    async fn vouch(&self, audience: &str) -> Result<SecretString, TokenError>;
}

/// Microsoft Graph.
#[async_trait]
pub trait Graph: Send + Sync {
    /// One `$batch` request of at most 20 items; answers in any order, perhaps not for all.
    async fn batch(&self, caller: &Caller<'_>, items: &[BatchItem]) -> Result<Vec<BatchReply>, GraphError>;
}

/// Whose token, which cloud, and how long the answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub cloud: Cloud,
    pub access_token: &'a SecretString,
    pub within: Duration,
}

#[derive(Clone, Debug)]
pub struct BatchItem {
    pub id: String,
    pub method: &'static str,
    pub url: String,
    pub headers: &'static [(&'static str, &'static str)],
    pub payload: crate::domain::plan::Payload,
    pub depends_on: Option<String>,
}

#[derive(Clone, Debug)]
pub struct BatchReply {
    pub id: String,
    pub status: u16,
    pub retry_after: Option<Duration>,
    /// Graph's `error.code`, cleaned for logs; [`NO_DRIVE`] where its message says so.
    pub error_code: Option<String>,
    pub request_id: Option<String>,
    pub body: Unread,
}

/// The JSON of an answer as it came. Most answers are only counted: one is taken apart where somebody asks for what it says.
#[derive(Clone, Debug, Default)]
pub struct Unread(Option<Box<RawValue>>);

impl Unread {
    pub fn new(json: &RawValue) -> Self {
        Self(Some(json.to_owned()))
    }

    /// JSON objects; anything else is `Null`.
    pub fn read(&self) -> Value {
        let value = self.0.as_deref().and_then(|json| serde_json::from_str(json.get()).ok());
        value.filter(Value::is_object).unwrap_or_default()
    }
}

/// The `error_code` of a user without OneDrive: Graph itself tells it only in the message ("mysite not found").
pub const NO_DRIVE: &str = "mysiteNotFound";

/// Why a batch as a whole was not answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GraphError {
    #[error("Graph throttles the tenant")]
    Throttled { retry_after: Option<Duration> },
    #[error("Graph does not accept the token")]
    Unauthorized,
    #[error("{what}")]
    Transient { what: String, retry_after: Option<Duration> },
    #[error("Graph refused the batch ({status} {code})")]
    Refused { status: u16, code: String },
}
