//! The smaller services: presence, people's photos, search, reports, meetings, open extensions, Teams.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::ResourcePath;
use crate::graph::services::common::{default, require};
use crate::model::schema::is_guid;
use crate::state::ids::Id;
use crate::state::store::{Object, object, text, visible};
use crate::wire::encoding::timestamp;
use crate::wire::reply::Reply;

const PERIODS: [&str; 4] = ["D7", "D30", "D90", "D180"];

/// Combinations of availability and activity that a user may prefer.
const PREFERRED: [(&str, &str); 6] = [
    ("Available", "Available"),
    ("Busy", "Busy"),
    ("DoNotDisturb", "DoNotDisturb"),
    ("BeRightBack", "BeRightBack"),
    ("Away", "Away"),
    ("Offline", "OffWork"),
];

/// Entity types that only users may search for.
const OF_USERS: [&str; 7] = ["message", "event", "chatMessage", "person", "acronym", "bookmark", "qna"];

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template();
    let method = context.call.method.as_str();
    Some(match (method, template) {
        ("GET", "/users/{}/presence") => {
            let user = context.user();
            Reply::ok(presence(context, &user))
        }
        ("POST", "/communications/getPresencesByUserId") => {
            let ids = context.call.json().get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
            if ids.is_empty() || ids.len() > 650 || !ids.iter().all(|v| v.as_str().is_some_and(is_guid)) {
                return Some(Reply::bad("Between 1 and 650 ids of users are to be given."));
            }
            let all = ids.iter().filter_map(Value::as_str).map(|id| object(presence(context, id))).collect();
            crud::page(context, all)
        }
        ("POST", "/users/{}/presence/setUserPreferredPresence") => prefer(context),
        ("POST", "/users/{}/presence/clearUserPreferredPresence") => {
            context.tenant.store.remove(&format!("users/{}/preferredPresence", context.user()), "");
            Reply::empty(200)
        }
        ("POST", "/search/query") => search(context),
        ("GET", "/sites") | ("GET", "/sites/delta" | "/sites/getAllSites") => {
            let resource = ResourcePath { collection: "sites".into(), id: None, within: None };
            if template == "/sites/delta" { crud::delta(context) } else { crud::list(context, &resource) }
        }
        ("GET", path) if path.starts_with("/reports/get") => report(context),
        ("GET", "/users/{}/photos")
            if context.tenant.store.get(&format!("users/{}/photo", context.user()), "").is_none() =>
        {
            no_photo()
        }
        ("GET", "/users/{}/photo")
            if context.tenant.store.get(&format!("users/{}/photo", context.user()), "").is_none() =>
        {
            no_photo()
        }
        ("GET", "/teams/{}/primaryChannel") => {
            let channels = context.tenant.store.list(&format!("teams/{}/channels", context.user()));
            let general = channels.into_iter().map(|(_, o)| visible(o)).next();
            general.map_or_else(|| context.service.not_found(""), |c| Reply::ok(context.query.trim(c)))
        }
        (
            "GET",
            "/users/{}/joinedTeams"
            | "/users/{}/teamwork/associatedTeams"
            | "/users/{}/chats"
            | "/users/{}/planner/plans",
        ) => teams(context, template),
        _ => return None,
    })
}

fn no_photo() -> Reply {
    Reply::error(
        404,
        "ImageNotFound",
        "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' was thrown.",
    )
}

fn presence(context: &Context, user: &str) -> Value {
    let preferred = context.tenant.store.get(&format!("users/{user}/preferredPresence"), "");
    let until = preferred.map(|p| text(p, "_until").to_owned()).unwrap_or_default();
    let fresh = chrono::DateTime::parse_from_rfc3339(&until).is_ok_and(|t| t > context.now);
    let (availability, activity) = match preferred.filter(|_| fresh) {
        Some(p) => (text(p, "availability"), text(p, "activity")),
        None => ("Offline", "Offline"),
    };
    json!({"id": user, "availability": availability, "activity": activity})
}

fn prefer(context: &mut Context) -> Reply {
    let body = context.call.json();
    let pair = (text(&body, "availability"), text(&body, "activity"));
    if !PREFERRED.contains(&pair) {
        return Reply::error(400, "InvalidArgument", "Provided availability and activity are not supported together.");
    }
    let minutes = match body.get("expirationDuration").and_then(Value::as_str) {
        None => 1440,
        Some(text) => text.trim_start_matches("PT").trim_end_matches('M').parse().unwrap_or(480),
    };
    let until = timestamp(context.now + chrono::TimeDelta::minutes(minutes));
    let mut held = body;
    held.insert("_until".into(), until);
    context.tenant.store.put(&format!("users/{}/preferredPresence", context.user()), "", held);
    Reply::empty(200)
}

