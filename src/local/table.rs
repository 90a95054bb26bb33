//! Tables for people.

use comfy_table::{Table, presets};
use serde_json::Value;

/// A table with a line for each row, and a text for each column's field.
pub fn table(columns: &[(&str, &str)], rows: &[Value]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(columns.iter().map(|(title, _)| *title));
    for row in rows {
        table.add_row(columns.iter().map(|(_, field)| text(row.get(field))));
    }
    table.to_string()
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
