//! Lines: an account each, its values without names, so that what each can be decides what it is.
//!
//! A value becomes a field that is shown (tenant, client, user) only where it cannot be a secret, or where the line has
//! one of the documented forms.

use serde_json::{Map, Value, json};

use super::account::{account, account_name};
use super::classify::{Certainty, Kind, kind};
use super::error::{LineFault, Refusal};
use super::record::{ImportedAccount, MAX_ACCOUNTS, Record};
use super::separator::{SEPARATORS, Separator, is_blank, is_comment};

/// The most values of a line.
const MAX_VALUES: usize = 5;

/// The accounts of a text that begins on `first_line`; no more than can be imported, and one.
pub(super) fn records(text: &str, first_line: usize, declared: Option<Separator>) -> Vec<Record> {
    let lines = text.lines().enumerate().filter(|(_, line)| !is_blank(line) && !is_comment(line));
    let read = |(index, line)| Record { number: first_line + index, account: read(line, declared) };
    lines.take(MAX_ACCOUNTS + 1).map(read).collect()
}

fn read(line: &str, declared: Option<Separator>) -> Result<ImportedAccount, Refusal> {
    let separators = declared.map_or_else(|| SEPARATORS.to_vec(), |separator| vec![separator]);
    let mut readings: Vec<(usize, Result<Reading, LineFault>)> = Vec::new();
    for separator in separators.into_iter().chain([Separator::Spaces]) {
        // Spaces may be part of a password, or surround a separator: they separate only where nothing else does.
        if separator == Separator::Spaces && !readings.is_empty() {
            break;
        }
        let values = separator.split(line, MAX_VALUES);
        if values.len() > 1 {
            readings.push((values.len(), understand(&values)));
        }
    }
    let most = readings.iter().map(|(values, _)| *values).filter(|values| *values <= MAX_VALUES).max();
    let nearest = readings.iter().find(|(values, _)| most.is_none_or(|most| *values == most));
    let fault = nearest.and_then(|(_, reading)| reading.as_ref().err().copied()).unwrap_or(LineFault::Values(1));
    let mut understood = readings.into_iter().filter_map(|(_, reading)| reading.ok());
    match (understood.next(), understood.next()) {
        (Some(reading), None) => {
            let ignored = reading.ignored;
            account(reading.name.as_deref(), reading.secret).map(|account| ImportedAccount { ignored, ..account })
        }
        (Some(_), Some(_)) => Err(LineFault::TwoWays.into()),
        (None, _) => Err(fault.into()),
    }
}

struct Reading {
    /// Of the user's account.
    name: Option<String>,
    secret: Map<String, Value>,
    ignored: Vec<&'static str>,
}

/// The values of a line by what they are.
#[derive(Default)]
struct Values<'a> {
    client: Option<&'a str>,
    tenant: Option<&'a str>,
    user: Option<&'a str>,
    client_secret: Option<&'a str>,
    refresh_token: Option<&'a str>,
    /// A password, or a client secret of no known form.
    other: Option<&'a str>,
}

fn understand(values: &[String]) -> Result<Reading, LineFault> {
    match values.len() {
        0..3 => return Err(LineFault::Values(values.len())),
        3..=MAX_VALUES => {}
        _ => return Err(LineFault::TooManyValues),
    }
    if values.iter().any(String::is_empty) {
        return Err(LineFault::Values(values.iter().filter(|value| !value.is_empty()).count()));
    }
    let values: Vec<(&str, Kind)> = values.iter().map(|value| (value.as_str(), kind(value))).collect();
    if values.iter().filter(|(_, kind)| *kind == Kind::Guid).count() > 2 {
        return Err(LineFault::ManyGuids);
    }
    let mut found = Values::default();
    for (value, kind) in documented(&values, &mut found)? {
        found.take(value, kind)?;
    }
    found.reading()
}

/// What is neither an id nor sure to be a user or a tenant may be secret.
fn may_be_secret(kind: Kind) -> bool {
    !matches!(kind, Kind::Guid | Kind::User(Certainty::Sure) | Kind::Domain(Certainty::Sure))
}

