//! The catalogue for people: its operations, and the permissions that a policy needs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::domain::catalogue::{self, Access, Operation, Service};
use crate::domain::lenient_json::lenient_json;
use crate::domain::permissions::required;
use crate::domain::policy::Policy;
use crate::domain::suggest::nearest;
use crate::local::output::style::Style;
use crate::local::output::table::{Cell, Column, table};
use crate::local::output::text::printable;

/// Filters of operations; all given ones must match.
#[derive(Debug, Args)]
pub struct Filter {
    /// Only of this service, e.g. mail, calendar, files
    #[arg(long, value_parser = service)]
    service: Option<Service>,
    /// Only those that this permission suffices for
    #[arg(long)]
    permission: Option<String>,
    /// Only those for signed-in users, or for the app itself
    #[arg(long)]
    auth: Option<Auth>,
    /// Only those that read, or only those that write
    #[arg(long)]
    kind: Option<Kind>,
}

/// Whether an operation changes the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Read,
    Write,
}

/// The kind of token that calls: by its name, or by the `auth` of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// A signed-in user: also refresh_token, password
    #[value(aliases = ["user", "refresh_token", "password"])]
    Delegated,
    /// The app: also client_secret, certificate, federated
    #[value(aliases = ["client_secret", "certificate", "federated"])]
    App,
}

impl Auth {
    const fn access(self) -> Access {
        match self {
            Self::Delegated => Access::Delegated,
            Self::App => Access::AppOnly,
        }
    }
}

fn service(text: &str) -> Result<Service, String> {
    let mut services: Vec<Service> = catalogue::all().map(|operation| operation.service).collect();
    services.sort_unstable();
    services.dedup();
    let found = services.iter().find(|service| service.as_str().eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| {
        format!("the services are {}", services.iter().map(|service| service.as_str()).collect::<Vec<_>>().join(", "))
    })
}

impl Filter {
    fn check_permission(&self) -> anyhow::Result<()> {
        let Some(permission) = &self.permission else { return Ok(()) };
        let accesses = [Access::Delegated, Access::AppOnly];
        let known: Vec<&str> = catalogue::all()
            .flat_map(|operation| accesses.iter().flat_map(|access| operation.accepted(*access)).copied())
            .collect();
        if known.iter().any(|name| name.eq_ignore_ascii_case(permission)) {
            return Ok(());
        }
        let hint = nearest(permission, known).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        anyhow::bail!("no operation accepts the permission {}{hint}", printable(permission))
    }

    fn matches(&self, operation: &Operation) -> bool {
        let accesses = match self.auth {
            Some(auth) => vec![auth.access()],
            None => vec![Access::Delegated, Access::AppOnly],
        };
        let suffices = |accepted: &[&str]| match &self.permission {
            Some(permission) => accepted.iter().any(|name| name.eq_ignore_ascii_case(permission)),
            None => !accepted.is_empty(),
        };
        self.service.is_none_or(|service| operation.service == service)
            && self.kind.is_none_or(|kind| operation.writes() == (kind == Kind::Write))
            && accesses.iter().any(|access| suffices(operation.accepted(*access)))
    }
}

/// The operations that match the filter, in the form of the contract.
///
/// # Errors
/// If no operation accepts the filter's permission: a typo shows nothing otherwise.
pub fn operations(filter: &Filter) -> anyhow::Result<Value> {
    filter.check_permission()?;
    Ok(catalogue::all().filter(|operation| filter.matches(operation)).map(shape).collect())
}

/// The operations that match the filter, as a table.
///
/// # Errors
/// As [`operations`].
pub fn operations_table(style: &Style, filter: &Filter) -> anyhow::Result<String> {
    filter.check_permission()?;
    let columns = [
        Column::new("operation"),
        Column::new("method"),
        Column::new("path").dispensable(1),
        Column::new("delegated"),
        Column::new("app-only").dispensable(2),
    ];
    let rows: Vec<_> = catalogue::all()
        .filter(|operation| filter.matches(operation))
        .map(|operation| {
            let least = |access| operation.permission(access).unwrap_or("-");
            let (delegated, app) = (least(Access::Delegated), least(Access::AppOnly));
            let cells = [operation.id, operation.method.as_str(), operation.path, delegated, app];
            cells.map(Cell::new).to_vec().into()
        })
        .collect();
    Ok(table(style, &columns, &rows))
}

fn shape(operation: &Operation) -> Value {
    json!({
        "id": operation.id,
        "service": operation.service.as_str(),
        "method": operation.method.as_str(),
        "path": operation.path,
        "path_app": operation.permission(Access::AppOnly).map(|_| operation.path_for(Access::AppOnly, "{user-id}")),
        "delegated": operation.permission(Access::Delegated),
        "application": operation.permission(Access::AppOnly),
        "writes": operation.writes(),
    })
}

