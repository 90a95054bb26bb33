//! Messages, folders and rules of the account's own mailbox.

use serde_json::{Value, json};

use super::operation::{Body, Effect, Method, Need, Operation, OrphanQuery};
use super::permissions;
use super::service::Service;
use super::shared_needs::OWN_UPN;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "mail.messages.list",
        query: "$top=5&$select=id,subject",
        delegated: permissions::MAIL_READ_BASIC,
        application: permissions::MAIL_READ_BASIC_APP,
        doc: page!("user-list-messages"),
        ..Operation::get(Service::Mail, "/me/messages")
    },
    Operation {
        id: "mail.messages.get",
        query: "$select=id,subject,receivedDateTime",
        delegated: &["Mail.Read", "Mail.ReadBasic"],
        application: &["Mail.Read", "Mail.ReadBasic.All"],
        needs: &[Need::id("message-id", "mail.messages.list")],
        doc: page!("message-get"),
        ..Operation::get(Service::Mail, "/me/messages/{message-id}")
    },
    Operation {
        id: "mail.attachments.list",
        query: "$select=id,name,size",
        delegated: &["Mail.Read"],
        application: &["Mail.Read"],
        needs: &[Need::id("message-id", "mail.messages.list")],
        doc: page!("message-list-attachments"),
        ..Operation::get(Service::Mail, "/me/messages/{message-id}/attachments")
    },
    Operation {
        id: "mail.messages.delta",
        query: "$select=id,subject",
        headers: &[("Prefer", "odata.maxpagesize=5")],
        delegated: permissions::MAIL_READ_BASIC,
        application: permissions::MAIL_READ_BASIC_APP,
        doc: page!("message-delta"),
        ..Operation::get(Service::Mail, "/me/mailFolders/inbox/messages/delta")
    },
    Operation {
        id: "mail.folders.list",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::MAIL_READ_BASIC,
        application: permissions::MAIL_READ_BASIC_APP,
        doc: page!("user-list-mailfolders"),
        ..Operation::get(Service::Mail, "/me/mailFolders")
    },
    Operation {
        id: "mail.folders.inbox",
        query: "$select=id,totalItemCount,unreadItemCount",
        delegated: permissions::MAIL_READ_BASIC,
        application: permissions::MAIL_READ_BASIC_APP,
        doc: page!("mailfolder-get"),
        ..Operation::get(Service::Mail, "/me/mailFolders/inbox")
    },
    Operation {
        id: "mail.folders.messages",
        query: "$top=5&$select=id,subject",
        delegated: permissions::MAIL_READ_BASIC,
        application: permissions::MAIL_READ_BASIC_APP,
        doc: page!("mailfolder-list-messages"),
        ..Operation::get(Service::Mail, "/me/mailFolders/inbox/messages")
    },
    Operation {
        id: "mail.folders.children",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::MAIL_READ_BASIC,
        application: permissions::MAIL_READ_BASIC_APP,
        weight: 60,
        doc: page!("mailfolder-list-childfolders"),
        ..Operation::get(Service::Mail, "/me/mailFolders/inbox/childFolders")
    },
    Operation {
        id: "mail.folders.delta",
        query: "$select=id,displayName",
        headers: &[("Prefer", "odata.maxpagesize=5")],
        delegated: permissions::MAIL_READ_BASIC,
        application: permissions::MAIL_READ_BASIC_APP,
        doc: page!("mailfolder-delta"),
        ..Operation::get(Service::Mail, "/me/mailFolders/delta")
    },
    Operation {
        id: "mail.rules.list",
        delegated: &["MailboxSettings.Read"],
        application: &["MailboxSettings.Read"],
        doc: page!("mailfolder-list-messagerules"),
        ..Operation::get(Service::Mail, "/me/mailFolders/inbox/messageRules")
    },
    Operation {
        id: "mail.overrides.list",
        delegated: &["Mail.Read"],
        application: &["Mail.Read"],
        weight: 60,
        doc: page!("inferenceclassification-list-overrides"),
        ..Operation::get(Service::Mail, "/me/inferenceClassification/overrides")
    },
    Operation {
        id: "mail.mailTips",
        delegated: &["Mail.Read", "MailTips.ReadBasic.Shared", "Mail.Read.Shared"],
        application: &["Mail.Read", "MailTips.ReadBasic.All"],
        needs: &[OWN_UPN],
        body: Body::Json(tips),
        doc: page!("user-getmailtips"),
        ..Operation::request(Method::Post, Service::Mail, "/me/getMailTips")
    },
    Operation {
        id: "mail.translateIds",
        delegated: &["User.Read", "User.ReadBasic.All", "User.Read.All", "User.ReadWrite", "User.ReadWrite.All"],
        application: &["User.Read.All", "User.ReadWrite.All"],
        needs: &[Need::id("message-id", "mail.messages.list")],
        body: Body::Json(one_id),
        weight: 60,
        doc: page!("user-translateexchangeids"),
        ..Operation::request(Method::Post, Service::Mail, "/me/translateExchangeIds")
    },
    Operation {
        id: "mail.folder.create",
        delegated: &["Mail.ReadWrite"],
        application: &["Mail.ReadWrite"],
        body: Body::Json(folder),
        effect: Effect::Create {
            undo: "mail.folder.purge",
            orphans: OrphanQuery {
                list: "mail.folders.list",
                query: "$filter=startswith(displayName,'Evergreen')&$select=id,displayName&$top=50",
                name: "displayName",
                take: "id",
            },
        },
        doc: page!("user-post-mailfolders"),
        ..Operation::request(Method::Post, Service::Mail, "/me/mailFolders")
    },
    Operation {
        id: "mail.folder.rename",
        delegated: &["Mail.ReadWrite"],
        application: &["Mail.ReadWrite"],
        needs: &[Need::id("mailFolder-id", "mail.folder.create")],
        body: Body::Json(folder),
        effect: Effect::Inside,
        weight: 60,
        doc: page!("mailfolder-update"),
        ..Operation::request(Method::Patch, Service::Mail, "/me/mailFolders/{mailFolder-id}")
    },
    Operation {
        id: "mail.folder.purge",
        delegated: &["Mail.ReadWrite"],
        application: &["Mail.ReadWrite"],
        needs: &[Need::id("mailFolder-id", "mail.folder.create")],
        effect: Effect::Remove { made_by: "mail.folder.create" },
        expected: &[404],
        doc: page!("mailfolder-permanentdelete"),
        ..Operation::request(Method::Post, Service::Mail, "/me/mailFolders/{mailFolder-id}/permanentDelete")
    },
    Operation {
        id: "mail.draft.create",
        delegated: &["Mail.ReadWrite"],
        application: &["Mail.ReadWrite"],
        needs: &[Need::id("mailFolder-id", "mail.folder.create"), OWN_UPN],
        body: Body::Json(draft),
        effect: Effect::Inside,
        doc: page!("mailfolder-post-messages"),
        ..Operation::request(Method::Post, Service::Mail, "/me/mailFolders/{mailFolder-id}/messages")
    },
    Operation {
        id: "mail.draft.update",
        delegated: &["Mail.ReadWrite"],
        application: &["Mail.ReadWrite"],
        needs: &[Need::id("message-id", "mail.draft.create")],
        body: Body::Json(redraft),
        effect: Effect::Inside,
        doc: page!("message-update"),
        ..Operation::request(Method::Patch, Service::Mail, "/me/messages/{message-id}")
    },
    Operation {
        id: "mail.draft.purge",
        delegated: &["Mail.ReadWrite"],
        application: &["Mail.ReadWrite"],
        needs: &[Need::id("message-id", "mail.draft.create")],
        effect: Effect::Remove { made_by: "mail.draft.create" },
        expected: &[404],
        doc: page!("message-permanentdelete"),
        ..Operation::request(Method::Post, Service::Mail, "/me/messages/{message-id}/permanentDelete")
    },
    Operation {
        id: "mail.sendSelf",
        delegated: &["Mail.Send"],
        application: &["Mail.Send"],
        needs: &[OWN_UPN],
        body: Body::Json(letter),
        effect: Effect::Create {
            undo: "mail.sent.purge",
            orphans: OrphanQuery {
                list: "mail.messages.list",
                query: "$filter=startswith(subject,'Evergreen')&$select=id,subject&$top=50",
                name: "subject",
                take: "id",
            },
        },
        doc: page!("user-sendmail"),
        ..Operation::request(Method::Post, Service::Mail, "/me/sendMail")
    },
    // Sending returns no id, and delivery takes a while: usually a later run finds the message by its subject and removes
    // it with this operation.
    Operation {
        id: "mail.sent.purge",
        delegated: &["Mail.ReadWrite"],
        application: &["Mail.ReadWrite"],
        needs: &[Need::id("message-id", "mail.sendSelf")],
        effect: Effect::Remove { made_by: "mail.sendSelf" },
        expected: &[404],
        doc: page!("message-permanentdelete"),
        ..Operation::request(Method::Post, Service::Mail, "/me/messages/{message-id}/permanentDelete")
    },
    Operation {
        id: "mail.rule.create",
        delegated: &["MailboxSettings.ReadWrite"],
        application: &["MailboxSettings.ReadWrite"],
        body: Body::Json(rule),
        effect: Effect::Create {
            undo: "mail.rule.delete",
            orphans: OrphanQuery { list: "mail.rules.list", query: "", name: "displayName", take: "id" },
        },
        doc: page!("mailfolder-post-messagerules"),
        ..Operation::request(Method::Post, Service::Mail, "/me/mailFolders/inbox/messageRules")
    },
    Operation {
        id: "mail.rule.delete",
        delegated: &["MailboxSettings.ReadWrite"],
        application: &["MailboxSettings.ReadWrite"],
        needs: &[Need::id("messageRule-id", "mail.rule.create")],
        effect: Effect::Remove { made_by: "mail.rule.create" },
        expected: &[404],
        doc: page!("messagerule-delete"),
        ..Operation::request(Method::Delete, Service::Mail, "/me/mailFolders/inbox/messageRules/{messageRule-id}")
    },
];

