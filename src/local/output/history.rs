//! `history` for people: past runs with their duration and the services that they called.

use crate::local::output::answer::{History, PastRun};
use crate::local::output::style::{Paint, Style};
use crate::local::output::table::{Cell, Column, Row, table};
use crate::local::output::text::services;
use crate::local::output::time::{elapsed, moment};

const COLUMNS: [Column; 5] = [
    Column::new("started"),
    Column::new("took").dispensable(1),
    Column::new("outcome"),
    Column::new("calls"),
    Column::wrapped("services"),
];

/// The runs, the newest first, with the reason below one that failed.
pub(crate) fn history(style: &Style, history: &History) -> String {
    let rows: Vec<Row> = history.runs.iter().map(|run| row(style, run)).collect();
    table(style, &COLUMNS, &rows)
}

fn row(style: &Style, run: &PastRun) -> Row {
    let good = run.outcome == "succeeded";
    let cells = vec![
        Cell::new(moment(style, run.started_at)),
        Cell::new(elapsed(run.ended_at - run.started_at)),
        Cell::painted(if good { "ok" } else { &run.outcome }, if good { Paint::Good } else { Paint::Bad }),
        Cell::new(calls(run.calls_ok, run.calls_failed, run.calls_throttled)),
        Cell::new(services(run.calls.iter().map(|call| call.operation.as_str()))),
    ];
    Row { cells, note: run.reason.clone() }
}

/// `14 ok`, `14 ok, 2 failed`.
pub(crate) fn calls(ok: u32, failed: u32, throttled: u32) -> String {
    let part = |count: u32, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let parts: Vec<String> =
        [part(ok, "ok"), part(failed, "failed"), part(throttled, "throttled")].into_iter().flatten().collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}
