//! Calendars, calendar groups, events, and queries of free time.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};
use tzdb_data::TZ_NAMES;

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::{self, ResourcePath};
use crate::graph::services::common::{default, outlook_marks, require, taken};
use crate::state::ids::Id;
use crate::state::store::{Object, object, text};
use crate::wire::call::Body;
use crate::wire::reply::Reply;

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template();
    let method = context.call.method.as_str();
    if method == "GET" && template.ends_with("/calendarView") && context.service.outlook() {
        return Some(view(context));
    }
    let template = template.strip_prefix("/users/{}/")?;
    Some(match (method, template) {
        ("GET", "calendars") => {
            let resource = ResourcePath { within: None, ..context.resource() };
            crud::list(context, &resource)
        }
        ("POST", "calendars") => {
            let groups = format!("users/{}/calendarGroups", context.user());
            let within = resource_path::named(&context.tenant.store, &groups, "my calendars");
            let resource = ResourcePath { within, ..context.resource() };
            crud::create(context, &resource)
        }
        ("DELETE", "calendars/{}" | "calendarGroups/{}") => remove(context),
        ("GET", path) if path.ends_with("calendarView/delta") => {
            let reply = view(context);
            with_delta(context, reply)
        }
        ("GET", path) if path.starts_with("reminderView(") => reminders(context),
        ("POST", "calendar/getSchedule") => schedule(context),
        ("POST", "findMeetingTimes") => {
            let found = json!({"emptySuggestionsReason": "", "meetingTimeSuggestions": []});
            Reply::ok(found)
        }
        ("POST", path)
            if path.ends_with("/permanentDelete") && (path.starts_with("events/") || path.starts_with("calendar")) =>
        {
            let resource = context.resource_at(context.segments.len() - 1);
            match crud::remove(context, &resource) {
                Ok(()) => Reply::empty(204),
                Err(reply) => reply,
            }
        }
        _ => return None,
    })
}

fn with_delta(context: &Context, mut reply: Reply) -> Reply {
    if let Body::Json(Value::Object(answer)) = &mut reply.body
        && !answer.contains_key("@odata.nextLink")
    {
        let link = format!("{}/v1.0{}?$deltatoken={}", context.endpoint, context.call.path, context.now.timestamp());
        answer.insert("@odata.deltaLink".into(), link.into());
    }
    reply
}

/// Events of a calendar that overlap a time window.
fn view(context: &mut Context) -> Reply {
    let mut at = context.resource_at(context.segments.iter().position(|s| s == "calendarView").map_or(0, |n| n + 1));
    if at.collection.starts_with("groups/") {
        at.collection = at.collection.replace("calendarView", "events");
    }
    if at.within.is_none() && at.collection.starts_with("users/") {
        let calendars = format!("users/{}/calendars", context.user());
        at.within = resource_path::named(&context.tenant.store, &calendars, "calendar");
    }
    let from = context.query.option("startDateTime").and_then(moment);
    let until = context.query.option("endDateTime").and_then(moment);
    let (Some(from), Some(until)) = (from, until) else { return crud::page(context, Vec::new()) };
    if until < from {
        return Reply::error(400, "ErrorInvalidParameter", "The end of the time window lies before its start.");
    }
    let mut all = crud::found(context, &at);
    all.retain(|event| {
        let starts = moment(event["start"]["dateTime"].as_str().unwrap_or_default());
        let ends = moment(event["end"]["dateTime"].as_str().unwrap_or_default());
        starts.is_some_and(|s| s < until) && ends.is_some_and(|e| e > from)
    });
    crud::page(context, all)
}

fn reminders(context: &mut Context) -> Reply {
    for name in ["StartDateTime", "EndDateTime"] {
        if context.arguments.get(name).and_then(|v| moment(v)).is_none() {
            return Reply::error(400, "ErrorInvalidParameter", "The reminder view needs a start and an end.");
        }
    }
    crud::page(context, Vec::new())
}

fn schedule(context: &mut Context) -> Reply {
    let body = context.call.json();
    let given = |name: &str| body.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
    let (Some(Value::Array(who)), Some(from), Some(until)) = (given("schedules"), given("startTime"), given("endTime"))
    else {
        return Reply::error(400, "ErrorInvalidRequest", "schedules, startTime and endTime are required.");
    };
    if who.is_empty() || who.len() > 20 {
        return Reply::error(400, "ErrorInvalidRequest", "Between 1 and 20 schedules may be asked for.");
    }
    if let Err(reply) = zoned("startTime", &from).and_then(|()| zoned("endTime", &until)) {
        return reply;
    }
    let all =
        who.iter().map(|address| object(json!({"scheduleId": address, "availabilityView": "0", "scheduleItems": []})));
    let all = all.collect();
    crud::page(context, all)
}

