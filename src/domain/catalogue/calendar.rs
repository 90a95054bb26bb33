//! Calendars and events of the account's own mailbox, and the tenant's meeting rooms.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::date_time::utc;
use super::operation::{Body, Effect, Method, Need, Operation, OrphanQuery};
use super::permissions;
use super::service::Service;
use super::shared_needs::OWN_UPN;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "calendar.default",
        query: "$select=id,name",
        delegated: &["Calendars.Read", "Calendars.ReadWrite"],
        application: &["Calendars.Read", "Calendars.ReadWrite"],
        doc: page!("calendar-get"),
        ..Operation::get(Service::Calendar, "/me/calendar")
    },
    Operation {
        id: "calendar.list",
        query: "$top=5&$select=id,name",
        delegated: &["Calendars.Read", "Calendars.ReadBasic", "Calendars.Read.Shared", "Calendars.ReadWrite"],
        application: permissions::CALENDARS_READ,
        doc: page!("user-list-calendars"),
        ..Operation::get(Service::Calendar, "/me/calendars")
    },
    Operation {
        id: "calendar.view",
        query: "startDateTime={from}&endDateTime={until}&$top=5&$select=id,subject",
        delegated: permissions::CALENDARS_READ,
        application: permissions::CALENDARS_READ,
        doc: page!("user-list-calendarview"),
        ..Operation::get(Service::Calendar, "/me/calendarView")
    },
    Operation {
        id: "calendar.view.delta",
        query: "startDateTime={from}&endDateTime={until}",
        headers: &[("Prefer", "odata.maxpagesize=5")],
        delegated: permissions::CALENDARS_READ,
        application: permissions::CALENDARS_READ,
        weight: 60,
        doc: page!("event-delta"),
        ..Operation::get(Service::Calendar, "/me/calendarView/delta")
    },
    Operation {
        id: "calendar.reminderView",
        delegated: permissions::CALENDARS_READ,
        application: permissions::CALENDARS_READ,
        weight: 60,
        doc: page!("user-reminderview"),
        ..Operation::get(
            Service::Calendar,
            "/me/reminderView(StartDateTime='{StartDateTime}',EndDateTime='{EndDateTime}')",
        )
    },
    Operation {
        id: "calendar.getSchedule",
        delegated: permissions::CALENDARS_READ,
        application: permissions::CALENDARS_READ,
        needs: &[OWN_UPN],
        body: Body::Json(schedule),
        doc: page!("calendar-getschedule"),
        ..Operation::request(Method::Post, Service::Calendar, "/me/calendar/getSchedule")
    },
    Operation {
        id: "calendar.findMeetingTimes",
        delegated: &["Calendars.Read.Shared", "Calendars.ReadWrite.Shared"],
        body: Body::Json(meeting_times),
        doc: page!("user-findmeetingtimes"),
        ..Operation::request(Method::Post, Service::Calendar, "/me/findMeetingTimes")
    },
    Operation {
        id: "calendar.create",
        delegated: &["Calendars.ReadWrite"],
        application: &["Calendars.ReadWrite"],
        body: Body::Json(calendar),
        effect: Effect::Create {
            undo: "calendar.delete",
            orphans: OrphanQuery { list: "calendar.list", query: "$select=id,name&$top=50", name: "name", take: "id" },
        },
        doc: page!("user-post-calendars"),
        ..Operation::request(Method::Post, Service::Calendar, "/me/calendars")
    },
    Operation {
        id: "calendar.delete",
        delegated: &["Calendars.ReadWrite"],
        application: &["Calendars.ReadWrite"],
        needs: &[Need::id("calendar-id", "calendar.create")],
        effect: Effect::Remove { made_by: "calendar.create" },
        expected: &[404],
        doc: page!("calendar-delete"),
        ..Operation::request(Method::Delete, Service::Calendar, "/me/calendars/{calendar-id}")
    },
    Operation {
        id: "calendarGroup.list",
        query: "$top=5&$select=id,name",
        delegated: permissions::CALENDARS_READ,
        application: permissions::CALENDARS_READ,
        doc: page!("user-list-calendargroups"),
        ..Operation::get(Service::Calendar, "/me/calendarGroups")
    },
    Operation {
        id: "calendarGroup.create",
        delegated: &["Calendars.ReadWrite"],
        application: &["Calendars.ReadWrite"],
        body: Body::Json(group),
        effect: Effect::Create {
            undo: "calendarGroup.delete",
            orphans: OrphanQuery {
                list: "calendarGroup.list",
                query: "$select=id,name&$top=50",
                name: "name",
                take: "id",
            },
        },
        weight: 60,
        doc: page!("user-post-calendargroups"),
        ..Operation::request(Method::Post, Service::Calendar, "/me/calendarGroups")
    },
    Operation {
        id: "calendarGroup.delete",
        delegated: &["Calendars.ReadWrite"],
        application: &["Calendars.ReadWrite"],
        needs: &[Need::id("calendarGroup-id", "calendarGroup.create")],
        effect: Effect::Remove { made_by: "calendarGroup.create" },
        expected: &[404],
        doc: page!("calendargroup-delete"),
        ..Operation::request(Method::Delete, Service::Calendar, "/me/calendarGroups/{calendarGroup-id}")
    },
    Operation {
        id: "event.list",
        query: "$top=5&$select=id,subject",
        delegated: permissions::CALENDARS_READ,
        application: permissions::CALENDARS_READ,
        doc: page!("user-list-events"),
        ..Operation::get(Service::Calendar, "/me/events")
    },
    Operation {
        id: "event.get",
        query: "$select=id,subject,start,end",
        delegated: &["Calendars.Read", "Calendars.ReadBasic"],
        application: &["Calendars.Read", "Calendars.ReadBasic"],
        needs: &[Need::id("event-id", "event.list")],
        doc: page!("event-get"),
        ..Operation::get(Service::Calendar, "/me/events/{event-id}")
    },
    Operation {
        id: "event.create",
        delegated: &["Calendars.ReadWrite"],
        application: &["Calendars.ReadWrite"],
        needs: &[Need::id("calendar-id", "calendar.create")],
        body: Body::Json(event),
        effect: Effect::Inside,
        doc: page!("calendar-post-events"),
        ..Operation::request(Method::Post, Service::Calendar, "/me/calendars/{calendar-id}/events")
    },
    Operation {
        id: "event.update",
        delegated: &["Calendars.ReadWrite"],
        application: &["Calendars.ReadWrite"],
        needs: &[Need::id("event-id", "event.create")],
        body: Body::Json(revision),
        effect: Effect::Inside,
        doc: page!("event-update"),
        ..Operation::request(Method::Patch, Service::Calendar, "/me/events/{event-id}")
    },
    Operation {
        id: "places.rooms",
        query: "$top=5",
        delegated: permissions::PLACES_READ,
        application: permissions::PLACES_READ,
        doc: page!("place-list"),
        ..Operation::get(Service::Calendar, "/places/microsoft.graph.room")
    },
    Operation {
        id: "places.roomLists",
        query: "$top=5",
        delegated: permissions::PLACES_READ,
        application: permissions::PLACES_READ,
        weight: 60,
        doc: page!("place-list"),
        ..Operation::get(Service::Calendar, "/places/microsoft.graph.roomList")
    },
];

