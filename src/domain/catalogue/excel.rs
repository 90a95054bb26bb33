//! A workbook of the run itself, inside its OneDrive folder. Delegated only, as Graph requires.

use serde_json::{Value, json};

use super::operation::{Body, Effect, Method, Need, Operation};
use super::permissions;
use super::service::Service;
use super::xlsx;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "workbook.upload",
        delegated: permissions::FILES_WRITE,
        needs: &[Need::id("parent-id", "drive.folder.create")],
        body: Body::Bytes {
            content_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            make: file,
        },
        effect: Effect::Inside,
        doc: page!("driveitem-put-content"),
        ..Operation::request(Method::Put, Service::Excel, "/me/drive/items/{parent-id}:/{workbook}:/content")
    },
    Operation {
        id: "workbook.worksheets.list",
        query: "$select=id,name",
        delegated: &["Files.ReadWrite"],
        needs: &[Need::id("driveItem-id", "workbook.upload")],
        doc: page!("workbook-list-worksheets"),
        ..Operation::get(Service::Excel, "/me/drive/items/{driveItem-id}/workbook/worksheets")
    },
    Operation {
        id: "workbook.worksheet.add",
        delegated: &["Files.ReadWrite"],
        needs: &[Need::id("driveItem-id", "workbook.upload")],
        body: Body::Json(sheet),
        effect: Effect::Inside,
        doc: page!("worksheetcollection-add"),
        ..Operation::request(Method::Post, Service::Excel, "/me/drive/items/{driveItem-id}/workbook/worksheets/add")
    },
    Operation {
        id: "workbook.usedRange",
        delegated: &["Files.ReadWrite"],
        needs: &[
            Need::id("driveItem-id", "workbook.upload"),
            Need::id("workbookWorksheet-id", "workbook.worksheets.list"),
        ],
        doc: page!("worksheet-usedrange"),
        ..Operation::get(
            Service::Excel,
            "/me/drive/items/{driveItem-id}/workbook/worksheets/{workbookWorksheet-id}/usedRange",
        )
    },
    Operation {
        id: "workbook.range.get",
        delegated: &["Files.ReadWrite"],
        needs: &[
            Need::id("driveItem-id", "workbook.upload"),
            Need::id("workbookWorksheet-id", "workbook.worksheets.list"),
        ],
        doc: page!("worksheet-range"),
        ..Operation::get(
            Service::Excel,
            "/me/drive/items/{driveItem-id}/workbook/worksheets/{workbookWorksheet-id}/range(address='{address}')",
        )
    },
    Operation {
        id: "workbook.tables.list",
        query: "$select=id,name",
        delegated: &["Files.Read", "Files.ReadWrite"],
        needs: &[Need::id("driveItem-id", "workbook.upload")],
        doc: page!("workbook-list-tables"),
        ..Operation::get(Service::Excel, "/me/drive/items/{driveItem-id}/workbook/tables")
    },
    // After the new sheet, although it does not use it: of two simultaneous writes to a workbook, one may get a 409.
    Operation {
        id: "workbook.table.add",
        delegated: &["Files.ReadWrite"],
        needs: &[
            Need::id("driveItem-id", "workbook.upload"),
            Need::id("workbookWorksheet-id", "workbook.worksheet.add"),
        ],
        body: Body::Json(table),
        effect: Effect::Inside,
        doc: page!("tablecollection-add"),
        ..Operation::request(Method::Post, Service::Excel, "/me/drive/items/{driveItem-id}/workbook/tables/add")
    },
    Operation {
        id: "workbook.table.rows.add",
        delegated: &["Files.ReadWrite"],
        needs: &[Need::id("driveItem-id", "workbook.upload"), Need::id("workbookTable-id", "workbook.table.add")],
        body: Body::Json(rows),
        effect: Effect::Inside,
        doc: page!("tablerowcollection-add"),
        ..Operation::request(
            Method::Post,
            Service::Excel,
            "/me/drive/items/{driveItem-id}/workbook/tables/{workbookTable-id}/rows/add",
        )
    },
];

/// The sheet that [`xlsx::workbook`] makes.
const SHEET: &str = "Sheet1";

fn file(contents: &mut Contents) -> Vec<u8> {
    let mut rows = vec![["Item", "Place", "Amount"].map(str::to_owned)];
    rows.extend((0..ROWS_OF_DATA).map(|_| line(contents)));
    xlsx::workbook(SHEET, &rows)
}

/// Below the header, both in the table and in the file.
const ROWS_OF_DATA: usize = 5;

fn line(contents: &mut Contents) -> [String; 3] {
    [contents.noun().to_owned(), contents.place(), contents.number(1..1000).to_string()]
}

fn sheet(contents: &mut Contents) -> Value {
    json!({ "name": format!("{} {}", contents.noun(), contents.hex_tag()) })
}

fn table(_: &mut Contents) -> Value {
    json!({ "address": format!("{SHEET}!A1:C{}", ROWS_OF_DATA + 1), "hasHeaders": true })
}

fn rows(contents: &mut Contents) -> Value {
    let count = contents.number(1..4);
    json!({ "values": (0..count).map(|_| line(contents)).collect::<Vec<_>>() })
}
