//! Settings and colour categories of the account's own mailbox.

use serde_json::{Value, json};

use super::operation::{Body, Effect, Method, Need, Operation, OrphanQuery};
use super::permissions;
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "settings.get",
        delegated: permissions::MAILBOX_SETTINGS_READ,
        application: permissions::MAILBOX_SETTINGS_READ,
        doc: page!("user-get-mailboxsettings"),
        ..Operation::get(Service::MailboxSettings, "/me/mailboxSettings")
    },
    Operation {
        id: "settings.autoReplies",
        delegated: permissions::MAILBOX_SETTINGS_READ,
        application: permissions::MAILBOX_SETTINGS_READ,
        doc: page!("user-get-mailboxsettings"),
        ..Operation::get(Service::MailboxSettings, "/me/mailboxSettings/automaticRepliesSetting")
    },
    Operation {
        id: "settings.language",
        delegated: permissions::MAILBOX_SETTINGS_READ,
        application: permissions::MAILBOX_SETTINGS_READ,
        weight: 60,
        doc: page!("user-get-mailboxsettings"),
        ..Operation::get(Service::MailboxSettings, "/me/mailboxSettings/language")
    },
    Operation {
        id: "settings.timeZone",
        delegated: permissions::MAILBOX_SETTINGS_READ,
        application: permissions::MAILBOX_SETTINGS_READ,
        weight: 60,
        doc: page!("user-get-mailboxsettings"),
        ..Operation::get(Service::MailboxSettings, "/me/mailboxSettings/timeZone")
    },
    Operation {
        id: "settings.workingHours",
        delegated: permissions::MAILBOX_SETTINGS_READ,
        application: permissions::MAILBOX_SETTINGS_READ,
        weight: 60,
        doc: page!("user-get-mailboxsettings"),
        ..Operation::get(Service::MailboxSettings, "/me/mailboxSettings/workingHours")
    },
    Operation {
        id: "settings.supportedLanguages",
        delegated: permissions::OUTLOOK_LISTS_READ,
        application: &["User.Read.All", "User.ReadBasic.All"],
        weight: 60,
        doc: page!("outlookuser-supportedlanguages"),
        ..Operation::get(Service::MailboxSettings, "/me/outlook/supportedLanguages")
    },
    Operation {
        id: "settings.supportedTimeZones",
        delegated: permissions::OUTLOOK_LISTS_READ,
        application: &["User.Read.All", "User.ReadBasic.All"],
        weight: 60,
        doc: page!("outlookuser-supportedtimezones"),
        ..Operation::get(Service::MailboxSettings, "/me/outlook/supportedTimeZones")
    },
    Operation {
        id: "category.list",
        delegated: &["MailboxSettings.Read"],
        application: &["MailboxSettings.Read"],
        doc: page!("outlookuser-list-mastercategories"),
        ..Operation::get(Service::MailboxSettings, "/me/outlook/masterCategories")
    },
    Operation {
        id: "category.create",
        delegated: &["MailboxSettings.ReadWrite"],
        application: &["MailboxSettings.ReadWrite"],
        body: Body::Json(category),
        effect: Effect::Create {
            undo: "category.delete",
            orphans: OrphanQuery { list: "category.list", query: "", name: "displayName", take: "id" },
        },
        doc: page!("outlookuser-post-mastercategories"),
        ..Operation::request(Method::Post, Service::MailboxSettings, "/me/outlook/masterCategories")
    },
    Operation {
        id: "category.delete",
        delegated: &["MailboxSettings.ReadWrite"],
        application: &["MailboxSettings.ReadWrite"],
        needs: &[Need::id("outlookCategory-id", "category.create")],
        effect: Effect::Remove { made_by: "category.create" },
        expected: &[404],
        doc: page!("outlookcategory-delete"),
        ..Operation::request(
            Method::Delete,
            Service::MailboxSettings,
            "/me/outlook/masterCategories/{outlookCategory-id}",
        )
    },
];

fn category(contents: &mut Contents) -> Value {
    json!({ "displayName": contents.name(), "color": format!("preset{}", contents.number(0..25)) })
}
