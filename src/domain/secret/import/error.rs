//! Why a text, or one account of it, cannot be imported. No message holds a value of the text.

use thiserror::Error;

use crate::domain::account_id::BadAccountId;
use crate::domain::secret::SecretError;

/// Why nothing of a text can be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImportError {
    #[error("the text is larger than 1 MiB: import it in parts")]
    TooLarge,
    #[error("the text holds more than 1000 accounts: import it in parts")]
    TooMany,
    #[error("the text holds no account")]
    Empty,
    #[error("the text is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("the JSON must be an account, a list of accounts, or an object with `accounts` by id")]
    Shape,
    #[error("column {number}{} {COLUMNS_NEEDED}", misspelling(.near.as_ref()))]
    UnknownColumn { number: usize, near: Option<Misspelling> },
    #[error("column {number} is `{field}`, and so is another column")]
    ColumnTwice { number: usize, field: &'static str },
}

const COLUMNS_NEEDED: &str =
    "(the first line must name the columns: fields of the secret, and `account` where accounts have a name)";

/// A name that resembles a field's, and that field. Only such a name is printed: any other word may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misspelling {
    pub name: String,
    pub field: &'static str,
}

fn misspelling(near: Option<&Misspelling>) -> String {
    match near {
        Some(Misspelling { name, field }) => format!(", `{name}`, is not a field; did you mean `{field}`?"),
        None => " is not a field".to_owned(),
    }
}

fn unknown_field(near: Option<&Misspelling>) -> String {
    match near {
        Some(Misspelling { name, field }) => format!("`{name}` is not a field; did you mean `{field}`?"),
        None => "has a field that is not known".to_owned(),
    }
}

/// Why one account is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("{0}; {KNOWN_FORMS}")]
    Line(#[from] LineFault),
    #[error("has {found} columns where the first line names {named}")]
    ColumnCount { found: usize, named: usize },
    #[error("has a value in column {0}, which the first line does not name")]
    UnnamedColumn(usize),
    #[error("has a quote that does not end")]
    OpenQuote,
    #[error("must be a JSON object")]
    NotAnObject,
    #[error("`policy` is not JSON")]
    PolicyNotJson,
    #[error("{}", unknown_field(.0.as_ref()))]
    UnknownField(Option<Misspelling>),
    #[error("`{0}` is given twice")]
    FieldTwice(&'static str),
    #[error("`account` is missing")]
    NoAccount,
    #[error("`account` is not allowed: {0}")]
    AccountId(#[from] BadAccountId),
    #[error("`account` may be a secret, and it is shown: take words, or the user's name")]
    AccountMayBeSecret,
    #[error("`{field}` must be {expected}")]
    Shown { field: &'static str, expected: &'static str },
    #[error("`client_secret` is a GUID: this is the secret's id; its value is what is needed")]
    SecretId,
    #[error("{0}")]
    Secret(SecretError),
}

const KNOWN_FORMS: &str = "a line is `user, password, client id`, `user, client secret, client id`, `client id, client secret, tenant` \
     (also with a user as fourth) or `user, password, client id, refresh token`, with a tab, `----`, `|`, `;`, a comma or \
     spaces between; or name the columns in a first line, such as `tenant_id,client_id,client_secret`";

/// What is wrong with a line whose values have no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LineFault {
    #[error("has {0} values")]
    Values(usize),
    #[error("has too many values")]
    TooManyValues,
    #[error("has no client id (a GUID)")]
    NoClient,
    #[error("has two GUIDs, and nothing says which is the tenant and which the client")]
    TwoGuids,
    #[error("has more than two GUIDs (a client secret's id is also one, but its value is needed)")]
    ManyGuids,
    #[error("has neither a tenant nor a user, whose domain would be the tenant")]
    NoTenant,
    /// A domain of the customer's own may be a secret too.
    #[error("has a user or a domain that does not end with `onmicrosoft.com` in a place where it may also be a secret")]
    OwnDomain,
    #[error("has two tenants")]
    TwoTenants,
    #[error("has two users")]
    TwoUsers,
    #[error("has no password, client secret or refresh token")]
    NoSecret,
    #[error("has several values that may be the secret")]
    Unsure,
    #[error("can be read in two ways")]
    TwoWays,
}
