//! `plan` for people: the requests of a run, none of which was sent.

use crate::local::output::answer::Plan;
use crate::local::output::style::Style;
use crate::local::output::table::{Cell, Column, Row, table};
use crate::local::output::text::{count, hanging, printable};

const COLUMNS: [Column; 4] =
    [Column::new("wave"), Column::new("method"), Column::new("operation"), Column::new("request").dispensable(1)];

/// The plan as a table, or why it is empty.
pub(crate) fn plan(style: &Style, plan: &Plan) -> String {
    let seed = plan.seed;
    if plan.plan.is_empty() {
        let message = plan.message.as_deref().unwrap_or("Nothing to send.");
        return hanging("", &printable(message), style.width);
    }
    let rows: Vec<Row> = plan
        .plan
        .iter()
        .map(|call| {
            let url = call.url.split('?').next().unwrap_or_default();
            [&call.wave.to_string(), &call.method, &call.operation, url].map(Cell::new).to_vec().into()
        })
        .collect();
    let (requests, waves) = (count(plan.plan.len(), "request"), count(plan.waves, "wave"));
    let account = printable(&plan.account);
    let summary = format!("{account}: {requests} in {waves}, seed {seed}. Nothing was sent.");
    format!("{}\n{}", table(style, &COLUMNS, &rows), hanging("", &summary, style.width))
}
