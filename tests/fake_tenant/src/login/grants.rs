//! `POST /{tenant}/oauth2/v2.0/token` and `/devicecode`: who asks, with what, and may they.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::aadsts::Refusal;
use super::assertion;
use super::pages::SECOND_FACTOR;
use super::path::decode_form;
use super::schema::is_guid;
use super::tenant::App;
use super::token::{self, Grant};
use super::world::{Device, World};

pub type Form = BTreeMap<String, String>;
pub type Outcome = Result<(Value, Who), Refusal>;

/// Whose token it was, for the record.
#[derive(Default)]
pub struct Who {
    pub tenant: String,
    pub app: String,
    pub user: Option<String>,
}

pub const FORM: &str = "application/x-www-form-urlencoded";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH_DAYS: i64 = 90;
const POLL_SECONDS: i64 = 5;

/// Reads a form; a field given twice is malformed.
pub fn form(content_type: &str, body: &[u8]) -> Result<Form, Refusal> {
    if content_type.split(';').next().map(str::trim) != Some(FORM) {
        return Err(Refusal::new(900_144, "The request body must contain the following parameter: 'grant_type'."));
    }
    let mut form = Form::new();
    let text = std::str::from_utf8(body).map_err(|_| Refusal::usual(9_002_313))?;
    for pair in text.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| Refusal::usual(9_002_313))?;
        if form.insert(decode_form(name), decode_form(value)).is_some() {
            return Err(Refusal::usual(9_002_313));
        }
    }
    Ok(form)
}

pub fn token(world: &mut World, tenant: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let grant = field(form, "grant_type")?.to_owned();
    let client = field(form, "client_id")?.to_owned();
    if !is_guid(&client) {
        return Err(Refusal::usual(700_016));
    }
    match grant.as_str() {
        "client_credentials" => client_credentials(world, tenant, &client, form, now),
        "password" => password(world, tenant, &client, form, now),
        "refresh_token" => refresh(world, tenant, &client, form, now),
        DEVICE_CODE => device_token(world, tenant, &client, form, now),
        other => Err(Refusal::new(70003, format!("The app requested an unsupported grant type '{other}'."))),
    }
}

fn client_credentials(world: &mut World, tenant: &str, client: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let tenant = one_tenant(world, tenant)?;
    let app = app(world, &tenant, client)?;
    let scope = field(form, "scope")?;
    let Some(resource) = scope.strip_suffix("/.default") else { return Err(Refusal::usual(1_002_012)) };
    graph(world, resource)?;
    if app.public {
        return Err(Refusal::usual(7_000_218));
    }
    authenticate(world, &tenant, &app, form, now)?;
    let grant = Grant { tenant: tenant.clone(), app, user: None, permissions: None };
    Ok((token::issue(world, &grant, now), Who { tenant, app: client.into(), user: None }))
}

fn password(world: &mut World, tenant: &str, client: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let username = field(form, "username")?.to_owned();
    let password = field(form, "password")?.to_owned();
    let tenant = match tenant {
        "common" | "consumers" => {
            return Err(Refusal::new(
                9_001_023,
                "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
            ));
        }
        "organizations" => {
            let domain = username.split_once('@').map_or("", |(_, d)| d).to_owned();
            one_tenant(world, &domain).map_err(|_| Refusal::usual(50059))?
        }
        named => one_tenant(world, named)?,
    };
    let app = app(world, &tenant, client)?;
    authenticate(world, &tenant, &app, form, now)?;
    let user = world.tenants[&tenant].user(&username).cloned().ok_or_else(|| Refusal::usual(50034))?;
    if user.password != password {
        return Err(Refusal::usual(50126));
    }
    if user.password_expired {
        return Err(Refusal::usual(50055));
    }
    sign_in(world, &tenant, &app, Proven { user: &user.id, strong: false }, field(form, "scope")?, now)
}

