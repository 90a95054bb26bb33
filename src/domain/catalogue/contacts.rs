//! Contacts and contact folders of the account's own mailbox. The people in them are fictional.

use serde_json::{Value, json};

use super::operation::{Body, Effect, Method, Need, Operation, OrphanQuery};
use super::permissions;
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "contact.list",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::CONTACTS_READ,
        application: permissions::CONTACTS_READ,
        doc: page!("user-list-contacts"),
        ..Operation::get(Service::Contacts, "/me/contacts")
    },
    Operation {
        id: "contactFolder.list",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::CONTACTS_READ,
        application: permissions::CONTACTS_READ,
        doc: page!("user-list-contactfolders"),
        ..Operation::get(Service::Contacts, "/me/contactFolders")
    },
    Operation {
        id: "contactFolder.delta",
        query: "$select=id,displayName",
        headers: &[("Prefer", "odata.maxpagesize=5")],
        delegated: permissions::CONTACTS_READ,
        application: permissions::CONTACTS_READ,
        weight: 60,
        doc: page!("contactfolder-delta"),
        ..Operation::get(Service::Contacts, "/me/contactFolders/delta")
    },
    Operation {
        id: "contactFolder.create",
        delegated: &["Contacts.ReadWrite"],
        application: &["Contacts.ReadWrite"],
        body: Body::Json(folder),
        effect: Effect::Create {
            undo: "contactFolder.delete",
            orphans: OrphanQuery {
                list: "contactFolder.list",
                query: "$select=id,displayName&$top=50",
                name: "displayName",
                take: "id",
            },
        },
        doc: page!("user-post-contactfolders"),
        ..Operation::request(Method::Post, Service::Contacts, "/me/contactFolders")
    },
    Operation {
        id: "contactFolder.contacts",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::CONTACTS_READ,
        application: permissions::CONTACTS_READ,
        needs: &[Need::id("contactFolder-id", "contactFolder.create")],
        doc: page!("contactfolder-list-contacts"),
        ..Operation::get(Service::Contacts, "/me/contactFolders/{contactFolder-id}/contacts")
    },
    Operation {
        id: "contactFolder.delete",
        delegated: &["Contacts.ReadWrite"],
        application: &["Contacts.ReadWrite"],
        needs: &[Need::id("contactFolder-id", "contactFolder.create")],
        effect: Effect::Remove { made_by: "contactFolder.create" },
        expected: &[404],
        doc: page!("contactfolder-delete"),
        ..Operation::request(Method::Delete, Service::Contacts, "/me/contactFolders/{contactFolder-id}")
    },
    Operation {
        id: "contact.create",
        delegated: &["Contacts.ReadWrite"],
        application: &["Contacts.ReadWrite"],
        needs: &[Need::id("contactFolder-id", "contactFolder.create")],
        body: Body::Json(contact),
        effect: Effect::Inside,
        doc: page!("contactfolder-post-contacts"),
        ..Operation::request(Method::Post, Service::Contacts, "/me/contactFolders/{contactFolder-id}/contacts")
    },
    Operation {
        id: "contact.update",
        delegated: &["Contacts.ReadWrite"],
        application: &["Contacts.ReadWrite"],
        needs: &[Need::id("contact-id", "contact.create")],
        body: Body::Json(revision),
        effect: Effect::Inside,
        doc: page!("contact-update"),
        ..Operation::request(Method::Patch, Service::Contacts, "/me/contacts/{contact-id}")
    },
];

fn folder(contents: &mut Contents) -> Value {
    json!({ "displayName": contents.name() })
}

fn contact(contents: &mut Contents) -> Value {
    let person = contents.person();
    json!({
        "givenName": person.given,
        "surname": person.surname,
        "displayName": person.full_name(),
        "emailAddresses": [{ "address": person.email(), "name": person.full_name() }],
        "businessPhones": [contents.phone()],
        "companyName": contents.company(),
        "jobTitle": contents.job_title(),
        "businessAddress": { "street": contents.street(), "city": contents.place() },
        "personalNotes": contents.sentence(),
    })
}

fn revision(contents: &mut Contents) -> Value {
    json!({
        "companyName": contents.company(),
        "jobTitle": contents.job_title(),
        "mobilePhone": contents.phone(),
        "personalNotes": contents.sentence(),
    })
}
