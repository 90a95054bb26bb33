//! Workbooks: only of valid files, only for users, with or without a session.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::ResourcePath;
use crate::graph::services::files;
use crate::state::ids::Id;
use crate::state::store::{Object, object, text, visible};
use crate::wire::reply::Reply;

const SESSION_HEADER: &str = "workbook-session-id";

/// A zip without these parts is not a workbook.
const PARTS: [&str; 3] = ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"];

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let (_, rest) = context.template().split_once("/drive/items/{}/workbook/")?;
    Some(workbook(context, rest).unwrap_or_else(|refused| refused))
}

fn workbook(context: &mut Context, rest: &str) -> Result<Reply, Reply> {
    if context.token.user.is_none() {
        return Err(Reply::error(403, "AccessDenied", "Could not obtain a WAC access token."));
    }
    let at = context.segments.iter().position(|s| s == "workbook").unwrap_or_default();
    let item = context.resource_at(at);
    let id = item.id.clone().unwrap_or_default();
    let held = context.tenant.store.get(&item.collection, &id).cloned().unwrap_or_default();
    let bytes = files::bytes_of(&held).unwrap_or_default();
    let contains = |name: &str| bytes.windows(name.len()).any(|w| w == name.as_bytes());
    if !bytes.starts_with(b"PK\x03\x04") || !PARTS.iter().all(|p| contains(p)) {
        return Err(Reply::error(400, "FileCorrupt", "The file is no workbook that could be opened."));
    }
    let base = format!("{}/{id}/workbook", item.collection);
    let session = context.call.headers.get(SESSION_HEADER).cloned();
    if let Some(session) = &session
        && context.tenant.store.get(&format!("{base}/sessions"), session).is_none()
    {
        return Err(Reply::error(
            404,
            "invalidSessionReCreatable",
            "The session specified in the request does not exist or is invalid due to a transient error.",
        ));
    }
    sheets(context, &base, &bytes);
    if context.call.method != "GET" && !files::own(context, &item.collection, &id) {
        context.report_offence("works on a workbook that no run has made");
    }
    let sheet = || -> Result<Object, Reply> {
        let all = context.tenant.store.list(&format!("{base}/worksheets"));
        let wanted = &context.segments[at + 2];
        let found = all.into_iter().find(|(id, o)| *id == wanted || text(o, "name") == wanted);
        found
            .map(|(_, o)| o.clone())
            .ok_or_else(|| Reply::error(404, "ItemNotFound", "The requested resource doesn't exist."))
    };
    Ok(match rest {
        "createSession" => {
            let session = format!("cluster=FK1&session={}", context.tenant.id(Id::Short));
            let persist = context.call.json()["persistChanges"].clone();
            let made = json!({"id": session, "persistChanges": persist});
            context.tenant.store.put(&format!("{base}/sessions"), &session, object(made.clone()));
            Reply::json(201, made)
        }
        "closeSession" | "refreshSession" => {
            let Some(session) = session else {
                return Err(Reply::error(400, "InvalidArgument", "The workbook-session-id header is missing."));
            };
            if rest == "closeSession" {
                close(context, &base, &session);
            }
            Reply::empty(204)
        }
        "worksheets" | "tables" | "comments" if context.call.method == "GET" => {
            let resource = ResourcePath { collection: format!("{base}/{rest}"), id: None, within: None };
            crud::list(context, &resource)
        }
        "worksheets/add" => {
            let all = context.tenant.store.list(&format!("{base}/worksheets")).len();
            let name = context
                .call
                .json()
                .get("name")
                .and_then(Value::as_str)
                .map_or(format!("Sheet{}", all + 1), str::to_owned);
            if context.tenant.store.list(&format!("{base}/worksheets")).iter().any(|(_, o)| text(o, "name") == name) {
                return Err(Reply::error(
                    409,
                    "ItemAlreadyExists",
                    "A resource with the same name or identifier already exists.",
                ));
            }
            let id = format!("{{{}}}", context.tenant.id(Id::Guid).to_uppercase());
            let mut made = object(json!({"id": id, "name": name, "position": all, "visibility": "Visible"}));
            if let Some(session) = session {
                made.insert("_session".into(), session.into());
            }
            context.tenant.store.put(&format!("{base}/worksheets"), &id, made.clone());
            Reply::json(201, visible(&made))
        }
        "tables/add" => add_table(context, &base)?,
        "tables/{}/rows/add" => add_rows(context, &base, at)?,
        "worksheets/{}" if context.call.method == "GET" => Reply::ok(visible(&sheet()?)),
        "worksheets/{}/tables" if context.call.method == "GET" => {
            sheet()?;
            crud::page(context, Vec::new())
        }
        _ if rest.starts_with("worksheets/{}/usedRange") => {
            let sheet = sheet()?;
            Reply::ok(range(&format!("{}!A1", text(&sheet, "name")), 1, 1))
        }
        "worksheets/{}/range(address)" => {
            let sheet = sheet()?;
            let address = context.arguments.get("address").cloned().unwrap_or_default();
            let Some((rows, columns)) = size(&address) else {
                return Err(Reply::error(
                    400,
                    "InvalidArgument",
                    "The argument is invalid or missing or has an incorrect format.",
                ));
            };
            Reply::ok(range(&format!("{}!{address}", text(&sheet, "name")), rows, columns))
        }
        _ => return Err(Reply::error(501, "NotImplemented", "The fake tenant does not serve this workbook call.")),
    })
}

fn missing(what: &str) -> Reply {
    Reply::error(404, "ItemNotFound", &format!("The requested {what} doesn't exist."))
}

