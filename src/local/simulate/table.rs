//! The days as a table in Markdown.

use super::day::Day;

const HEAD: &str = "\
| series | accounts | runs | never ran | late, p50 | late, p99 | first run late, p99 | waiting, most | after noon | $/account/month | measured |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

pub(super) fn markdown(days: &[Day]) -> String {
    std::iter::once(HEAD.to_owned()).chain(days.iter().map(row)).collect::<Vec<_>>().join("\n")
}

fn row(day: &Day) -> String {
    let wall = day.wall.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "millions")]
    let each = wall * 1e6 / day.runs.max(1) as f64;
    let [before, after] = day.waiting;
    let cells = [
        day.series.to_owned(),
        grouped(day.accounts as usize),
        day.runs.to_string(),
        grouped((day.accounts - day.ran) as usize),
        format!("{} s", grouped(day.p50)),
        format!("{} s", grouped(day.p99)),
        format!("{} s", grouped(day.first_p99)),
        grouped(before.max(after)),
        grouped(after),
        format!("{:.4}", day.dollars),
        format!("{wall:.1} s, {each:.1} µs a run"),
    ];
    format!("| {} |", cells.join(" | "))
}

/// `1,234,567`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
