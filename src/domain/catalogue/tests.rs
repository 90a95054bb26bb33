//! Invariants of every row.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use super::*;
use crate::domain::catalogue::contents::Contents;
use crate::domain::catalogue::generated_name::{NameOwner, is_generated};

fn contents(seed: u64) -> Contents {
    Contents::new(
        ChaCha12Rng::seed_from_u64(seed),
        DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
        NameOwner::default(),
    )
}

/// Asserts of every row that `complaint` has none.
fn check(complaint: impl Fn(&Operation) -> Option<String>) {
    let complaints: Vec<String> =
        all().filter_map(|row| complaint(row).map(|why| format!("{}: {why}", row.id))).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn unless(holds: bool, why: impl Into<String>) -> Option<String> {
    (!holds).then(|| why.into())
}

/// The names between braces.
fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

fn json(row: &Operation, seed: u64) -> Option<Value> {
    match row.body {
        Body::Json(make) => Some(make(&mut contents(seed))),
        _ => None,
    }
}

fn bytes(row: &Operation, seed: u64) -> Vec<u8> {
    match row.body {
        Body::None => Vec::new(),
        Body::Json(make) => serde_json::to_vec(&make(&mut contents(seed))).unwrap(),
        Body::Bytes { make, .. } => make(&mut contents(seed)),
    }
}

/// Ids of all rows that a row cannot do without.
fn relies_on(row: &Operation) -> Vec<&'static str> {
    let mut ids: Vec<_> = row.needs.iter().map(|need| need.from).collect();
    match row.effect {
        Effect::Create { undo, orphans } => ids.extend([undo, orphans.list]),
        Effect::Remove { made_by } => ids.push(made_by),
        Effect::Read | Effect::Inside => {}
    }
    ids
}

fn ancestors(row: &Operation) -> BTreeSet<&'static str> {
    let mut known = BTreeSet::new();
    let mut open: Vec<_> = row.needs.iter().map(|need| need.from).collect();
    while let Some(id) = open.pop() {
        if known.insert(id) {
            open.extend(find(id).into_iter().flat_map(|row| row.needs).map(|need| need.from));
        }
    }
    known
}

fn creates(id: &str) -> bool {
    find(id).is_some_and(|row| matches!(row.effect, Effect::Create { .. }))
}

#[test]
fn the_catalogue_is_broad() {
    let services: BTreeSet<_> = all().map(|row| row.service).collect();
    assert!(all().count() >= 200, "{}", all().count());
    assert!(all().filter(|row| row.writes()).count() >= 45);
    assert!(services.len() >= 24, "{services:?}");
}

#[test]
fn ids_are_dotted_words_unique_and_found() {
    let mut seen = BTreeSet::new();
    for row in all() {
        assert!(seen.insert(row.id), "{} is listed twice", row.id);
    }
    check(|row| {
        let words: Vec<_> = row.id.split('.').collect();
        let plain = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
        unless(words.len() >= 2 && words.iter().all(plain), "not service.verb")
    });
    check(|row| unless(find(row.id).is_some_and(|found| std::ptr::eq(found, row)), "not found"));
    assert!(all().is_sorted_by_key(|row| row.id));
    for id in ["", "user", "user.me.get ", "USER.ME.GET", "user.me.ge", "zzz"] {
        assert!(find(id).is_none(), "{id:?}");
    }
}

