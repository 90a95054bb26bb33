//! One Graph request from its address to its answer: route, permission, query, body, then the service.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::facts::{FACTS, Kind, Route};
use super::generic;
use super::guard;
use super::path;
use super::place::{self, Place};
use super::query::Query;
use super::schema;
use super::service::{Service, service_of};
use super::services;
use super::wire::{Body, Call, Reply};
use super::world::{Held, Token};

/// What a service is given to answer a request.
pub struct Context<'a> {
    pub held: &'a mut Held,
    pub token: &'a Token,
    pub now: DateTime<Utc>,
    pub endpoint: &'a str,
    pub call: &'a Call,
    pub route: &'static Route,
    pub service: Service,
    pub query: Query,
    /// The path's segments, the user as an id.
    pub segments: Vec<String>,
    /// Arguments of a function in the path.
    pub arguments: BTreeMap<String, String>,
    pub violations: &'a mut Vec<String>,
}

pub fn serve(
    held: &mut Held,
    token: &Token,
    now: DateTime<Utc>,
    endpoint: &str,
    call: &Call,
    violations: &mut Vec<String>,
) -> Reply {
    generic::deliver(held, now, false);
    let reply = judge(held, token, now, endpoint, call, violations).unwrap_or_else(|refused| refused);
    if matches!(reply.status, 400 | 405 | 501)
        && let Body::Json(body) = &reply.body
    {
        let message = body["error"]["message"].as_str().unwrap_or_default();
        violations.push(format!("{} {} was refused with {}: {message}", call.method, call.url(), reply.status));
    }
    reply
}

fn judge(
    held: &mut Held,
    token: &Token,
    now: DateTime<Utc>,
    endpoint: &str,
    call: &Call,
    violations: &mut Vec<String>,
) -> Result<Reply, Reply> {
    let found = path::find(&call.path)
        .map_err(|e| Reply::bad(&format!("Resource not found for the segment '{}'.", e.segment)))?;
    let route = found.route;
    let service = service_of(&route.template);
    let Some(allowed) = route.methods.get(&call.method) else {
        return Err(Reply::error(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ));
    };
    if found.me && token.user.is_none() {
        return Err(Reply::bad("/me request is only valid with delegated authentication flow."));
    }
    let set = match (&token.user, found.me) {
        (None, _) => allowed.application,
        (Some(_), true) => allowed.me.unwrap_or(allowed.delegated),
        (Some(_), false) => allowed.delegated,
    };
    if !FACTS.allows(set, &token.permissions) {
        return Err(service.denied());
    }
    let segments = user(held, token, service, &route.template, found.segments.clone())?;
    let query = Query::read(call, &found).map_err(|e| *e)?;
    body(call, route)?;
    let mut context = Context {
        held,
        token,
        now,
        endpoint,
        call,
        route,
        service,
        query,
        segments,
        arguments: found.arguments,
        violations,
    };
    context.parents()?;
    Ok(services::serve(&mut context).unwrap_or_else(|| generic::serve(&mut context)))
}

/// Puts the user's id in place of `me` or a UPN, and asks whether that user has what is addressed.
fn user(
    held: &mut Held,
    token: &Token,
    service: Service,
    template: &str,
    mut segments: Vec<String>,
) -> Result<Vec<String>, Reply> {
    if segments[0] == "me" {
        segments.splice(0..1, ["users".to_owned(), token.user.clone().unwrap_or_default()]);
    }
    if segments[0] != "users" || segments.len() < 2 || !template.starts_with("/users/{}") {
        return Ok(segments);
    }
    let Some(user) = held.user(&segments[1]).cloned() else {
        if service.outlook() {
            return Err(Reply::error(
                404,
                "ErrorInvalidUser",
                &format!("The requested user '{}' is invalid.", segments[1]),
            ));
        }
        return Err(Service::Directory.gone(&segments[1]));
    };
    segments[1].clone_from(&user.id);
    let foreign = token.user.as_ref().is_some_and(|own| *own != user.id);
    if foreign && service != Service::Directory && !template.contains("/photo") && !template.ends_with("/presence") {
        return Err(service.denied());
    }
    if service.outlook() && !user.mailbox {
        return Err(Reply::error(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        ));
    }
    let files = service == Service::Files || (service == Service::Onenote);
    if files && place::drive_of(&held.store, &format!("users/{}", user.id)).is_none() {
        if template == "/users/{}/drive" && token.user.is_some() {
            super::seed::drive(held, &user.id);
        } else {
            return Err(Reply::error(404, "ResourceNotFound", "User's mysite not found."));
        }
    }
    Ok(segments)
}

