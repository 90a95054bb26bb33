//! Accounts and history in DynamoDB.

mod accounts;
mod attributes;
mod fit;
mod history;

pub use accounts::DynamoAccounts;
