//! The monthly cost if every day were the simulated one. Prices and quantities: `infra/prices.json`.

use anyhow::Context;
use serde::Deserialize;

use super::capacity::Topology;
use crate::round::SECRETS_PER_REQUEST;
use crate::round::fan_out::MESSAGES_PER_REQUEST;

const ACCOUNTS_PER_SECRET: f64 = 50.0;
const SECRETS_PER_LIST_REQUEST: f64 = 100.0;
const ITEM_KB_PER_READ_UNIT: f64 = 4.0;
/// One request to send a message batch, one to receive, one to delete.
const SQS_REQUESTS_PER_MESSAGE_BATCH: f64 = 3.0;
const HOURS_PER_DAY: f64 = 24.0;

/// What a day used; times in milliseconds.
#[derive(Default)]
pub(super) struct Usage {
    runs: f64,
    run_ms: f64,
    ticks: f64,
    tick_ms: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a day's milliseconds, and a handful of accounts")]
impl Usage {
    pub(super) fn add_run(&mut self, duration_ms: i64) {
        self.runs += 1.0;
        self.run_ms += duration_ms as f64;
    }

    pub(super) fn add_tick(&mut self, duration_ms: i64) {
        self.ticks += 1.0;
        self.tick_ms += duration_ms as f64;
    }

    /// Dollars per month and account.
    ///
    /// # Errors
    /// If `infra/prices.json` lacks a number.
    pub(super) fn month(&self, accounts: u32, topology: Topology) -> anyhow::Result<f64> {
        let Figures { prices, month, deployment, measured, estimated } =
            serde_json::from_str(include_str!("../../../infra/prices.json")).context("reading infra/prices.json")?;
        let accounts = f64::from(accounts.max(1));
        let days = month.hours / HOURS_PER_DAY;
        let (runs, ticks, syncs) = (self.runs * days, self.ticks * days, month.syncs);
        // Lambda, the queue and secrets work in groups: those of a round, or those of a message batch.
        let fan_out = matches!(topology, Topology::FanOut { .. });
        let group = if fan_out { MESSAGES_PER_REQUEST } else { SECRETS_PER_REQUEST } as f64;
        let messages = if fan_out { runs / group } else { 0.0 };
        let worker_ms = if fan_out { self.run_ms * days / group } else { 0.0 };
        let seconds = (self.tick_ms * days + worker_ms) / 1000.0 + syncs * estimated.seconds_per_idle_invocation;
        let invocations = ticks + syncs + messages;
        let writes = measured.writes_per_run + if fan_out { estimated.writes_per_handover } else { 0.0 };
        let reads = ticks * measured.reads_per_idle_tick + syncs * accounts * measured.item_kb / ITEM_KB_PER_READ_UNIT;
        let stored_gb = (runs * measured.row_kb + accounts * measured.item_kb) / 1e6;
        let secrets = (accounts / ACCOUNTS_PER_SECRET).ceil();
        let secrets_requests = runs / group + syncs * (secrets / SECRETS_PER_LIST_REQUEST).ceil();
        let polls = if fan_out { deployment.queue_polls_per_month } else { 0.0 };
        let alarms = deployment.alarms + if fan_out { deployment.alarms_of_fan_out } else { 0.0 };
        let log_kb = runs * measured.log_kb_per_run
            + invocations * (measured.log_kb_per_round + estimated.lambda_log_kb_per_invocation);
        let dollars = seconds * deployment.memory_gb * prices.lambda_gb_second
            + invocations * prices.lambda_request
            + runs * writes * prices.dynamodb_write_unit
            + reads * prices.dynamodb_read_unit
            + stored_gb * (prices.dynamodb_storage_gb_month + prices.dynamodb_backup_gb_month)
            + secrets * prices.secret_month
            + secrets_requests * prices.secrets_request
            + (messages * SQS_REQUESTS_PER_MESSAGE_BATCH + polls) * prices.sqs_request
            + (ticks + syncs) * prices.scheduler_invocation
            + log_kb / 1e6 * prices.log_gb
            + deployment.metrics * prices.metric_month
            + alarms * prices.alarm_month
            + deployment.dashboards * prices.dashboard_month;
        Ok(dollars / accounts)
    }
}

/// The numbers of `infra/prices.json` that this estimate takes.
#[derive(Deserialize)]
struct Figures {
    prices: Prices,
    month: Month,
    deployment: Deployment,
    measured: Measured,
    estimated: Estimated,
}

/// In dollars.
#[derive(Deserialize)]
struct Prices {
    lambda_gb_second: f64,
    lambda_request: f64,
    dynamodb_write_unit: f64,
    dynamodb_read_unit: f64,
    dynamodb_storage_gb_month: f64,
    dynamodb_backup_gb_month: f64,
    secret_month: f64,
    secrets_request: f64,
    scheduler_invocation: f64,
    sqs_request: f64,
    log_gb: f64,
    metric_month: f64,
    alarm_month: f64,
    dashboard_month: f64,
}

#[derive(Deserialize)]
struct Month {
    hours: f64,
    syncs: f64,
}

#[derive(Deserialize)]
struct Deployment {
    memory_gb: f64,
    queue_polls_per_month: f64,
    metrics: f64,
    alarms: f64,
    alarms_of_fan_out: f64,
    dashboards: f64,
}

#[derive(Deserialize)]
struct Measured {
    writes_per_run: f64,
    reads_per_idle_tick: f64,
    row_kb: f64,
    item_kb: f64,
    log_kb_per_run: f64,
    log_kb_per_round: f64,
}

#[derive(Deserialize)]
struct Estimated {
    writes_per_handover: f64,
    seconds_per_idle_invocation: f64,
    lambda_log_kb_per_invocation: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The totals for a thousand accounts in the table of `infra/DEPLOY.md`, which `infra/cost.py` prints.
    fn printed() -> [f64; 2] {
        let table = include_str!("../../../infra/DEPLOY.md");
        let all = table.lines().find(|line| line.starts_with("| **all** |")).unwrap();
        let dollars: Vec<f64> =
            all.split("**$").skip(1).map(|cell| cell.split("**").next().unwrap().parse().unwrap()).collect();
        [dollars[3], dollars[4]]
    }

    #[test]
    fn a_thousand_accounts_cost_what_the_deployment_guide_says() {
        // As the script counts: a run every 2.5 h, of 4.1 requests of 0.8 s; thirty-three per tick, thirty-two at once.
        let (one, fan_out) = (Topology::OneInvocation { concurrency: 32 }, Topology::FanOut { workers: 5 });
        for (topology, tick_ms, printed) in [(one, 6560, printed()[0]), (fan_out, 100, printed()[1])] {
            let mut usage = Usage::default();
            (0..9600).for_each(|_| usage.add_run(3280));
            (0..288).for_each(|_| usage.add_tick(tick_ms));
            let month = usage.month(1000, topology).unwrap() * 1000.0;
            assert!((month / printed - 1.0).abs() < 0.05, "{topology:?}: {month} is not {printed}");
        }
    }
}
