//! A record: one account of an imported text, understood or refused.

use secrecy::SecretString;

use super::error::Refusal;
use crate::domain::account_id::AccountId;

/// The most accounts of one text.
pub const MAX_ACCOUNTS: usize = 1000;

/// `number` is the line of the text on which the account begins; in JSON its place, from 1.
#[derive(Debug)]
pub struct Record {
    pub number: usize,
    pub account: Result<ImportedAccount, Refusal>,
}

/// An account as it was understood: all but `secret` may be shown.
#[derive(Debug)]
pub struct ImportedAccount {
    pub id: AccountId,
    /// The word of `auth`.
    pub kind: &'static str,
    /// Names of the fields that the secret holds.
    pub fields: Vec<&'static str>,
    /// Names of what the text holds and the secret does not need.
    pub ignored: Vec<&'static str>,
    pub secret: SecretString,
}