pub(super) fn complete_calendar(
    context: &mut Context,
    resource: &ResourcePath,
    calendar: &mut Object,
) -> Result<(), Reply> {
    require(calendar, "name")?;
    let everywhere = ResourcePath { within: None, ..resource.clone() };
    if taken(context, &everywhere, "name", text(calendar, "name"), "") {
        return Err(Reply::error(409, "ErrorFolderExists", "A folder with the specified name already exists."));
    }
    let key = context.tenant.id(Id::Short);
    calendar.insert("changeKey".into(), key.into());
    if context.route.type_name() == "calendar" {
        default(calendar, "canEdit", json!(true));
        default(calendar, "isDefaultCalendar", json!(false));
        default(calendar, "color", json!("auto"));
    }
    Ok(())
}

fn remove(context: &mut Context) -> Reply {
    let resource = context.resource();
    let id = resource.id.clone().unwrap_or_default();
    let Some(held) = context.tenant.store.get(&resource.collection, &id) else { return context.service.not_found(&id) };
    if held.contains_key("_known") {
        return Reply::error(403, "ErrorDeleteDistinguishedFolder", "The default calendar cannot be deleted.");
    }
    let calendars = format!("users/{}/calendars", context.user());
    let full = context.tenant.store.list(&calendars).into_iter().any(|(_, c)| text(c, "_in") == id);
    if resource.collection.ends_with("calendarGroups") && full {
        return Reply::error(400, "ErrorCalendarGroupIsNotEmpty", "A calendar group must be empty to be deleted.");
    }
    match crud::remove(context, &resource) {
        Ok(()) => Reply::empty(204),
        Err(reply) => reply,
    }
}

pub(super) fn complete_event(context: &mut Context, resource: &ResourcePath, event: &mut Object) -> Result<(), Reply> {
    for name in ["subject", "start", "end"] {
        require(event, name)?;
    }
    check_times(event)?;
    let ends = |name: &str| moment(event[name]["dateTime"].as_str().unwrap_or_default());
    if ends("end") < ends("start") {
        return Err(Reply::error(400, "ErrorPropertyValidationFailure", "The end of an event lies before its start."));
    }
    let own = context.tenant.user(&context.user()).map(|u| u.upn.clone()).unwrap_or_default();
    let attendees = event.get("attendees").and_then(Value::as_array).cloned().unwrap_or_default();
    if attendees.iter().any(|a| !a["emailAddress"]["address"].as_str().unwrap_or_default().eq_ignore_ascii_case(&own)) {
        context.report_offence("invites another than the account itself");
    }
    outlook_marks(context, event);
    for (name, value) in [
        ("isAllDay", json!(false)),
        ("isCancelled", json!(false)),
        ("isOrganizer", json!(true)),
        ("importance", json!("normal")),
        ("sensitivity", json!("normal")),
        ("showAs", json!("busy")),
        ("type", json!("singleInstance")),
        ("attendees", json!([])),
        ("categories", json!([])),
        ("organizer", json!({"emailAddress": {"name": own, "address": own}})),
    ] {
        default(event, name, value);
    }
    event.insert("iCalUId".into(), format!("0400{}", resource.within.as_deref().map_or(0, str::len)).into());
    Ok(())
}

pub(super) fn check_times(event: &Object) -> Result<(), Reply> {
    ["start", "end"].iter().filter_map(|n| Some((n, event.get(*n)?))).try_for_each(|(n, v)| zoned(n, v))
}

/// Checks a `dateTimeTimeZone`: a local time without an offset, and a time zone.
fn zoned(name: &str, value: &Value) -> Result<(), Reply> {
    let time = value["dateTime"].as_str().unwrap_or_default();
    let zone = value["timeZone"].as_str().unwrap_or_default();
    let local = NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
    // Windows' name, or the exact name of the IANA database.
    let known = zone.ends_with("Standard Time") || TZ_NAMES.contains(&zone);
    if local && known {
        return Ok(());
    }
    Err(Reply::error(
        400,
        "ErrorPropertyValidationFailure",
        &format!("At least one property failed validation: '{name}'."),
    ))
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    let fixed = DateTime::parse_from_rfc3339(text).map(|t| t.with_timezone(&Utc)).ok();
    fixed.or_else(|| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|t| t.and_utc()))
}