#[test]
fn every_placeholder_has_a_source() {
    check(|row| {
        let body = json(row, 1).map(|body| body.to_string()).unwrap_or_default();
        let headers = row.headers.iter().map(|(_, value)| *value);
        let known = |name: &str| row.needs.iter().any(|need| need.placeholder == name);
        let mut stray = Vec::new();
        for text in [row.path, row.query].into_iter().chain(headers) {
            stray.extend(placeholders(text).into_iter().filter(|p| !known(p) && contents(1).fill(p).is_none()));
        }
        let in_body = strings(&json(row, 1).unwrap_or_default());
        let stray_in_body = in_body.iter().flat_map(|text| placeholders(text)).any(|p| !known(p));
        unless(stray.is_empty() && !stray_in_body, format!("{stray:?} or in {body}"))
    });
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn no_row_names_a_placeholder_twice() {
    check(|row| {
        let names: BTreeSet<_> = row.needs.iter().map(|need| need.placeholder).collect();
        unless(names.len() == row.needs.len(), "two needs of one name")
    });
}

#[test]
fn every_row_that_a_row_refers_to_exists() {
    check(|row| {
        let missing: Vec<_> = relies_on(row).into_iter().filter(|id| find(id).is_none()).collect();
        unless(missing.is_empty(), format!("{missing:?}"))
    });
}

#[test]
fn no_row_needs_itself_directly_or_indirectly() {
    check(|row| unless(!ancestors(row).contains(row.id), "a cycle"));
}

#[test]
fn every_creation_can_be_undone_now_or_found_later() {
    check(|row| {
        let Effect::Create { undo, orphans } = row.effect else { return None };
        let (undo, list) = (find(undo)?, find(orphans.list)?);
        let made_by_it = undo.effect == Effect::Remove { made_by: row.id };
        let one_placeholder = undo.needs == [Need::id(undo.needs.first()?.placeholder, row.id)]
            && placeholders(undo.path) == [undo.needs[0].placeholder];
        let listable = list.method == Method::Get && !list.writes() && list.needs.is_empty();
        let selected = !orphans.query.contains("$select=")
            || [orphans.name, orphans.take].iter().all(|property| orphans.query.contains(property));
        unless(
            made_by_it && one_placeholder && listable && selected,
            "its undo must remove it by one id, its list must show name and id",
        )
    });
}

#[test]
fn every_written_object_is_removed_or_inside_one_that_is() {
    check(|row| match row.effect {
        Effect::Inside => unless(ancestors(row).into_iter().any(creates), "inside nothing of ours"),
        Effect::Remove { made_by } => unless(
            find(made_by).is_some_and(Operation::writes) && ancestors(row).contains(made_by),
            "removes what it does not know",
        ),
        Effect::Read | Effect::Create { .. } => None,
    });
}

#[test]
fn a_write_only_changes_objects_of_its_own_run() {
    check(|row| {
        let foreign = row.needs.iter().find(|need| {
            placeholders(row.path).contains(&need.placeholder) && !find(need.from).is_some_and(Operation::writes)
        });
        unless(!row.writes() || foreign.is_none(), format!("{foreign:?}"))
    });
}

#[test]
fn every_creation_has_a_recognisable_name() {
    check(|row| {
        let Effect::Create { orphans, .. } = row.effect else { return None };
        let ours = (0..20).all(|seed| match row.body {
            Body::Json(_) => strings(&json(row, seed).unwrap_or_default()).iter().any(|text| is_generated(text)),
            _ => {
                let text = String::from_utf8(bytes(row, seed)).unwrap();
                let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
                title.is_some_and(|(title, _)| is_generated(title))
            }
        });
        unless(ours, format!("no name for {}", orphans.name))
    });
}

#[test]
fn a_row_relies_only_on_rows_for_the_same_kind_of_token() {
    for access in [Access::Delegated, Access::AppOnly] {
        check(|row| {
            row.permission(access)?;
            let other: Vec<_> = relies_on(row)
                .into_iter()
                .filter(|id| find(id).is_some_and(|row| row.permission(access).is_none()))
                .collect();
            unless(other.is_empty(), format!("{access:?} cannot {other:?}"))
        });
    }
}

#[test]
fn every_row_accepts_a_kind_of_token_and_has_a_weight() {
    check(|row| {
        unless(
            !(row.delegated.is_empty() && row.application.is_empty()) && row.weight > 0,
            "no kind of token, or no weight",
        )
    });
}

#[test]
fn the_least_permission_is_first_and_none_is_listed_twice() {
    for access in [Access::Delegated, Access::AppOnly] {
        check(|row| {
            let least = row.permission(access)?;
            let accepted = row.accepted(access);
            let once: BTreeSet<_> = accepted.iter().collect();
            let own = least.trim_end_matches(".All");
            let less = [least.replace("ReadWrite", "Read"), own.to_owned(), own.replace("ReadWrite", "Read")];
            let lesser = accepted[1..].iter().any(|name| less.iter().any(|less| less == name));
            unless(once.len() == accepted.len() && !lesser, format!("{accepted:?}"))
        });
    }
}

#[test]
fn the_permission_that_removes_an_object_also_lists_it_where_microsoft_says_so() {
    /// Here Microsoft's table has the reading permission alone for the list.
    const READ_APART: [&str; 3] = ["category.create", "extension.create", "mail.rule.create"];
    for access in [Access::Delegated, Access::AppOnly] {
        check(|row| {
            let Effect::Create { undo, orphans } = row.effect else { return None };
            let permission = find(undo)?.permission(access)?;
            let finds = find(orphans.list)?.accepted(access).contains(&permission);
            unless(finds != READ_APART.contains(&row.id), format!("{permission} and {}", orphans.list))
        });
    }
}

#[test]
fn a_row_has_a_body_exactly_where_its_method_takes_one() {
    /// Actions without parameters.
    const BARE: [&str; 3] = ["/permanentDelete", "/follow", "/unfollow"];
    check(|row| {
        let bare = BARE.iter().any(|action| row.path.ends_with(action));
        let wanted = matches!(row.method, Method::Post | Method::Put | Method::Patch) && !bare;
        let sent = match row.body {
            Body::None => false,
            Body::Json(_) => json(row, 1).is_some_and(|body| body.is_object()),
            Body::Bytes { content_type, .. } => content_type.contains('/') && !bytes(row, 1).is_empty(),
        };
        unless(sent == wanted, "body")
    });
}

#[test]
fn reads_use_only_get_and_post() {
    check(|row| unless(row.writes() || matches!(row.method, Method::Get | Method::Post), row.method.as_str()));
    check(|row| unless(row.method != Method::Get || !row.writes(), "a GET that writes"));
}

#[test]
fn bodies_follow_the_seed() {
    check(|row| {
        let same = (0..5).all(|seed| bytes(row, seed) == bytes(row, seed));
        // The address of a table is that of the data in the workbook, always.
        let constant = !row.writes() || matches!(row.body, Body::None) || row.id == "workbook.table.add";
        let variants: BTreeSet<_> = (0..20).map(|seed| bytes(row, seed)).collect();
        unless(same && (constant || variants.len() > 1), format!("{} variants", variants.len()))
    });
}

#[test]
fn mail_goes_to_the_account_itself_only() {
    for seed in 0..20 {
        check(|row| {
            let body = json(row, seed)?;
            let message = body.get("Message").unwrap_or(&body);
            let others = ["ccRecipients", "bccRecipients", "replyTo", "attendees"]
                .iter()
                .any(|field| message.get(field).is_some_and(|list| list != &serde_json::json!([])));
            let own = serde_json::json!([{ "emailAddress": { "address": "{own-upn}" } }]);
            let to_self = message.get("toRecipients").is_none_or(|to| *to == own);
            unless(!others && to_self, body.to_string())
        });
    }
}

#[test]
fn paths_and_queries_are_valid_in_a_url() {
    check(|row| {
        let clean = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`|#".contains(&b));
        unless(
            row.path.starts_with('/') && !row.path.contains('?') && clean(row.path) && clean(row.query),
            "not an address",
        )
    });
}

#[test]
fn every_row_links_its_page() {
    check(|row| {
        let page = row.doc.strip_prefix("https://learn.microsoft.com/graph/api/");
        let name = page.and_then(|page| page.strip_suffix("?view=graph-rest-1.0"));
        let plain =
            |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
        unless(name.is_some_and(|name| !name.is_empty() && plain(name)), row.doc)
    });
}

#[test]
fn no_two_rows_send_the_same_request() {
    let mut seen = BTreeMap::new();
    for row in all().filter(|row| !matches!(row.effect, Effect::Remove { .. })) {
        let from: Vec<_> = row.needs.iter().map(|need| need.from).collect();
        if let Some(other) = seen.insert((row.method.as_str(), row.path, from), row.id) {
            panic!("{} and {other}", row.id);
        }
    }
}

#[test]
fn app_only_paths_name_the_user() {
    let row = find("mail.messages.list").unwrap();
    assert_eq!(row.path_for(Access::Delegated, "u"), "/me/messages");
    assert_eq!(row.path_for(Access::AppOnly, "u"), "/users/u/messages");
    assert_eq!(find("user.me.get").unwrap().path_for(Access::AppOnly, "u"), "/users/u");
    assert_eq!(find("users.list").unwrap().path_for(Access::AppOnly, "u"), "/users");
}
