//! The pages of a browser: an administrator's consent, a user's consent, and device codes.
//!
//! A page is read by GET and answered by POST to the same address, as its form says: the user
//! (`username`, `password`, `second_factor` if required) and whether they `accept`.
//!
//! Sources: learn.microsoft.com/entra/identity-platform, v2-admin-consent, v2-oauth2-auth-code-flow and
//! v2-oauth2-device-code. Stricter than Entra: the permissions and the redirect
//! address must be in the registration.

use std::collections::BTreeSet;

use url::Url;

use crate::login::aadsts::Refusal;
use crate::login::form::{self, FORM, Form, field};
use crate::login::lookup;
use crate::login::sign_in::SECOND_FACTOR;

use crate::state::service_state::ServiceState;
use crate::state::tenant::{App, User};
use crate::wire::exchange::Incoming;
use crate::wire::reply::Reply;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// `/{tenant}/adminconsent`: all permissions of the registration, for the whole tenant.
    Registration,
    /// `/{tenant}/v2.0/adminconsent`: the delegated permissions in `scope`, for the whole tenant.
    Tenant,
    /// `/{tenant}/oauth2/v2.0/authorize`: the delegated permissions in `scope`, for the user who signs in.
    Oneself,
    /// `/common/oauth2/deviceauth`, where microsoft.com/devicelogin leads.
    Device,
}

/// Directory roles that may consent for the tenant; the last two not to Graph's application permissions.
const ADMINISTRATORS: [&str; 4] = [
    "Global Administrator",
    "Privileged Role Administrator",
    "Cloud Application Administrator",
    "Application Administrator",
];

impl Page {
    pub(crate) fn of(path: &str) -> Option<(&str, Self)> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        Some(match segments[..] {
            [tenant, "adminconsent"] => (tenant, Self::Registration),
            [tenant, "v2.0", "adminconsent"] => (tenant, Self::Tenant),
            [tenant, "oauth2", "v2.0", "authorize"] => (tenant, Self::Oneself),
            ["common", "oauth2", "deviceauth"] => ("common", Self::Device),
            _ => return None,
        })
    }
}

pub(crate) fn answer(state: &mut ServiceState, incoming: &Incoming, tenant: &str, page: Page) -> Reply {
    let posted = match incoming.method.as_str() {
        "GET" => Ok(None),
        "POST" => {
            form::parse(incoming.headers.get("content-type").map_or("", String::as_str), &incoming.body).map(Some)
        }
        _ => Err(Refusal::new(900_561, "The endpoint only accepts GET and POST requests.")),
    };
    let outcome = posted.and_then(|form| match page {
        Page::Device => device(state, form.as_ref()),
        _ => consent(state, &incoming.query, tenant, page, form.as_ref()),
    });
    let refused = |refusal: Refusal| {
        let why = format!("AADSTS{}: {}", refusal.code, refusal.text);
        Reply { status: 400, ..html("Sorry, but we're having trouble signing you in.", &why) }
    };
    outcome.unwrap_or_else(refused)
}

fn consent(
    state: &mut ServiceState,
    query: &str,
    tenant: &str,
    page: Page,
    form: Option<&Form>,
) -> Result<Reply, Refusal> {
    let asked = form::parse(FORM, query.as_bytes())?;
    let tenant = lookup::one_tenant(state, tenant)?;
    let app = lookup::app(state, &tenant, field(&asked, "client_id")?)?;
    let mut back = come_back(&app, asked.get("redirect_uri"))?;
    let (roles, scopes) = wanted(state, &app, &asked, page)?;
    let Some(form) = form else {
        let names: Vec<&str> = roles.iter().chain(&scopes).map(String::as_str).collect();
        return Ok(html("Permissions requested", &names.join("\n")));
    };
    let (user, _) = person(state, &tenant, form)?;
    if let Some(state) = asked.get("state") {
        back.query_pairs_mut().append_pair("state", state);
    }
    if form.get("accept").map(String::as_str) != Some("yes") {
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("error_subcode", "cancel");
        return Ok(go(&back));
    }
    if !may(&user, page, &roles, &scopes) {
        return Err(Refusal::usual(90094));
    }
    let code = state.secret(48);
    let held = state.tenants.get_mut(&tenant).and_then(|held| held.app_mut(&app.client_id));
    let held = held.ok_or_else(|| Refusal::usual(700_016))?;
    if page == Page::Oneself {
        held.own_scopes.entry(user.id).or_default().extend(scopes);
        back.query_pairs_mut().append_pair("code", &code);
    } else {
        held.roles.extend(roles);
        held.scopes.extend(scopes);
        back.query_pairs_mut().append_pair("admin_consent", "True").append_pair("tenant", &tenant);
    }
    Ok(go(&back))
}

