//! The id of an account.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// The last part of the secret's name: `[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AccountId(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an account id is 1 to 128 letters, digits or `._@+-`, and begins with a letter or a digit")]
pub struct BadAccountId;

impl AccountId {
    pub fn parse(text: &str) -> Result<Self, BadAccountId> {
        let first = text.chars().next().ok_or(BadAccountId)?;
        let fits = text.len() <= 128
            && first.is_ascii_alphanumeric()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._@+-".contains(c));
        if fits { Ok(Self(text.to_owned())) } else { Err(BadAccountId) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_matches_the_pattern_of_the_contract() {
        for good in ["a", "A9", "dev@contoso.onmicrosoft.com", "x._@+-", &"a".repeat(128)] {
            assert_eq!(AccountId::parse(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "_defaults", ".", "..", ".a", "-a", "a/b", "a b", "é", "a\n", &"a".repeat(129)] {
            assert_eq!(AccountId::parse(bad), Err(BadAccountId), "{bad:?}");
        }
    }
}
