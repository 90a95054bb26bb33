//! Accounts and history in DynamoDB.

mod accounts;
mod attributes;
mod history;
mod schema_check;

pub(crate) use accounts::DynamoAccounts;
