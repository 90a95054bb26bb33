//! Calendars, calendar groups, events, and the questions about free time.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};

use super::{default, outlook_marks, require, taken};
use crate::domain::policy::time_zone::TimeZone;
use crate::local::fake_tenant::generic;
use crate::local::fake_tenant::graph::Context;
use crate::local::fake_tenant::place::{self, Place};
use crate::local::fake_tenant::store::{Object, object, text};
use crate::local::fake_tenant::wire::{Body, Reply};

pub fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template();
    let method = context.call.method.as_str();
    if method == "GET" && template.ends_with("/calendarView") && context.service.outlook() {
        return Some(view(context));
    }
    let template = template.strip_prefix("/users/{}/")?;
    Some(match (method, template) {
        ("GET", "calendars") => {
            let place = Place { within: None, ..context.place() };
            generic::list(context, &place)
        }
        ("POST", "calendars") => {
            let groups = format!("users/{}/calendarGroups", context.user());
            let within = place::named(&context.held.store, &groups, "my calendars");
            let place = Place { within, ..context.place() };
            generic::create(context, &place)
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
            let place = context.place_of(context.segments.len() - 1);
            match generic::remove(context, &place) {
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

/// Events of a calendar that touch a span of time.
fn view(context: &mut Context) -> Reply {
    let mut at = context.place_of(context.segments.iter().position(|s| s == "calendarView").map_or(0, |n| n + 1));
    if at.collection.starts_with("groups/") {
        at.collection = at.collection.replace("calendarView", "events");
    }
    if at.within.is_none() && at.collection.starts_with("users/") {
        let calendars = format!("users/{}/calendars", context.user());
        at.within = place::named(&context.held.store, &calendars, "calendar");
    }
    let from = context.query.option("startDateTime").and_then(moment);
    let until = context.query.option("endDateTime").and_then(moment);
    let (Some(from), Some(until)) = (from, until) else { return generic::page(context, Vec::new()) };
    if until < from {
        return Reply::error(400, "ErrorInvalidParameter", "The end of the time window lies before its start.");
    }
    let mut all = generic::found(context, &at);
    all.retain(|event| {
        let starts = moment(event["start"]["dateTime"].as_str().unwrap_or_default());
        let ends = moment(event["end"]["dateTime"].as_str().unwrap_or_default());
        starts.is_some_and(|s| s < until) && ends.is_some_and(|e| e > from)
    });
    generic::page(context, all)
}

fn reminders(context: &mut Context) -> Reply {
    for name in ["StartDateTime", "EndDateTime"] {
        if context.arguments.get(name).and_then(|v| moment(v)).is_none() {
            return Reply::error(400, "ErrorInvalidParameter", "The reminder view needs a start and an end.");
        }
    }
    generic::page(context, Vec::new())
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
    generic::page(context, all)
}

pub fn complete_calendar(context: &mut Context, place: &Place, calendar: &mut Object) -> Result<(), Reply> {
    require(calendar, "name")?;
    let everywhere = Place { within: None, ..place.clone() };
    if taken(context, &everywhere, "name", text(calendar, "name"), "") {
        return Err(Reply::error(409, "ErrorFolderExists", "A folder with the specified name already exists."));
    }
    let key = context.held.id(crate::local::fake_tenant::world::Id::Short);
    calendar.insert("changeKey".into(), key.into());
    if context.route.type_name() == "calendar" {
        default(calendar, "canEdit", json!(true));
        default(calendar, "isDefaultCalendar", json!(false));
        default(calendar, "color", json!("auto"));
    }
    Ok(())
}

fn remove(context: &mut Context) -> Reply {
    let place = context.place();
    let id = place.id.clone().unwrap_or_default();
    let Some(held) = context.held.store.get(&place.collection, &id) else { return context.service.gone(&id) };
    if held.contains_key("_known") {
        return Reply::error(403, "ErrorDeleteDistinguishedFolder", "The default calendar cannot be deleted.");
    }
    let calendars = format!("users/{}/calendars", context.user());
    let full = context.held.store.list(&calendars).into_iter().any(|(_, c)| text(c, "_in") == id);
    if place.collection.ends_with("calendarGroups") && full {
        return Reply::error(400, "ErrorCalendarGroupIsNotEmpty", "A calendar group must be empty to be deleted.");
    }
    match generic::remove(context, &place) {
        Ok(()) => Reply::empty(204),
        Err(reply) => reply,
    }
}

pub fn complete_event(context: &mut Context, place: &Place, event: &mut Object) -> Result<(), Reply> {
    for name in ["subject", "start", "end"] {
        require(event, name)?;
    }
    check_times(event)?;
    let ends = |name: &str| moment(event[name]["dateTime"].as_str().unwrap_or_default());
    if ends("end") < ends("start") {
        return Err(Reply::error(400, "ErrorPropertyValidationFailure", "The end of an event lies before its start."));
    }
    let own = context.held.user(&context.user()).map(|u| u.upn.clone()).unwrap_or_default();
    let attendees = event.get("attendees").and_then(Value::as_array).cloned().unwrap_or_default();
    if attendees.iter().any(|a| !a["emailAddress"]["address"].as_str().unwrap_or_default().eq_ignore_ascii_case(&own)) {
        context.offend("invites another than the account itself");
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
    event.insert("iCalUId".into(), format!("0400{}", place.within.as_deref().map_or(0, str::len)).into());
    Ok(())
}

pub fn check_times(event: &Object) -> Result<(), Reply> {
    ["start", "end"].iter().filter_map(|n| Some((n, event.get(*n)?))).try_for_each(|(n, v)| zoned(n, v))
}

/// A `dateTimeTimeZone`: a local time without an offset, and a zone.
fn zoned(name: &str, value: &Value) -> Result<(), Reply> {
    let time = value["dateTime"].as_str().unwrap_or_default();
    let zone = value["timeZone"].as_str().unwrap_or_default();
    let local = NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
    let known = zone == "UTC" || zone.ends_with("Standard Time") || TimeZone::parse(zone).is_some();
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
