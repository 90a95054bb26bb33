//! Tables without borders: on a terminal as wide as it is, in a pipe one unwrapped line per row.

use crate::local::output::style::{Paint, Style};
use crate::local::output::text::{hanging, pad, printable, width, wrap};

const GAP: &str = "  ";
/// A wrapped column is never narrower.
const MIN_WRAPPED: usize = 16;

pub(crate) struct Column {
    title: &'static str,
    /// Breaks between words where the terminal is narrow. Other columns are never broken.
    wraps: bool,
    /// The order in which columns are left out on a narrow terminal, the highest first; 0: never.
    dispensable: u8,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    paint: Paint,
}

/// A row, with a sentence below it.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub cells: Vec<Cell>,
    pub note: Option<String>,
}

impl Column {
    pub(crate) const fn new(title: &'static str) -> Self {
        Self { title, wraps: false, dispensable: 0 }
    }

    pub(crate) const fn wrapped(title: &'static str) -> Self {
        Self { title, wraps: true, dispensable: 0 }
    }

    pub(crate) const fn dispensable(mut self, order: u8) -> Self {
        self.dispensable = order;
        self
    }
}

impl Cell {
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self { text: printable(text.as_ref()), paint: Paint::Plain }
    }

    pub(crate) fn painted(text: impl AsRef<str>, paint: Paint) -> Self {
        Self { paint, ..Self::new(text) }
    }
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        Self { cells, note: None }
    }
}

/// The table, without a line break at its end.
pub(crate) fn table(style: &Style, columns: &[Column], rows: &[Row]) -> String {
    let natural: Vec<usize> = (0..columns.len()).map(|at| natural_width(columns, rows, at)).collect();
    let shown = style.width.map_or_else(|| (0..columns.len()).collect(), |limit| fitting(columns, &natural, limit));
    let widths = style.width.map_or_else(|| natural.clone(), |limit| shrunk(columns, &natural, &shown, limit));
    let heading = columns.iter().map(|column| Cell::painted(column.title, Paint::Heading)).collect();
    let mut lines = Vec::new();
    for row in std::iter::once(&Row { cells: heading, note: None }).chain(rows) {
        lines.extend(row_lines(style, &row.cells, &shown, &widths));
        if let Some(note) = &row.note {
            lines.push(hanging("  └ ", &printable(note), style.width));
        }
    }
    lines.join("\n")
}

fn natural_width(columns: &[Column], rows: &[Row], at: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.cells.get(at)).map(|cell| width(&cell.text));
    cells.chain([width(columns[at].title)]).max().unwrap_or_default()
}

/// The columns that fit, when those that wrap are as narrow as they may be.
fn fitting(columns: &[Column], natural: &[usize], limit: usize) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    loop {
        let least = |at: &usize| if columns[*at].wraps { natural[*at].min(MIN_WRAPPED) } else { natural[*at] };
        let total: usize = shown.iter().map(least).sum::<usize>() + GAP.len() * shown.len().saturating_sub(1);
        let next = shown.iter().filter(|at| columns[**at].dispensable > 0).max_by_key(|at| columns[**at].dispensable);
        match next.copied() {
            Some(left_out) if total > limit => shown.retain(|at| *at != left_out),
            _ => return shown,
        }
    }
}

/// The widths of the columns, with those that wrap made narrower until all fit.
fn shrunk(columns: &[Column], natural: &[usize], shown: &[usize], limit: usize) -> Vec<usize> {
    let mut widths = natural.to_vec();
    let gaps = GAP.len() * shown.len().saturating_sub(1);
    let total = |widths: &[usize]| shown.iter().map(|at| widths[*at]).sum::<usize>() + gaps;
    while total(&widths) > limit {
        let widest = shown.iter().filter(|at| columns[**at].wraps && widths[**at] > MIN_WRAPPED);
        match widest.max_by_key(|at| widths[**at]) {
            Some(at) => widths[*at] -= 1,
            None => break,
        }
    }
    widths
}

fn row_lines(style: &Style, cells: &[Cell], shown: &[usize], widths: &[usize]) -> Vec<String> {
    let broken: Vec<(usize, Vec<String>, Paint)> = shown
        .iter()
        .filter_map(|at| cells.get(*at).map(|cell| (*at, cell)))
        .map(|(at, cell)| {
            let fits = width(&cell.text) <= widths[at];
            let lines = if fits { vec![cell.text.clone()] } else { wrap(&cell.text, widths[at]) };
            (widths[at], lines, cell.paint)
        })
        .collect();
    let height = broken.iter().map(|(_, lines, _)| lines.len()).max().unwrap_or_default();
    let line = |number: usize| {
        let parts = broken.iter().map(|(width, lines, paint)| {
            let text = lines.get(number).map_or("", String::as_str);
            let filling = pad(text, *width)[text.len()..].to_owned();
            format!("{}{filling}", style.paint(text, *paint))
        });
        parts.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset};

    use super::*;
    use crate::local::output::style::Zone;

    const COLUMNS: [Column; 4] =
        [Column::new("id"), Column::new("path").dispensable(1), Column::wrapped("why"), Column::new("at")];

    fn shown(width: Option<usize>) -> String {
        let zone = Zone::Fixed(FixedOffset::east_opt(0).unwrap());
        let style = Style { width, colour: false, zone, now: DateTime::UNIX_EPOCH };
        let cells = ["mail.messages.list", "/me/messages", "the client secret is wrong: create one", "15 Jan 2027"];
        table(&style, &COLUMNS, &[cells.map(Cell::new).to_vec().into()])
    }

    #[test]
    fn narrow_terminal_drops_dispensable_columns_and_wraps_only_sentences() {
        let text = shown(Some(50));
        assert!(text.lines().all(|line| width(line) <= 50), "{text}");
        assert!(text.contains("mail.messages.list") && text.contains("15 Jan 2027") && !text.contains("/me"), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    #[test]
    fn wide_terminal_and_pipe_have_one_line_per_row() {
        for width in [Some(200), None] {
            assert_eq!(shown(width).lines().count(), 2);
        }
        assert!(shown(None).contains("/me/messages  the client secret is wrong: create one  15 Jan 2027"));
    }

    #[test]
    fn control_characters_are_never_printed() {
        let zone = Zone::Fixed(FixedOffset::east_opt(0).unwrap());
        let style = Style { width: None, colour: false, zone, now: DateTime::UNIX_EPOCH };
        let row = Row { cells: vec![Cell::new("a\u{1b}[2Jb")], note: Some("c\r\u{7}d".to_owned()) };
        let text = table(&style, &[Column::new("id")], &[row]);
        assert!(!text.contains(['\u{1b}', '\r', '\u{7}']) && text.contains(r"\u{1b}[2J"), "{text}");
    }
}
