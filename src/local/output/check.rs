//! `check` for people: a line with a mark for each finding.

use crate::local::output::answer::{Check, Verdict};
use crate::local::output::style::{Paint, Style};
use crate::local::output::text::{hanging, pad, printable};

/// Columns of the longest name.
const NAME_COLUMNS: usize = 18;
/// Permissions and operations named in one line.
const MAX_NAMED: usize = 6;

/// The findings: ✓ good, ✗ not good, ? unknown.
pub(crate) fn check(style: &Style, check: &Check) -> String {
    let mut lines: Vec<String> = check.verdicts.iter().map(|verdict| line(style, verdict)).collect();
    let named = |title: &str, names: &[String]| {
        let some = names.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(MAX_NAMED);
        let more = if more > 0 { format!(" and {more} more (--json lists all)") } else { String::new() };
        hanging(&pad(title, NAME_COLUMNS + 2), &printable(&format!("{some}{more}")), style.width)
    };
    if !check.missing_permissions.is_empty() {
        lines.push(named("  missing", &check.missing_permissions));
    }
    if !check.never_drawn.is_empty() {
        lines.push(named("  skipped", &check.never_drawn));
    }
    lines.join("\n")
}

fn line(style: &Style, verdict: &Verdict) -> String {
    let (mark, paint) = match verdict.good {
        Some(true) => ("✓", Paint::Good),
        Some(false) => ("✗", Paint::Bad),
        None => ("?", Paint::Warning),
    };
    let name = pad(&printable(&verdict.about.replace('_', " ")), NAME_COLUMNS);
    let text = hanging(&format!("{mark} {name}"), &printable(&verdict.verdict), style.width);
    format!("{}{}", style.paint(mark, paint), &text[mark.len()..])
}