fn invalid() -> Reply {
    Reply::error(400, "InvalidArgument", "The argument is invalid or missing or has an incorrect format.")
}

/// Adds a table over `Sheet!A1:C6`: the sheet must exist, and no other table may have the same range.
fn add_table(context: &mut Context, base: &str) -> Result<Reply, Reply> {
    let body = context.call.json().clone();
    let (address, headers) = (body["address"].as_str().unwrap_or_default(), body["hasHeaders"].as_bool());
    let (sheet, cells) = address.split_once('!').ok_or_else(invalid)?;
    let (sheet, headers) = (sheet.trim_matches('\''), headers.ok_or_else(invalid)?);
    let (_, columns) = size(cells).ok_or_else(invalid)?;
    if !context.tenant.store.list(&format!("{base}/worksheets")).iter().any(|(_, o)| text(o, "name") == sheet) {
        return Err(missing("worksheet"));
    }
    let collection = format!("{base}/tables");
    let all = context.tenant.store.list(&collection);
    if all.iter().any(|(_, o)| text(o, "_address") == address) {
        return Err(Reply::error(409, "RangeOverlap", "A table can't overlap a range that contains another table."));
    }
    let name = format!("Table{}", all.len() + 1);
    let id = format!("{{{}}}", context.tenant.id(Id::Guid).to_uppercase());
    let made = object(json!({
        "id": id, "name": name, "showHeaders": headers, "showTotals": false, "style": "TableStyleMedium2",
        "_address": address, "_columns": columns, "_rows": 0
    }));
    context.tenant.store.put(&collection, &id, made.clone());
    Ok(Reply::json(201, visible(&made)))
}

/// Adds rows, which must be as wide as their table.
fn add_rows(context: &mut Context, base: &str, at: usize) -> Result<Reply, Reply> {
    let collection = format!("{base}/tables");
    let wanted = context.segments[at + 2].clone();
    let all = context.tenant.store.list(&collection);
    let found = all.into_iter().find(|(id, o)| **id == wanted || text(o, "name") == wanted);
    let (id, mut table) = found.map(|(id, o)| (id.clone(), o.clone())).ok_or_else(|| missing("table"))?;
    let values = context.call.json()["values"].clone();
    let rows = values.as_array().filter(|rows| !rows.is_empty()).ok_or_else(invalid)?;
    let width = table.get("_columns").and_then(Value::as_u64).unwrap_or_default();
    if rows.iter().any(|row| row.as_array().map(|row| row.len() as u64) != Some(width)) {
        return Err(invalid());
    }
    let index = table.get("_rows").and_then(Value::as_u64).unwrap_or_default();
    table.insert("_rows".into(), (index + rows.len() as u64).into());
    context.tenant.store.put(&collection, &id, table);
    Ok(Reply::json(201, json!({"index": index, "values": values})))
}

/// Lists the sheets of the file itself, once.
fn sheets(context: &mut Context, base: &str, bytes: &[u8]) {
    let collection = format!("{base}/worksheets");
    if !context.tenant.store.list(&collection).is_empty() {
        return;
    }
    let raw = String::from_utf8_lossy(bytes);
    let named = raw.split("<sheet ").skip(1).filter_map(|s| s.split("name=\"").nth(1)?.split('"').next());
    let mut names: Vec<String> = named.map(str::to_owned).collect();
    if names.is_empty() {
        names.push("Sheet1".into());
    }
    for (position, name) in names.iter().enumerate() {
        let id = format!("{{{}}}", context.tenant.id(Id::Guid).to_uppercase());
        let sheet = json!({"id": id, "name": name, "position": position, "visibility": "Visible"});
        context.tenant.store.put(&collection, &id, object(sheet));
    }
}

/// Ends a session; without persistence its changes are lost.
fn close(context: &mut Context, base: &str, session: &str) {
    let gone = context.tenant.store.remove(&format!("{base}/sessions"), session).unwrap_or_default();
    if gone.get("persistChanges") == Some(&json!(true)) {
        return;
    }
    let collection = format!("{base}/worksheets");
    let all = context.tenant.store.list(&collection).into_iter().filter(|(_, o)| text(o, "_session") == session);
    let all: Vec<String> = all.map(|(id, _)| id.clone()).collect();
    for id in all {
        context.tenant.store.remove(&collection, &id);
    }
}

fn range(address: &str, rows: usize, columns: usize) -> Value {
    let values = vec![vec![""; columns]; rows];
    json!({"address": address, "addressLocal": address, "rowCount": rows, "columnCount": columns, "cellCount": rows * columns,
        "values": values, "formulas": values, "text": values})
}

/// Rows and columns of an address such as `A1:B2`.
fn size(address: &str) -> Option<(usize, usize)> {
    let (from, to) = address.split_once(':').unwrap_or((address, address));
    let ((r1, c1), (r2, c2)) = (cell(from)?, cell(to)?);
    (r2 >= r1 && c2 >= c1).then(|| (r2 - r1 + 1, c2 - c1 + 1))
}

fn cell(text: &str) -> Option<(usize, usize)> {
    let letters = text.find(|c: char| c.is_ascii_digit())?;
    let (column, row) = text.split_at(letters);
    let known = !column.is_empty() && column.len() < 4 && column.chars().all(|c| c.is_ascii_uppercase());
    let column = column.bytes().fold(0, |n, b| n * 26 + usize::from(b - b'A') + 1);
    known.then_some((row.parse().ok().filter(|r| (1..=1_048_576).contains(r))?, column))
}