fn refresh(world: &mut World, tenant: &str, client: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let presented = field(form, "refresh_token")?.to_owned();
    let held = world.refresh_tokens.get(&presented).cloned().ok_or_else(|| Refusal::usual(9_002_313))?;
    if !matches!(tenant, "common" | "organizations") && one_tenant(world, tenant)? != held.tenant {
        return Err(Refusal::usual(70000));
    }
    let app = app(world, &held.tenant, client)?;
    authenticate(world, &held.tenant, &app, form, now)?;
    if !held.app.eq_ignore_ascii_case(client) {
        return Err(Refusal::usual(70000));
    }
    if held.revoked {
        return Err(Refusal::usual(50173));
    }
    if held.issued + TimeDelta::days(REFRESH_DAYS) <= now {
        return Err(Refusal::usual(700_082));
    }
    let scope = form.get("scope").unwrap_or(&held.scope).clone();
    let outcome = sign_in(world, &held.tenant, &app, Proven { user: &held.user, strong: held.strong }, &scope, now)?;
    if world.tenants[&held.tenant].is.single_use_refresh_tokens {
        world.refresh_tokens.entry(presented).and_modify(|r| r.revoked = true);
    }
    Ok(outcome)
}

/// Answers with a code to be typed elsewhere.
pub fn device_code(world: &mut World, tenant: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let client = field(form, "client_id")?.to_owned();
    let scope = field(form, "scope")?.to_owned();
    let tenant = match tenant {
        "organizations" | "common" => {
            let all = world.tenants.values();
            let known = all.filter(|t| t.app(&client).is_some()).map(|t| t.is.id.clone()).next();
            known.ok_or_else(|| Refusal::usual(700_016))?
        }
        named => one_tenant(world, named)?,
    };
    let app = app(world, &tenant, &client)?;
    if !app.public {
        return Err(Refusal::usual(7_000_218));
    }
    let device_code = world.secret(48);
    let user_code: String = world.secret(12).chars().filter(char::is_ascii_alphanumeric).take(9).collect();
    let user_code = user_code.to_uppercase();
    let held = Device {
        user_code: user_code.clone(),
        tenant: tenant.clone(),
        app: client.clone(),
        scope,
        expires: now + TimeDelta::seconds(900),
        polled: None,
        answer: None,
        strong: false,
    };
    world.devices.insert(device_code.clone(), held);
    let uri = "https://microsoft.com/devicelogin";
    let answer = json!({
        "user_code": user_code, "device_code": device_code, "verification_uri": uri, "expires_in": 900, "interval": POLL_SECONDS,
        "message": format!("To sign in, use a web browser to open the page {uri} and enter the code {user_code} to authenticate."),
    });
    Ok((answer, Who { tenant, app: client, user: None }))
}

fn device_token(world: &mut World, tenant: &str, client: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let code = field(form, "device_code")?.to_owned();
    let held = world.devices.get(&code).cloned().ok_or_else(|| Refusal::usual(70000))?;
    if !matches!(tenant, "common" | "organizations") && one_tenant(world, tenant)? != held.tenant
        || !held.app.eq_ignore_ascii_case(client)
    {
        return Err(Refusal::usual(70000));
    }
    if held.polled.is_some_and(|last| now - last < TimeDelta::seconds(POLL_SECONDS)) {
        world.violate("a device code was polled before its interval was over");
    }
    world.devices.entry(code.clone()).and_modify(|d| d.polled = Some(now));
    if now >= held.expires {
        return Err(Refusal::usual(70020));
    }
    match held.answer {
        None => Err(Refusal::usual(70016)),
        Some(None) => Err(Refusal::usual(65004)),
        Some(Some(user)) => {
            let app = app(world, &held.tenant, client)?;
            let outcome =
                sign_in(world, &held.tenant, &app, Proven { user: &user, strong: held.strong }, &held.scope, now)?;
            world.devices.remove(&code);
            Ok(outcome)
        }
    }
}

/// A user who has shown who they are, and whether by a second factor too.
struct Proven<'a> {
    user: &'a str,
    strong: bool,
}

/// What holds for a user however they prove who they are.
fn sign_in(world: &mut World, tenant: &str, app: &App, who: Proven<'_>, scope: &str, now: DateTime<Utc>) -> Outcome {
    let strong = who.strong;
    let known = world.tenants[tenant].user(who.user).cloned().ok_or_else(|| Refusal::usual(50034))?;
    if !known.enabled {
        return Err(Refusal::usual(50057));
    }
    if let Some(code) = known.blocked_by.filter(|code| !(strong && SECOND_FACTOR.contains(code))) {
        return Err(Refusal::usual(code));
    }
    let granted = scopes(world, app, &known.id, scope)?;
    let offline = scope.split_whitespace().any(|s| s == "offline_access");
    let who = Who { tenant: tenant.into(), app: app.client_id.clone(), user: Some(known.id.clone()) };
    let grant = Grant { tenant: tenant.into(), app: app.clone(), user: Some(known.id), permissions: Some(granted) };
    let mut answer = token::issue(world, &grant, now);
    if scope.split_whitespace().any(|s| s == "openid") {
        answer["id_token"] = token::identity(world, &grant, &known.upn, now).into();
    }
    if offline {
        answer["refresh_token"] = token::refresh(world, &grant, scope, strong, now).into();
    }
    Ok((answer, who))
}

