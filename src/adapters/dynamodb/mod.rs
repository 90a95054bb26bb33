//! Accounts and history in DynamoDB.

mod accounts;
mod attributes;
mod history;

pub use accounts::DynamoAccounts;
