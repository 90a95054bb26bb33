//! The account's own OneNote notebooks; delegated only since March 2025.

use super::operation::{Body, Effect, Method, Need, Operation, OrphanQuery};
use super::permissions;
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "onenote.notebooks",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::NOTEBOOKS_READ,
        doc: page!("onenote-list-notebooks"),
        ..Operation::get(Service::Onenote, "/me/onenote/notebooks")
    },
    Operation {
        id: "onenote.notebook.sections",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::NOTEBOOKS_READ,
        needs: &[Need::id("notebook-id", "onenote.notebooks")],
        weight: 60,
        doc: page!("notebook-list-sections"),
        ..Operation::get(Service::Onenote, "/me/onenote/notebooks/{notebook-id}/sections")
    },
    Operation {
        id: "onenote.sectionGroups",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::NOTEBOOKS_READ,
        weight: 60,
        doc: page!("onenote-list-sectiongroups"),
        ..Operation::get(Service::Onenote, "/me/onenote/sectionGroups")
    },
    Operation {
        id: "onenote.sections",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::NOTEBOOKS_READ,
        doc: page!("onenote-list-sections"),
        ..Operation::get(Service::Onenote, "/me/onenote/sections")
    },
    Operation {
        id: "onenote.section.pages",
        query: "$top=5&$select=id,title",
        delegated: permissions::PAGES_READ,
        needs: &[Need::id("onenoteSection-id", "onenote.sections")],
        weight: 60,
        doc: page!("section-list-pages"),
        ..Operation::get(Service::Onenote, "/me/onenote/sections/{onenoteSection-id}/pages")
    },
    Operation {
        id: "onenote.pages",
        query: "$top=5&$select=id,title",
        delegated: permissions::PAGES_READ,
        doc: page!("onenote-list-pages"),
        ..Operation::get(Service::Onenote, "/me/onenote/pages")
    },
    Operation {
        id: "onenote.page.content",
        delegated: permissions::PAGES_READ,
        needs: &[Need::id("onenotePage-id", "onenote.pages")],
        doc: page!("page-get"),
        ..Operation::get(Service::Onenote, "/me/onenote/pages/{onenotePage-id}/content")
    },
    // Needs a section although it names none: without one, Graph would create a notebook that is never removed.
    Operation {
        id: "onenote.page.create",
        delegated: &["Notes.Create", "Notes.ReadWrite", "Notes.ReadWrite.All"],
        needs: &[Need::id("onenoteSection-id", "onenote.sections")],
        body: Body::Bytes { content_type: "text/html", make: note },
        effect: Effect::Create {
            undo: "onenote.page.delete",
            orphans: OrphanQuery {
                list: "onenote.pages",
                query: "$select=id,title&$top=100",
                name: "title",
                take: "id",
            },
        },
        doc: page!("onenote-post-pages"),
        ..Operation::request(Method::Post, Service::Onenote, "/me/onenote/pages")
    },
    Operation {
        id: "onenote.page.delete",
        delegated: &["Notes.ReadWrite", "Notes.ReadWrite.All"],
        needs: &[Need::id("onenotePage-id", "onenote.page.create")],
        effect: Effect::Remove { made_by: "onenote.page.create" },
        expected: &[404],
        doc: page!("page-delete"),
        ..Operation::request(Method::Delete, Service::Onenote, "/me/onenote/pages/{onenotePage-id}")
    },
];

fn note(contents: &mut Contents) -> Vec<u8> {
    let (title, paragraphs) = (contents.name(), contents.number(1..4));
    let body = contents.html(paragraphs);
    format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>").into_bytes()
}
