//! Accounts and history in DynamoDB.

mod accounts;
mod attributes;
mod history;
mod schema_check;

pub use accounts::DynamoAccounts;
