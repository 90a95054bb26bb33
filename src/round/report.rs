//! The report of a round: the answer to a tick, one log line, one line of metrics.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tracing::info;

use crate::domain::seed::Seed;
use crate::telemetry::{METRICS, as_fields};

/// Counts of one round; the names are part of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RoundReport {
    /// Accounts that were due.
    pub due: u32,
    /// Of those, claimed by this round.
    pub claimed: u32,
    /// Of those, sent to workers; `None` where the round runs accounts itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<u32>,
    /// Runs with a token and at least one call that succeeded.
    pub succeeded: u32,
    pub failed: u32,
    /// Accounts that are paused after this round's run or probe.
    pub paused: u32,
    /// Paused accounts whose probe succeeded.
    pub resumed: u32,
    /// Left for the next tick.
    pub deferred: u32,
    pub calls_ok: u32,
    pub calls_failed: u32,
    pub calls_throttled: u32,
    /// The fewest days left of a subscription, and of a credential, among the accounts that know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_to_renewal: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_days_left: Option<i64>,
    pub seed: Seed,
    pub duration_ms: i64,
    #[serde(skip)]
    started_at: DateTime<Utc>,
    /// A worker is told which accounts to run; it does not look for due ones.
    #[serde(skip)]
    by_worker: bool,
}

impl RoundReport {
    pub(crate) fn new(seed: Seed, started_at: DateTime<Utc>) -> Self {
        Self {
            due: 0,
            claimed: 0,
            queued: None,
            succeeded: 0,
            failed: 0,
            paused: 0,
            resumed: 0,
            deferred: 0,
            calls_ok: 0,
            calls_failed: 0,
            calls_throttled: 0,
            days_to_renewal: None,
            credential_days_left: None,
            seed,
            duration_ms: 0,
            started_at,
            by_worker: false,
        }
    }

    /// Of a worker. It has no metric `Due`: samples of that metric count rounds.
    pub(crate) fn of_worker(seed: Seed, started_at: DateTime<Utc>) -> Self {
        Self { by_worker: true, ..Self::new(seed, started_at) }
    }

    /// Logs the report. Metrics only when the round completed: the missing-rounds alarm counts them.
    pub(crate) fn finish(&mut self, now: DateTime<Utc>, completed: bool) {
        self.duration_ms = (now - self.started_at).num_milliseconds();
        info!(fields = as_fields(&json!({"round": self})), "round");
        if completed {
            info!(target: METRICS, fields = as_fields(&self.metrics()));
        }
    }

    /// CloudWatch's embedded metric format: one line, no dimension, so that the cost does not grow with accounts.
    ///
    /// Source: docs.aws.amazon.com, "Specification: Embedded metric format".
    pub(crate) fn metrics(&self) -> Value {
        let mut metrics = vec![
            ("Due", self.due),
            ("Claimed", self.claimed),
            ("Succeeded", self.succeeded),
            ("Failed", self.failed),
            ("Paused", self.paused),
            ("Deferred", self.deferred),
            ("CallsOk", self.calls_ok),
            ("CallsFailed", self.calls_failed),
            ("CallsThrottled", self.calls_throttled),
        ];
        metrics.retain(|(name, _)| !(self.by_worker && *name == "Due"));
        let mut names: Vec<Value> = metrics.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
        names.push(json!({"Name": "RoundDuration", "Unit": "Milliseconds"}));
        let mut event = json!({
            "level": "INFO",
            "_aws": {
                "Timestamp": self.started_at.timestamp_millis(),
                "CloudWatchMetrics": [{"Namespace": "E5Evergreen", "Dimensions": [[]]}]
            },
            "RoundDuration": self.duration_ms
        });
        for (name, value) in metrics {
            event[name] = json!(value);
        }
        // Left out where no account knows: an invented number would raise an alarm, or hide one.
        for (name, days) in [("DaysToRenewal", self.days_to_renewal), ("CredentialDaysLeft", self.credential_days_left)]
        {
            if let Some(days) = days {
                names.push(json!({"Name": name, "Unit": "None"}));
                event[name] = json!(days);
            }
        }
        event["_aws"]["CloudWatchMetrics"][0]["Metrics"] = json!(names);
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_no_dimension_and_a_value_for_each_name_with_days_only_where_known() {
        let mut round = RoundReport::new(Seed::new(1), Utc::now());
        for (days, metrics) in [(None, 10), (Some(3), 12)] {
            (round.days_to_renewal, round.credential_days_left) = (days, days);
            let line = round.metrics();
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!(directive["Dimensions"], json!([[]]));
            let named = directive["Metrics"].as_array().unwrap();
            assert_eq!(named.len(), metrics);
            for metric in named {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
            }
            assert_eq!(line.get("DaysToRenewal").and_then(Value::as_i64), days);
        }
    }
}