/// The requested redirect address, which must be registered, or else the first registered one.
fn come_back(app: &App, asked: Option<&String>) -> Result<Url, Refusal> {
    let registered = &app.registration.redirect_uris;
    let first = || registered.first().ok_or_else(|| Refusal::usual(500_113));
    let address = asked.map_or_else(first, |asked| registered.get(asked).ok_or_else(|| Refusal::usual(50011)))?;
    Url::parse(address).map_err(|_| Refusal::usual(50011))
}

type Permissions = BTreeSet<String>;

/// The application and delegated permissions that the page requests.
fn wanted(state: &ServiceState, app: &App, asked: &Form, page: Page) -> Result<(Permissions, Permissions), Refusal> {
    let registered = &app.registration;
    if page == Page::Registration {
        let nothing = registered.roles.is_empty() && registered.scopes.is_empty();
        let all = (registered.roles.clone(), registered.scopes.clone());
        return if nothing { Err(Refusal::usual(650_057)) } else { Ok(all) };
    }
    if page == Page::Oneself && field(asked, "response_type")? != "code" {
        return Err(Refusal::usual(9_002_313));
    }
    let mut scopes = Permissions::new();
    for scope in field(asked, "scope")?.split_whitespace() {
        if matches!(scope, "openid" | "profile" | "email" | "offline_access") {
            continue;
        }
        let (resource, name) = scope.rsplit_once('/').ok_or_else(|| Refusal::usual(9_002_313))?;
        lookup::graph(state, resource)?;
        if !registered.scopes.contains(name) {
            return Err(Refusal::usual(650_057));
        }
        scopes.insert(name.to_owned());
    }
    if scopes.is_empty() { Err(Refusal::usual(9_002_313)) } else { Ok((Permissions::new(), scopes)) }
}

/// Whether the user may consent. The permission table does not say which permissions need an administrator: those with
/// `.All` do.
fn may(user: &User, page: Page, roles: &Permissions, scopes: &Permissions) -> bool {
    let administrators = if roles.is_empty() { &ADMINISTRATORS[..] } else { &ADMINISTRATORS[..2] };
    let own = |scope: &String| !scope.ends_with(".All") || scope == "User.ReadBasic.All";
    administrators.iter().any(|role| user.roles.contains(*role)) || (page == Page::Oneself && scopes.iter().all(own))
}

fn device(state: &mut ServiceState, form: Option<&Form>) -> Result<Reply, Refusal> {
    let Some(form) = form else { return Ok(html("Enter code", "Enter the code displayed on your app or device.")) };
    let code = field(form, "otc")?;
    let found = state.devices.values().find(|device| device.user_code == code && device.answer.is_none());
    let tenant = found.map(|device| device.tenant.clone()).ok_or_else(|| Refusal::usual(70018))?;
    let (user, strong) = person(state, &tenant, form)?;
    let accepts = form.get("accept").map(String::as_str) == Some("yes");
    for device in state.devices.values_mut().filter(|device| device.user_code == code) {
        device.answer = Some(accepts.then(|| user.id.clone()));
        device.strong = strong;
    }
    Ok(html(if accepts { "You have signed in" } else { "You have declined" }, "You may now close this window."))
}

/// The user at the browser, and whether they presented a second factor.
fn person(state: &ServiceState, tenant: &str, form: &Form) -> Result<(User, bool), Refusal> {
    let user = state.tenants[tenant].user(field(form, "username")?).ok_or_else(|| Refusal::usual(50034))?;
    if user.password != field(form, "password")? {
        return Err(Refusal::usual(50126));
    }
    if !user.enabled {
        return Err(Refusal::usual(50057));
    }
    let strong = form.contains_key("second_factor");
    match user.blocked_by {
        Some(code) if !(strong && SECOND_FACTOR.contains(&code)) => Err(Refusal::usual(code)),
        _ => Ok((user.clone(), strong)),
    }
}

fn go(address: &Url) -> Reply {
    Reply::empty(302).with("Location", address.as_str())
}

/// A page with one form. It repeats nothing that was sent.
fn html(title: &str, text: &str) -> Reply {
    let fields = ["username", "password", "second_factor", "otc", "accept"].map(|name| format!("<input name={name}>"));
    let page = format!(
        "<!doctype html><title>{title}</title><h1>{title}</h1><pre>{text}</pre><form method=post>{}</form>",
        fields.concat()
    );
    Reply::bytes("text/html; charset=utf-8", page.into_bytes())
}
