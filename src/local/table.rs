//! Tables for people.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

/// Columns of text where standard output is no terminal.
const WIDTH: u16 = 120;

/// A table with a line for each row, and a text for each column's field, as wide as the terminal at most.
pub fn table(columns: &[(&str, &str)], rows: &[Value]) -> String {
    let width = console::Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| columns);
    table_of_width(columns, rows, width)
}

fn table_of_width(columns: &[(&str, &str)], rows: &[Value], width: u16) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_text_is_wrapped_and_nothing_is_lost() {
        let why = "the client secret is wrong ".repeat(12);
        let rows = [json!({"account": "contoso-dev", "next": "2026-03-09T00:30:00Z", "why": why, "runs": 3})];
        let columns = [("account", "account"), ("next run", "next"), ("runs", "runs"), ("why paused", "why")];
        for width in [80, 120] {
            let table = table_of_width(&columns, &rows, width);
            assert!(table.lines().all(|line| line.chars().count() <= width.into()), "{table}");
            assert!(table.contains("contoso-dev") && table.contains("2026-03-09T00:30:00Z"), "{table}");
            assert_eq!(table.matches("wrong").count(), 12, "{table}");
        }
    }
}
