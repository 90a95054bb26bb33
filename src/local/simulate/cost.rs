//! What a month costs, if every day were the simulated one. Prices and sizes are read from `infra/cost.py`.

use std::collections::HashMap;

use anyhow::Context;

use super::capacity::Topology;
use crate::round::SECRETS_PER_REQUEST;
use crate::round::fan_out::MESSAGES_PER_REQUEST;

const ACCOUNTS_PER_SECRET: f64 = 50.0;

/// What a day used; times in milliseconds.
#[derive(Default)]
pub struct Used {
    runs: f64,
    running: f64,
    ticks: f64,
    ticking: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a day's milliseconds, and a handful of accounts")]
impl Used {
    pub fn run(&mut self, takes: i64) {
        self.runs += 1.0;
        self.running += takes as f64;
    }

    pub fn tick(&mut self, takes: i64) {
        self.ticks += 1.0;
        self.ticking += takes as f64;
    }

    /// Dollars a month for each account.
    ///
    /// # Errors
    /// Where `infra/cost.py` does not say what something costs.
    pub fn month(&self, accounts: u32, form: Topology) -> anyhow::Result<f64> {
        let figures = Figures::of(include_str!("../../../infra/cost.py"));
        let figure = |name: &str| figures.get(name);
        let accounts = f64::from(accounts.max(1));
        let days = figure("HOURS")? / 24.0;
        let (runs, ticks, syncs) = (self.runs * days, self.ticks * days, figure("SYNCS")?);
        // Lambda, queue and secrets work in groups: of a round's own, or of a message batch.
        let fan_out = matches!(form, Topology::FanOut { .. });
        let group = if fan_out { MESSAGES_PER_REQUEST } else { SECRETS_PER_REQUEST } as f64;
        let messages = if fan_out { runs / group } else { 0.0 };
        let working = if fan_out { self.running * days / group } else { 0.0 };
        let seconds = (self.ticking * days + working) / 1000.0 + syncs * figure("SECONDS_IDLE")?;
        let invocations = ticks + syncs + messages;
        let writes = figure("WRITES_PER_RUN")? + if fan_out { figure("WRITES_TO_TAKE_OVER")? } else { 0.0 };
        let reads = ticks * figure("READS_PER_IDLE_TICK")? + syncs * accounts * figure("ITEM_KB")? / 4.0;
        let secrets = (accounts / ACCOUNTS_PER_SECRET).ceil();
        let polls = if fan_out { figure("POLLS")? } else { 0.0 };
        let log_kb =
            runs * figure("LOG_KB_PER_RUN")? + invocations * (figure("LOG_KB_PER_ROUND")? + figure("LAMBDA_LOG_KB")?);
        let dollars = seconds * figure("MEMORY_GB")? * figure("lambda_gb_second")?
            + invocations * figure("lambda_request")?
            + runs * writes * figure("dynamodb_write")?
            + reads * figure("dynamodb_read")?
            + (runs * figure("ROW_KB")? + accounts * figure("ITEM_KB")?) / 1e6 * figure("dynamodb_gb")?
            + secrets * figure("secret")?
            + (runs / group + syncs * (secrets / 100.0).ceil()) * figure("secret_call")?
            + (messages * 3.0 + polls) * figure("sqs_request")?
            + (ticks + syncs) * figure("schedule")?
            + log_kb / 1e6 * figure("log_gb")?
            + figure("METRICS")? * figure("metric")?
            + figure("ALARMS")? * figure("alarm")?
            + figure("DASHBOARDS")? * figure("dashboard")?;
        Ok(dollars / accounts)
    }
}

/// The numbers that `infra/cost.py` names: by assignment, and in its list of prices.
struct Figures<'a>(HashMap<&'a str, f64>);

impl<'a> Figures<'a> {
    fn of(script: &'a str) -> Self {
        let mut figures = Self(HashMap::new());
        for line in script.lines().map(|line| line.split('#').next().unwrap_or_default().trim_end()) {
            let price = line.strip_prefix("    \"").and_then(|line| line.trim_end_matches(',').split_once("\": "));
            let Some((names, values)) = price.or_else(|| line.split_once(" = ")) else { continue };
            for (name, value) in names.split(", ").zip(values.split(", ")) {
                if let Some(value) = figures.sum(value) {
                    figures.0.insert(name, value);
                }
            }
        }
        figures
    }

    fn get(&self, name: &str) -> anyhow::Result<f64> {
        self.0.get(name).copied().with_context(|| format!("infra/cost.py has no number {name}"))
    }

    fn sum(&self, text: &str) -> Option<f64> {
        text.split(" + ").map(|text| self.product(text)).sum()
    }

    fn product(&self, text: &str) -> Option<f64> {
        let mut words = text.split(' ');
        let number = |word: &str| word.parse().ok().or_else(|| self.0.get(word).copied());
        let mut product = number(words.next()?)?;
        while let Some(sign) = words.next() {
            let factor = number(words.next()?)?;
            product = match sign {
                "*" => product * factor,
                "/" => product / factor,
                _ => return None,
            };
        }
        Some(product)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the table of `infra/DEPLOY.md`, which `infra/cost.py` prints, says of a thousand accounts.
    fn printed() -> [f64; 2] {
        let table = include_str!("../../../infra/DEPLOY.md");
        let all = table.lines().find(|line| line.starts_with("| **all** |")).unwrap();
        let dollars: Vec<f64> =
            all.split("**$").skip(1).map(|cell| cell.split("**").next().unwrap().parse().unwrap()).collect();
        [dollars[3], dollars[4]]
    }

    #[test]
    fn a_thousand_accounts_cost_what_the_guide_to_deployment_says() {
        // As the script counts: a run each 2.5 h, of 4.1 requests of 0.8 s; thirty-three a tick, thirty-two at once.
        let (one, fan_out) = (Topology::OneInvocation { concurrency: 32 }, Topology::FanOut { workers: 5 });
        for (form, tick, printed) in [(one, 6560, printed()[0]), (fan_out, 100, printed()[1])] {
            let mut used = Used::default();
            (0..9600).for_each(|_| used.run(3280));
            (0..288).for_each(|_| used.tick(tick));
            let month = used.month(1000, form).unwrap() * 1000.0;
            assert!((month / printed - 1.0).abs() < 0.05, "{form:?}: {month} is not {printed}");
        }
    }

    #[test]
    fn figures_are_read_as_python_reads_them() {
        let figures = Figures::of(
            "HOURS = 730\nPOLLS = HOURS * 3600 / 20 * 5\nA, B = 12, 8  # two\n    \"gb\": 0.25 + 0.20,  # kept\nC = (A)\n",
        );
        let got = ["HOURS", "POLLS", "A", "B", "gb"].map(|name| figures.get(name).unwrap());
        assert_eq!(got, [730.0, 657_000.0, 12.0, 8.0, 0.45]);
        assert!(figures.get("C").is_err());
    }
}
