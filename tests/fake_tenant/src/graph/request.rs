//! One Graph request from its address to its answer: route, permission, query, body, then the service.

use chrono::{DateTime, Utc};

use crate::graph::context::Context;
use crate::graph::query::Query;
use crate::graph::{crud, initial_data, resource_path, services};
use crate::model::facts::FACTS;
use crate::model::path;
use crate::model::route::{Kind, Route};
use crate::model::schema;
use crate::model::service::{Service, service_of};
use crate::state::issued::Token;
use crate::state::service_state::ServiceState;
use crate::state::tenant_state::TenantState;
use crate::wire::call::{Body, Call};
use crate::wire::reply::Reply;

/// Answers a request that no fault strikes.
pub(super) fn answer(state: &mut ServiceState, token: &Token, call: &Call, now: DateTime<Utc>) -> Reply {
    let ServiceState { tenants, endpoint, violations, .. } = state;
    let Some(tenant) = tenants.get_mut(&token.tenant) else { return Reply::bad("The tenant is gone.") };
    serve(tenant, token, now, endpoint, call, violations)
}

fn serve(
    tenant: &mut TenantState,
    token: &Token,
    now: DateTime<Utc>,
    endpoint: &str,
    call: &Call,
    violations: &mut Vec<String>,
) -> Reply {
    crud::deliver(tenant, now, false);
    let reply = judge(tenant, token, now, endpoint, call, violations).unwrap_or_else(|refused| refused);
    if matches!(reply.status, 400 | 405 | 501)
        && let Body::Json(body) = &reply.body
    {
        let message = body["error"]["message"].as_str().unwrap_or_default();
        violations.push(format!("{} {} was refused with {}: {message}", call.method, call.url(), reply.status));
    }
    reply
}

fn judge(
    tenant: &mut TenantState,
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
    let segments = user(tenant, token, service, &route.template, found.segments.clone())?;
    let query = Query::read(call, &found).map_err(|e| *e)?;
    body(call, route)?;
    let mut context = Context {
        tenant,
        token,
        now,
        endpoint,
        call,
        route,
        service,
        query,
        segments,
        arguments: found.arguments,
        hooks: &services::HOOKS,
        violations,
    };
    context.check_parents()?;
    Ok(services::serve(&mut context).unwrap_or_else(|| crud::serve(&mut context)))
}

/// Replaces `me` or a UPN by the user's id; refuses what that user does not have.
fn user(
    tenant: &mut TenantState,
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
    let Some(user) = tenant.user(&segments[1]).cloned() else {
        if service.outlook() {
            return Err(Reply::error(
                404,
                "ErrorInvalidUser",
                &format!("The requested user '{}' is invalid.", segments[1]),
            ));
        }
        return Err(Service::Directory.not_found(&segments[1]));
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
    if files && resource_path::drive_of(&tenant.store, &format!("users/{}", user.id)).is_none() {
        if template == "/users/{}/drive" && token.user.is_some() {
            initial_data::drives::drive(tenant, &user.id);
        } else {
            return Err(Reply::error(404, "ResourceNotFound", "User's mysite not found."));
        }
    }
    Ok(segments)
}

/// Checks the body against the model.
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