/// Takes what its place in a documented form decides, and returns the other values.
fn documented<'a>(values: &[(&'a str, Kind)], found: &mut Values<'a>) -> Result<Vec<(&'a str, Kind)>, LineFault> {
    let possible = |kind: Kind| matches!(kind, Kind::User(Certainty::Possible) | Kind::Domain(Certainty::Possible));
    match *values {
        // user, password or client secret, client id [, refresh token]
        [(user, Kind::User(certainty)), (secret, kind), client @ (_, Kind::Guid), ref rest @ ..]
            if may_be_secret(kind) && matches!(rest, [] | [(_, Kind::RefreshToken)]) =>
        {
            // Either may be the user.
            if certainty == Certainty::Possible && matches!(kind, Kind::User(_)) {
                return Err(LineFault::OwnDomain);
            }
            found.user = Some(user);
            let secret = (secret, if possible(kind) { Kind::Other } else { kind });
            Ok([&[secret, client], rest].concat())
        }
        // client id, client secret, tenant [, user]
        [client @ (_, Kind::Guid), (secret, kind), (tenant, tenant_kind), ref rest @ ..]
            if may_be_secret(kind)
                && matches!(tenant_kind, Kind::Guid | Kind::Domain(_))
                && matches!(rest, [] | [(_, Kind::User(Certainty::Sure))]) =>
        {
            let own_domain = tenant_kind == Kind::Domain(Certainty::Possible);
            if matches!(kind, Kind::User(_)) || (own_domain && possible(kind)) {
                return Err(LineFault::OwnDomain);
            }
            found.tenant = Some(tenant);
            // By its place it is the app's, whatever its form.
            let secret = (secret, if kind == Kind::RefreshToken { kind } else { Kind::ClientSecret });
            Ok([&[secret, client], rest].concat())
        }
        _ => Ok(values.to_vec()),
    }
}

impl<'a> Values<'a> {
    /// Takes a value as what it is sure to be.
    fn take(&mut self, value: &'a str, kind: Kind) -> Result<(), LineFault> {
        let (place, fault) = match kind {
            Kind::Guid => (&mut self.client, LineFault::TwoGuids),
            Kind::User(Certainty::Sure) => (&mut self.user, LineFault::TwoUsers),
            Kind::Domain(Certainty::Sure) => (&mut self.tenant, LineFault::TwoTenants),
            Kind::ClientSecret => (&mut self.client_secret, LineFault::Unsure),
            Kind::RefreshToken => (&mut self.refresh_token, LineFault::Unsure),
            Kind::Other => (&mut self.other, LineFault::Unsure),
            Kind::User(Certainty::Possible) | Kind::Domain(Certainty::Possible) => return Err(LineFault::OwnDomain),
        };
        if place.replace(value).is_some() { Err(fault) } else { Ok(()) }
    }

    fn reading(self) -> Result<Reading, LineFault> {
        let client = self.client.ok_or(LineFault::NoClient)?;
        let domain = self.user.and_then(|user| user.rsplit_once('@')).map(|(_, domain)| domain);
        let tenant = self.tenant.or(domain).ok_or(LineFault::NoTenant)?;
        let mut secret = Map::new();
        let mut ignored = Vec::new();
        let mut put = |field: &str, value: &str| secret.insert(field.to_owned(), json!(value));
        put("tenant_id", tenant);
        put("client_id", client);
        match (self.refresh_token, self.client_secret, self.other, self.user) {
            // The token alone signs in: the password is not kept. Without a user, no password can be meant.
            (Some(token), client_secret, None, _) | (Some(token), client_secret, Some(_), Some(_)) => {
                put("auth", "refresh_token");
                put("refresh_token", token);
                client_secret.map(|value| put("client_secret", value));
                ignored.extend(self.other.map(|_| "password"));
            }
            (Some(_), _, Some(_), None) | (None, Some(_), Some(_), None) => return Err(LineFault::Unsure),
            (None, client_secret, Some(password), Some(user)) => {
                put("auth", "password");
                put("username", user);
                put("password", password);
                client_secret.map(|value| put("client_secret", value));
            }
            (None, Some(client_secret), None, user) | (None, None, Some(client_secret), user @ None) => {
                put("client_secret", client_secret);
                user.map(|user| put("user_id", user));
            }
            (None, None, None, _) => return Err(LineFault::NoSecret),
        }
        Ok(Reading { name: self.user.map(account_name), secret, ignored })
    }
}