/// The body as the model wants it.
fn body(call: &Call, route: &Route) -> Result<(), Reply> {
    let json = call.content_type().split(';').next().is_some_and(|t| t.trim() == "application/json");
    if matches!(call.method.as_str(), "GET" | "DELETE") {
        return if call.body == Body::None { Ok(()) } else { Err(Reply::bad("This request takes no body.")) };
    }
    let text =
        route.kind == Kind::Stream || (route.template.ends_with("/pages") && route.template.contains("/onenote/"));
    if text {
        return Ok(());
    }
    if call.body == Body::None {
        let needless = route.kind == Kind::Action && !route.parameters.iter().any(|(_, t)| t.ends_with('!'));
        return if needless { Ok(()) } else { Err(Reply::bad("Empty Payload. JSON content expected.")) };
    }
    let Body::Json(serde_json::Value::Object(map)) = &call.body else {
        return Err(Reply::bad(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        ));
    };
    if !json {
        return Err(Reply::bad("A JSON body needs the content type application/json."));
    }
    let checked = match route.kind {
        Kind::Action => schema::check_parameters(&route.parameters, map),
        _ => schema::check_object(route.type_name(), map),
    };
    checked.map_err(|e| Reply::bad(&e))
}

impl Context<'_> {
    pub fn template(&self) -> &'static str {
        &self.route.template
    }

    /// The user whom the path names.
    pub fn user(&self) -> String {
        self.segments.get(1).cloned().unwrap_or_default()
    }

    /// What the path names.
    pub fn place(&self) -> Place {
        self.place_of(self.segments.len())
    }

    /// What the first `n` segments name.
    pub fn place_of(&self, n: usize) -> Place {
        let shift = self.route.segments.len() - self.segments.len();
        debug_assert_eq!(shift, 0, "segments and template run in step");
        let segments = &self.segments[..n];
        let store = &self.held.store;
        match self.route.segments[n - 1].as_str() {
            "{}" => place::keyed(store, segments),
            "calendar" | "drive" | "root" | "manager" | "photo" | "presence" | "primaryChannel" => {
                place::single(store, segments)
            }
            _ if n == self.segments.len() && matches!(self.route.kind, Kind::Entity) => place::single(store, segments),
            _ => place::place(store, segments),
        }
    }

    /// Everything that the path leads through must be there.
    fn parents(&self) -> Result<(), Reply> {
        for n in 2..self.segments.len() {
            let key = self.route.segments[n - 1] == "{}";
            let places = self.route.template.starts_with("/places/");
            if !key || places || (n == 2 && self.segments[0] == "users") {
                continue;
            }
            let place = self.place_of(n);
            if self.held.store.get(&place.collection, place.id.as_deref().unwrap_or_default()).is_none() {
                return Err(self.service.gone(&self.segments[n - 1]));
            }
        }
        Ok(())
    }

    pub fn offend(&mut self, what: &str) {
        let account = self.token.user.as_deref().unwrap_or(&self.token.app);
        self.violations.push(format!("{} {} by {account}: {what}", self.call.method, self.call.url()));
    }

    /// Notes an offence unless the object is one that a request made.
    pub fn must_be_own(&mut self, collection: &str, id: &str) {
        if !guard::made(&self.held.store, collection, id) {
            self.offend("changes what no run has made");
        }
    }
}