/// The only recipient: the account itself.
fn to_self() -> Value {
    json!([{ "emailAddress": { "address": "{own-upn}" } }])
}

fn tips(contents: &mut Contents) -> Value {
    let option = contents.pick(&["mailboxFullStatus", "automaticReplies", "maxMessageSize"]);
    json!({ "EmailAddresses": ["{own-upn}"], "MailTipsOptions": option })
}

fn one_id(_: &mut Contents) -> Value {
    json!({ "InputIds": ["{message-id}"], "SourceIdType": "restId", "TargetIdType": "restImmutableEntryId" })
}

fn folder(contents: &mut Contents) -> Value {
    json!({ "displayName": contents.name() })
}

fn draft(contents: &mut Contents) -> Value {
    let paragraphs = contents.number(1..4);
    json!({
        "subject": contents.subject(),
        "importance": contents.pick(&["low", "normal", "high"]),
        "body": { "contentType": "html", "content": contents.html(paragraphs) },
        "toRecipients": to_self(),
    })
}

fn redraft(contents: &mut Contents) -> Value {
    json!({
        "subject": contents.subject(),
        "body": { "contentType": "text", "content": contents.paragraph() },
    })
}

fn letter(contents: &mut Contents) -> Value {
    let paragraphs = contents.number(1..4);
    json!({
        "Message": {
            "subject": contents.name(),
            "body": { "contentType": "html", "content": contents.html(paragraphs) },
            "toRecipients": to_self(),
        },
        "SaveToSentItems": false,
    })
}

/// A disabled rule for a subject that never occurs: it cannot touch real mail.
fn rule(contents: &mut Contents) -> Value {
    json!({
        "displayName": contents.name(),
        "sequence": contents.number(50..100),
        "isEnabled": false,
        "conditions": { "subjectContains": [contents.token_name()] },
        "actions": { "markImportance": contents.pick(&["low", "normal", "high"]), "stopProcessingRules": false },
    })
}
