//! Columns: the names that the fields of an account have in tables and in JSON.

use super::error::{ImportError, Misspelling};
use crate::domain::suggest::nearest;

/// `account`, and the fields of a secret.
pub(super) const FIELDS: [&str; 13] = [
    "account",
    "tenant_id",
    "client_id",
    "auth",
    "client_secret",
    "certificate",
    "private_key",
    "refresh_token",
    "username",
    "password",
    "user_id",
    "cloud",
    "policy",
];

/// Other names that leave no doubt, without case and separators: those of Microsoft's portal, and of `export`.
const ALIASES: [(&str, &str); 9] = [
    ("accountid", "account"),
    ("tenant", "tenant_id"),
    ("directoryid", "tenant_id"),
    ("directorytenantid", "tenant_id"),
    ("appid", "client_id"),
    ("applicationid", "client_id"),
    ("applicationclientid", "client_id"),
    ("appsecret", "client_secret"),
    ("clientsecretvalue", "client_secret"),
];

/// The longest name that is printed.
const MAX_PRINTED_CHARS: usize = 24;

/// The field of a name as people write it: `Tenant ID`, `clientId`, `CLIENT_SECRET`.
pub(super) fn field(name: &str) -> Option<&'static str> {
    let bare = bare(name);
    let own = FIELDS.into_iter().find(|field| self::bare(field) == bare);
    own.or_else(|| ALIASES.into_iter().find(|(alias, _)| *alias == bare).map(|(_, field)| field))
}

fn bare(name: &str) -> String {
    name.chars().filter(|c| !" _-()".contains(*c)).map(|c| c.to_ascii_lowercase()).collect()
}

/// The field that an unknown name resembles, with the name, if that cannot be a secret.
pub(super) fn misspelling(name: &str) -> Option<Misspelling> {
    let printable =
        name.len() <= MAX_PRINTED_CHARS && name.chars().all(|c| c.is_ascii_alphabetic() || " _".contains(c));
    let field = nearest(&name.replace(' ', "_"), FIELDS).filter(|_| printable)?;
    Some(Misspelling { name: name.to_owned(), field })
}

/// The fields of a table's first line; `None` for a column without a name.
///
/// # Errors
/// Where a name is not a field, or two are the same one.
pub(super) fn header(names: &[String]) -> Result<Vec<Option<&'static str>>, ImportError> {
    let mut fields: Vec<Option<&'static str>> = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let number = index + 1;
        let known = match field(name) {
            None if name.is_empty() => None,
            None => return Err(ImportError::UnknownColumn { number, near: misspelling(name) }),
            Some(field) if fields.contains(&Some(field)) => return Err(ImportError::ColumnTwice { number, field }),
            known => known,
        };
        fields.push(known);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        header(&names).unwrap_err().to_string()
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        for (name, expected) in [
            ("tenant_id", Some("tenant_id")),
            ("Tenant ID", Some("tenant_id")),
            ("TENANT-ID", Some("tenant_id")),
            ("clientId", Some("client_id")),
            ("Application (client) ID", Some("client_id")),
            ("userName", Some("username")),
            ("user", None),
            ("secret", None),
            ("secret id", None),
            ("", None),
        ] {
            assert_eq!(field(name), expected, "{name}");
        }
    }

    #[test]
    fn an_unknown_column_is_named_where_its_name_cannot_be_a_secret() {
        let said = refusal(&["account", "tenant_id", "client_id", "client_secert"]);
        assert!(said.starts_with("column 4, `client_secert`, is not a field; did you mean `client_secret`?"), "{said}");
        let said = refusal(&["Client Secert"]);
        assert!(said.starts_with("column 1, `Client Secert`, is not a field; did you mean `client_secret`?"), "{said}");
        for name in ["MARKED", "passw0rd", "client_secret~", "Ab1.cD2-eF3_gH4iJ5kL6mN7oP8qR9sT0uV"] {
            let said = refusal(&["account", name]);
            assert!(said.starts_with("column 2 is not a field") && !said.contains(name), "{said}");
        }
        assert!(refusal(&["clientId", "client_id"]).starts_with("column 2 is `client_id`, and so is another"));
    }
}
