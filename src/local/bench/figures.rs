//! The figures of one benchmark, as JSON and for people.

use serde::Serialize;

use super::args::BenchArgs;
use super::recording::Traffic;
use super::{baseline, round};

/// Batches of one run of twelve reads, one after another.
const BATCHES_PER_RUN: u32 = 1;

/// The names are part of the contract.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Figures {
    pub accounts: u32,
    pub concurrency: u32,
    /// Duration of the round, in seconds.
    pub wall_s: f64,
    /// The shortest duration that the services' latencies allow: `ceil(accounts / concurrency)` times the latency of one
    /// token request and one batch.
    pub ideal_s: f64,
    /// `None` if the services have no latency.
    pub wall_ratio: Option<f64>,
    pub floor_wall_s: f64,
    pub accounts_per_s: f64,
    /// User and system time of the round's process.
    pub cpu_ms_per_account: f64,
    /// The same requests through the same clients: the AWS SDK's to AWS, the HTTP client's to the rest.
    pub floor_cpu_ms_per_account: f64,
    pub cpu_ratio: f64,
    /// The same bytes, all sent by the HTTP client: nothing is signed, built or parsed.
    pub bare_floor_cpu_ms_per_account: f64,
    pub bare_cpu_ratio: f64,
    /// MiB; `None` if the system does not report it.
    pub peak_rss_mb: Option<f64>,
    pub token_requests: u32,
    pub graph_requests: u32,
    pub dynamodb_requests: u32,
    /// Read and write units, as DynamoDB counts them.
    pub dynamodb_units: f64,
    pub secrets_requests: u32,
}

impl Figures {
    pub(crate) fn of(
        args: &BenchArgs,
        round: &round::Measured,
        traffic: &Traffic,
        baseline: &baseline::Measured,
        bare_baseline: &baseline::Measured,
    ) -> Self {
        let accounts = f64::from(args.accounts);
        let path_ms = args.login_ms + BATCHES_PER_RUN * args.graph_ms;
        let ideal_s = f64::from(args.accounts.div_ceil(args.concurrency)) * f64::from(path_ms) / 1000.0;
        let per_account = |cpu_s: f64| round_to(1000.0 * cpu_s / accounts, 4);
        Self {
            accounts: args.accounts,
            concurrency: args.concurrency,
            wall_s: round_to(round.wall_s, 4),
            ideal_s,
            wall_ratio: (ideal_s > 0.0).then(|| round_to(round.wall_s / ideal_s, 4)),
            floor_wall_s: round_to(baseline.wall_s, 4),
            accounts_per_s: round_to(accounts / round.wall_s, 2),
            cpu_ms_per_account: per_account(round.cpu_s),
            floor_cpu_ms_per_account: per_account(baseline.cpu_s),
            cpu_ratio: round_to(round.cpu_s / baseline.cpu_s, 4),
            bare_floor_cpu_ms_per_account: per_account(bare_baseline.cpu_s),
            bare_cpu_ratio: round_to(round.cpu_s / bare_baseline.cpu_s, 4),
            peak_rss_mb: round.peak_rss_mb.map(|peak| round_to(peak, 2)),
            token_requests: traffic.token_requests,
            graph_requests: traffic.graph_requests,
            dynamodb_requests: traffic.dynamodb_requests,
            dynamodb_units: traffic.dynamodb_units,
            secrets_requests: traffic.secrets_requests,
        }
    }

    /// Rows for people: figure, value, and what to compare it with.
    pub(crate) fn rows(&self) -> Vec<[String; 3]> {
        let accounts = f64::from(self.accounts);
        let row = |what: &str, figure: String, beside: String| [what.to_owned(), figure, beside];
        let requests = |what: &str, count: u32| {
            row(what, count.to_string(), format!("{:.2} per account", f64::from(count) / accounts))
        };
        let ratio = self.wall_ratio.map_or_else(String::new, |ratio| format!(", ratio {ratio:.2}"));
        vec![
            row(
                "wall time",
                format!("{:.2} s", self.wall_s),
                format!("ideal {:.2} s{ratio}; baseline {:.2} s", self.ideal_s, self.floor_wall_s),
            ),
            row("accounts per second", format!("{:.0}", self.accounts_per_s), String::new()),
            row(
                "CPU per account",
                format!("{:.2} ms", self.cpu_ms_per_account),
                format!("baseline {:.2} ms, ratio {:.2}", self.floor_cpu_ms_per_account, self.cpu_ratio),
            ),
            row(
                "",
                String::new(),
                format!("bare bytes {:.2} ms, ratio {:.2}", self.bare_floor_cpu_ms_per_account, self.bare_cpu_ratio),
            ),
            row(
                "peak memory",
                self.peak_rss_mb.map_or_else(|| "unknown".to_owned(), |peak| format!("{peak:.1} MiB")),
                String::new(),
            ),
            requests("token requests", self.token_requests),
            requests("Graph requests", self.graph_requests),
            requests("DynamoDB requests", self.dynamodb_requests),
            row(
                "DynamoDB units",
                format!("{:.1}", self.dynamodb_units),
                format!("{:.2} per account", self.dynamodb_units / accounts),
            ),
            requests("Secrets Manager requests", self.secrets_requests),
        ]
    }
}

fn round_to(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}