fn schedule(contents: &mut Contents) -> Value {
    let (start, end) = contents.slot();
    json!({
        "Schedules": ["{own-upn}"],
        "StartTime": utc(start),
        "EndTime": utc(end),
        "AvailabilityViewInterval": contents.pick(&[15, 30, 60]),
    })
}

fn meeting_times(contents: &mut Contents) -> Value {
    let (start, _) = contents.slot();
    json!({
        "attendees": [],
        "timeConstraint": {
            "activityDomain": "unrestricted",
            "timeSlots": [{ "start": utc(start), "end": utc(start + TimeDelta::hours(8)) }],
        },
        "meetingDuration": contents.pick(&["PT30M", "PT1H"]),
        "maxCandidates": contents.number(2..6),
    })
}

fn calendar(contents: &mut Contents) -> Value {
    json!({ "name": contents.name(), "color": contents.pick(&["lightBlue", "lightGreen", "lightOrange", "lightTeal"]) })
}

fn group(contents: &mut Contents) -> Value {
    json!({ "name": contents.name() })
}

/// An event without attendees, so that no invitation is sent. Shown as free, so that no day looks busier.
fn event(contents: &mut Contents) -> Value {
    let (start, end) = contents.slot();
    json!({
        "subject": contents.subject(),
        "body": { "contentType": "html", "content": contents.html(1) },
        "start": utc(start),
        "end": utc(end),
        "location": { "displayName": contents.place() },
        "showAs": "free",
        "isReminderOn": false,
        "transactionId": contents.guid(),
    })
}

fn revision(contents: &mut Contents) -> Value {
    let (start, end) = contents.slot();
    json!({
        "subject": contents.subject(),
        "start": utc(start),
        "end": utc(end),
        "location": { "displayName": contents.place() },
        "importance": contents.pick(&["low", "normal", "high"]),
    })
}