/// The policy and the kind of token that need permissions.
#[derive(Debug, Args)]
pub struct PermissionsArgs {
    /// For signed-in users, or for the app itself
    #[arg(long)]
    auth: Auth,
    /// A file with a policy, or a secret file; without it, the default policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// For an app without `user_id`: only tenant-wide operations
    #[arg(long)]
    without_user: bool,
}

/// The least permissions that the policy needs, sorted.
pub fn permissions(args: &PermissionsArgs) -> anyhow::Result<Vec<&'static str>> {
    let PermissionsArgs { auth, policy, without_user } = args;
    anyhow::ensure!(*auth == Auth::App || !without_user, "--without-user is for --auth app: a signed-in user is one");
    let policy = policy.as_deref().map_or_else(|| Ok(Policy::default()), read_policy)?;
    let (access, user_id) = (auth.access(), (!without_user).then_some("user"));
    Ok(required::permissions(&required::wanted(&policy, access, user_id), access).into_iter().collect())
}

fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("reading {shown}"))?;
    let text = lenient_json(&bytes).map_err(|error| anyhow::anyhow!("{shown} {error}"))?;
    let mut value: Value = serde_json::from_str(&text).with_context(|| format!("{shown} is not JSON"))?;
    anyhow::ensure!(value.get("accounts").is_none(), "{shown} holds many accounts: name a file with one policy");
    // A whole secret: its policy counts.
    if value.get("tenant_id").is_some() || value.get("client_id").is_some() {
        value = value.get_mut("policy").map_or_else(|| json!({}), Value::take);
    }
    Policy::parse(value).with_context(|| format!("{shown} is not a policy"))
}

/// The whole catalogue as in docs/operations.md: one folded table per service.
pub fn markdown() -> String {
    let mut services: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in catalogue::all() {
        services.entry(operation.service.as_str()).or_default().push(operation);
    }
    let mut text = String::new();
    for (service, operations) in services {
        let writes = operations.iter().filter(|operation| operation.writes()).count();
        let _ = write!(
            text,
            "\n<details><summary>{service}: {} operations, {writes} of them write</summary>\n\n\
             | operation | request | delegated | app-only |\n| --- | --- | --- | --- |\n",
            operations.len()
        );
        for operation in operations {
            let least = |access| operation.permission(access).map_or("-".to_owned(), |name| format!("`{name}`"));
            let _ = writeln!(
                text,
                "| [`{}`]({}) | {} `{}` | {} | {} |",
                operation.id,
                operation.doc,
                operation.method.as_str(),
                operation.path,
                least(Access::Delegated),
                least(Access::AppOnly)
            );
        }
        text.push_str("\n</details>\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(service: Option<&str>, permission: Option<&str>, auth: Option<Auth>) -> Vec<String> {
        let service = service.map(|text| super::service(text).unwrap());
        let found =
            operations(&Filter { service, permission: permission.map(str::to_owned), auth, kind: None }).unwrap();
        found.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn no_filter_shows_all_operations() {
        assert_eq!(ids(None, None, None).len(), catalogue::all().count());
    }

    #[test]
    fn unknown_permission_is_refused_with_the_nearest_one() {
        let filter = |permission: &str| Filter {
            service: None,
            permission: Some(permission.to_owned()),
            auth: None,
            kind: None,
        };
        let error = filter("Mail.Raed").check_permission().unwrap_err().to_string();
        assert!(error.contains("did you mean Mail.Read?"), "{error}");
        assert!(filter("mail.read").check_permission().is_ok());
    }

    #[test]
    fn all_filters_must_match() {
        let mail = ids(Some("MAIL"), None, None);
        assert!(mail.iter().all(|id| id.starts_with("mail.")) && !mail.is_empty());
        let reading = ids(Some("mail"), Some("mail.read"), Some(Auth::App));
        assert!(reading.contains(&"mail.messages.list".to_owned()) && reading.len() < mail.len(), "{reading:?}");
        assert!(!ids(None, None, Some(Auth::App)).contains(&"onenote.pages".to_owned()));
        assert!(ids(Some("users"), Some("Mail.Read"), None).is_empty());
    }

    #[test]
    fn reads_and_writes_together_are_all_operations() {
        let count = |kind| {
            let filter = Filter { service: None, permission: None, auth: None, kind: Some(kind) };
            operations(&filter).unwrap().as_array().unwrap().len()
        };
        assert_eq!(count(Kind::Read) + count(Kind::Write), catalogue::all().count());
        assert_eq!(count(Kind::Write), catalogue::all().filter(|operation| operation.writes()).count());
    }

    #[test]
    fn unknown_service_is_refused_with_the_known_ones() {
        let error = service("male").unwrap_err();
        assert!(error.contains("mail, mailboxSettings"), "{error}");
    }
}