/// The consented permissions that a `scope` amounts to. All that is consented comes along, as in Entra.
fn scopes(world: &World, app: &App, user: &str, scope: &str) -> Result<BTreeSet<String>, Refusal> {
    let own = app.own_scopes.get(user).into_iter().flatten();
    let consented: BTreeSet<String> = app.scopes.iter().chain(own).cloned().collect();
    let (mut default, mut single) = (false, false);
    for part in scope.split_whitespace() {
        if matches!(part, "openid" | "profile" | "email" | "offline_access") {
            continue;
        }
        let name = match part.rsplit_once('/') {
            None => part,
            Some((resource, name)) => {
                graph(world, resource)?;
                name
            }
        };
        if name == ".default" {
            default = true;
        } else if consented.contains(name) {
            single = true;
        } else {
            return Err(Refusal::usual(65001));
        }
    }
    if default && single {
        return Err(Refusal::new(70011, ".default scope can't be combined with resource-specific scopes."));
    }
    if !default && !single {
        return Err(Refusal::new(70011, "The provided value for the input parameter 'scope' is not valid."));
    }
    if consented.is_empty() { Err(Refusal::usual(65001)) } else { Ok(consented) }
}

pub fn graph(world: &World, resource: &str) -> Result<(), Refusal> {
    const HOSTS: [&str; 4] = [
        "https://graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
    ];
    let resource = resource.trim_end_matches('/');
    if HOSTS.contains(&resource) || resource == world.endpoint {
        return Ok(());
    }
    Err(Refusal::new(500_011, format!("The resource principal named {resource} was not found in the tenant.")))
}

/// The app's own proof, where it must give one.
fn authenticate(world: &mut World, tenant: &str, app: &App, form: &Form, now: DateTime<Utc>) -> Result<(), Refusal> {
    let secret = form.get("client_secret");
    let assertion = form.get("client_assertion");
    if app.public {
        return if secret.or(assertion).is_some() { Err(Refusal::usual(700_025)) } else { Ok(()) };
    }
    match (secret, assertion) {
        (Some(_), Some(_)) => Err(Refusal::usual(9_002_313)),
        (None, None) => Err(Refusal::usual(7_000_218)),
        (None, Some(assertion)) => {
            if form.get("client_assertion_type").map(String::as_str) != Some(assertion::TYPE) {
                return Err(Refusal::new(
                    900_144,
                    "The request body must contain the following parameter: 'client_assertion_type'.",
                ));
            }
            assertion::check(world, tenant, app, assertion, now)
        }
        (Some(secret), None) => match app.secrets.iter().find(|s| s.value == *secret) {
            None => Err(Refusal::usual(7_000_215)),
            Some(s) if s.expires.is_some_and(|at| at <= now) => Err(Refusal::usual(7_000_222)),
            Some(_) => Ok(()),
        },
    }
}

pub fn app(world: &World, tenant: &str, client: &str) -> Result<App, Refusal> {
    let app = world.tenants[tenant].app(client).cloned().ok_or_else(|| Refusal::usual(700_016))?;
    if app.enabled { Ok(app) } else { Err(Refusal::usual(7_000_112)) }
}

pub fn one_tenant(world: &World, name: &str) -> Result<String, Refusal> {
    if matches!(name, "common" | "organizations" | "consumers") {
        return Err(Refusal::usual(50059));
    }
    if !is_guid(name) && !name.contains('.') {
        return Err(Refusal::usual(900_023));
    }
    world.tenant(name).map(|held| held.is.id.clone()).ok_or_else(|| Refusal::usual(90002))
}

pub fn field<'a>(form: &'a Form, name: &str) -> Result<&'a str, Refusal> {
    let value = form.get(name).map(String::as_str).filter(|v| !v.is_empty());
    value.ok_or_else(|| {
        Refusal::new(900_144, format!("The request body must contain the following parameter: '{name}'."))
    })
}