fn search(context: &mut Context) -> Reply {
    let requests = context.call.json().get("requests").and_then(Value::as_array).cloned().unwrap_or_default();
    if requests.len() != 1 {
        return Reply::bad("Exactly one search request is served at a time.");
    }
    let kinds: Vec<&str> =
        requests[0]["entityTypes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if kinds.is_empty() || requests[0]["query"]["queryString"].as_str().is_none_or(str::is_empty) {
        return Reply::bad("entityTypes and query.queryString are required.");
    }
    let app = context.token.user.is_none();
    if app && kinds.iter().any(|k| OF_USERS.contains(k)) {
        return Reply::bad("This entity type is not supported with application permissions.");
    }
    if app && requests[0]["region"].as_str().is_none() {
        return Reply::bad("Region is required when request with application permission.");
    }
    let mixed = kinds.iter().any(|k| matches!(*k, "message" | "event")) && kinds.len() > 1;
    if mixed {
        return Reply::bad("These entity types cannot be searched for together.");
    }
    let answer =
        json!({"searchTerms": [], "hitsContainers": [{"hits": [], "total": 0, "moreResultsAvailable": false}]});
    crud::page(context, vec![object(answer)])
}

/// Redirects to a usage report, a CSV file.
fn report(context: &mut Context) -> Reply {
    if let Some(period) = context.arguments.get("period")
        && !PERIODS.contains(&period.as_str())
    {
        return Reply::bad("The period is one of D7, D30, D90, D180.");
    }
    if let Some(user) = context.token.user.clone() {
        let roles = context.tenant.user(&user).map(|u| u.roles.clone()).unwrap_or_default();
        if roles.is_empty() {
            return Reply::error(403, "S2SUnauthorized", "Invalid permission.");
        }
    }
    let name = context.segments.last().cloned().unwrap_or_default();
    let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
    Reply::redirect(&format!("{}/_report/{name}.csv", context.endpoint))
}

fn teams(context: &mut Context, template: &str) -> Reply {
    let user = context.user();
    let list = if template.ends_with("chats") { "chats" } else { "teams" };
    if template.ends_with("/planner/plans") {
        return crud::page(context, Vec::new());
    }
    let store = &context.tenant.store;
    let mine = store.list(list).into_iter();
    let mine = mine
        .filter(|(id, _)| store.list(&format!("{list}/{id}/members")).iter().any(|(_, m)| text(m, "userId") == user));
    let mine = mine.map(|(_, o)| {
        let mut shown = visible(o);
        if template.ends_with("associatedTeams") {
            shown.retain(|name, _| matches!(name.as_str(), "id" | "displayName"));
            shown.insert("tenantId".into(), context.tenant.definition.id.clone().into());
        }
        shown
    });
    let mine = mine.collect();
    crud::page(context, mine)
}

/// Completes the objects of smaller services.
pub(super) fn complete(
    context: &mut Context,
    resource: &ResourcePath,
    of: &str,
    made: &mut Object,
) -> Result<(), Reply> {
    match of {
        "extension" | "openTypeExtension" => {
            require(made, "extensionName")?;
            require(made, "@odata.type")?;
            let name = text(made, "extensionName").to_owned();
            if context.tenant.store.get(&resource.collection, &name).is_some() {
                return Err(Reply::error(
                    409,
                    "Request_MultipleObjectsWithSameKeyValue",
                    "An extension with this name already exists.",
                ));
            }
            made.insert("id".into(), name.into());
        }
        "onlineMeeting" => {
            let id = context.tenant.id(Id::Short);
            made.insert("id".into(), id.into());
            made.insert("creationDateTime".into(), timestamp(context.now));
            default(made, "startDateTime", timestamp(context.now));
            default(made, "endDateTime", timestamp(context.now + chrono::TimeDelta::hours(1)));
            default(made, "joinWebUrl", json!("https://teams.microsoft.com/l/meetup-join/fake"));
        }
        "group" => {
            for name in ["displayName", "mailEnabled", "mailNickname", "securityEnabled"] {
                require(made, name)?;
            }
            made.insert("createdDateTime".into(), timestamp(context.now));
        }
        "application" | "servicePrincipal" | "list" | "bookingBusiness" => {
            require(made, if of == "servicePrincipal" { "appId" } else { "displayName" })?;
            made.insert("createdDateTime".into(), timestamp(context.now));
        }
        _ => {}
    }
    Ok(())
}
