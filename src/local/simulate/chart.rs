//! The growth curves as one SVG, readable on a light and on a dark background.

use std::fmt::Write;

use super::day::Day;
use super::table::grouped;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}\
.grid{stroke:#d1d9e0}.line{fill:none;stroke-width:2}.one{stroke:#0969da;color:#0969da}.fan{stroke:#bc4c00;color:#bc4c00}\
.thin{stroke-dasharray:5 4}.dot{fill:currentColor;stroke:none}.ground{fill:#fff}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}.one{stroke:#58a6ff;color:#58a6ff}\
.fan{stroke:#ffa657;color:#ffa657}.ground{fill:#0d1117}}";

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 380.0;
/// Top, bottom and width of each panel's plot area.
const TOP: f64 = 60.0;
const BOTTOM: f64 = 310.0;
const PLOT_WIDTH: f64 = 320.0;

/// A panel with powers of ten on both axes.
struct Panel {
    left: f64,
    x: (i32, i32),
    y: (i32, i32),
}

impl Panel {
    fn place(&self, accounts: f64, value: f64) -> (f64, f64) {
        let share = |value: f64, (low, high): (i32, i32)| {
            (value.max(1.0).log10() - f64::from(low)) / f64::from((high - low).max(1))
        };
        (self.left + PLOT_WIDTH * share(accounts, self.x), BOTTOM - (BOTTOM - TOP) * share(value, self.y))
    }

    fn axes(&self, title: &str, svg: &mut String) {
        let _ = write!(svg, "<text class=\"title\" x=\"{}\" y=\"{}\">{title}</text>", self.left, TOP - 20.0);
        for power in self.y.0..=self.y.1 {
            let (x, y) = self.place(10_f64.powi(self.x.0), 10_f64.powi(power));
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                x + PLOT_WIDTH,
                x - 8.0,
                y + 4.0,
                power_of_ten(power)
            );
        }
        for power in self.x.0..=self.x.1 {
            let (x, y) = self.place(10_f64.powi(power), 1.0_f64.max(10_f64.powi(self.y.0)));
            let _ = write!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                y + 20.0,
                power_of_ten(power)
            );
        }
    }

    fn curve(&self, class: &str, points: &[(f64, f64)], svg: &mut String) {
        let places: Vec<String> = points
            .iter()
            .map(|(accounts, value)| {
                let (x, y) = self.place(*accounts, *value);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let _ = write!(svg, "<polyline class=\"line {class}\" points=\"{}\"/>", places.join(" "));
        for place in &places {
            let (x, y) = place.split_once(',').unwrap_or_default();
            let _ = write!(svg, "<circle class=\"dot {class}\" cx=\"{x}\" cy=\"{y}\" r=\"3\"/>");
        }
    }
}

fn power_of_ten(power: i32) -> String {
    grouped(10_usize.saturating_pow(power.unsigned_abs()))
}

/// The powers of ten that enclose the values.
fn span(values: impl Iterator<Item = f64>) -> (i32, i32) {
    let (low, high) = values.fold((f64::MAX, 1.0_f64), |(low, high), value| (low.min(value.max(1.0)), high.max(value)));
    #[expect(clippy::cast_possible_truncation, reason = "powers of ten of what a day can hold")]
    let powers = (low.min(high).log10().floor() as i32, high.log10().ceil() as i32);
    (powers.0, powers.1.max(powers.0 + 1))
}

/// Draws the curves of the days in memory: lateness, and accounts waiting.
pub(super) fn svg(days: &[Day]) -> String {
    let series = [("one", "one invocation"), ("fan", "fan-out")];
    let shown: Vec<&Day> = days.iter().filter(|day| series.iter().any(|(_, name)| *name == day.series)).collect();
    let of = |name: &str, value: &dyn Fn(&Day) -> f64| -> Vec<(f64, f64)> {
        shown.iter().filter(|day| day.series == name).map(|day| (f64::from(day.accounts), value(day))).collect()
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds and accounts of a day")]
    let (p50, p99, waiting) =
        (|day: &Day| day.p50 as f64, |day: &Day| day.p99 as f64, |day: &Day| day.waiting[1] as f64);
    let x = span(shown.iter().map(|day| f64::from(day.accounts)));
    let lateness = Panel { left: 80.0, x, y: span(shown.iter().flat_map(|day| [p50(day), p99(day)])) };
    let depth = Panel { left: 510.0, x, y: span(shown.iter().map(|day| waiting(day))) };

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Lateness of runs and accounts waiting, by number of accounts\"><style>{STYLE}</style>\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>"
    );
    lateness.axes("seconds late: p50 (solid), p99 (dashed)", &mut svg);
    depth.axes("accounts waiting at a tick, most after noon", &mut svg);
    for (index, (class, name)) in (0_u8..).zip(series) {
        lateness.curve(class, &of(name, &p50), &mut svg);
        lateness.curve(&format!("{class} thin"), &of(name, &p99), &mut svg);
        depth.curve(class, &of(name, &waiting), &mut svg);
        let at = 250.0 + 200.0 * f64::from(index);
        let _ = write!(
            svg,
            "<line class=\"line {class}\" x1=\"{at}\" y1=\"358\" x2=\"{}\" y2=\"358\"/><text x=\"{}\" y=\"362\">{name}</text>",
            at + 28.0,
            at + 36.0
        );
    }
    svg.push_str("<text x=\"80\" y=\"362\">x: accounts</text></svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_point_is_inside_its_panel() {
        let day = |series, accounts: u32, p99| Day {
            series,
            accounts,
            runs: 1,
            ran: 1,
            first_p99: 1,
            p50: 0,
            p99,
            waiting: [5, accounts as usize],
            stale: 0,
            dollars: 0.1,
            wall: Duration::ZERO,
        };
        let days =
            [day("one invocation", 1000, 300), day("one invocation", 1_000_000, 40_000), day("fan-out", 3000, 7)];
        let svg = svg(&days);
        let circles: Vec<&str> = svg.split("<circle ").skip(1).collect();
        assert_eq!(circles.len(), 9);
        for circle in circles {
            let number = |name: &str| -> f64 {
                circle.split_once(name).and_then(|(_, rest)| rest.split('"').next()).unwrap().parse().unwrap()
            };
            let (x, y) = (number("cx=\""), number("cy=\""));
            assert!((80.0..=400.0).contains(&x) || (510.0..=830.0).contains(&x), "{circle}");
            assert!((TOP..=BOTTOM).contains(&y), "{circle}");
        }
        assert!(svg.contains("prefers-color-scheme:dark") && svg.contains(">1,000,000<"));
    }
}
