//! Policy: the settings of an account: when it is called, how often, how many calls, and which operations.

mod operation_filter;
mod preset;
mod range;
pub mod schedule;
mod time_zone;
mod time_zone_names;
mod working_hours;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::fields::{FieldError, Fields};
use crate::domain::policy::operation_filter::OperationFilter;
use crate::domain::policy::preset::Preset;
use crate::domain::policy::range::{Pacing, Range};
use crate::domain::policy::time_zone::TimeZone;
use crate::domain::policy::time_zone_names::nearest_zone;
use crate::domain::policy::working_hours::{WorkingDays, WorkingHours};

/// Every field has a default; see DESIGN.md's contract for names, units and bounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Policy {
    pub timezone: TimeZone,
    pub working_hours: WorkingHours,
    pub working_days: WorkingDays,
    /// Seconds between runs, within 500..=86400.
    pub interval_seconds: Range,
    /// Operations drawn for a run, within 1..=40.
    pub calls_per_run: Range,
    /// `preset` and `operations`.
    #[serde(flatten)]
    pub operations: OperationFilter,
    /// Pauses between small batches; `None`: as few and full batches as possible, without a pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Pacing>,
    /// Whether operations that write may be drawn.
    pub writes: bool,
    /// Runs in a row that fail because of wrong configuration before the account is paused, 1..=10.
    pub pause_after: u32,
    /// Whether the account's credential is renewed before it expires.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub renew_credential: bool,
}

/// All fields of a policy.
const FIELDS: &[&str] = &[
    "timezone",
    "working_hours",
    "working_days",
    "interval_seconds",
    "calls_per_run",
    "preset",
    "operations",
    "pacing",
    "writes",
    "pause_after",
    "renew_credential",
];

/// Bounds of `interval_seconds`.
const INTERVAL_SECONDS: Range = Range { min: 500, max: 86_400 };
/// Bounds of `calls_per_run`.
const CALLS_PER_RUN: Range = Range { min: 1, max: 40 };

impl Default for Policy {
    fn default() -> Self {
        Self {
            timezone: TimeZone::UTC,
            working_hours: WorkingHours::ALL_DAY,
            working_days: WorkingDays::ALL,
            interval_seconds: Range { min: 3600, max: 14_400 },
            calls_per_run: Range { min: 3, max: 12 },
            operations: OperationFilter::default(),
            pacing: None,
            writes: true,
            pause_after: 3,
            renew_credential: false,
        }
    }
}

impl Policy {
    /// # Errors
    /// A mistake that does not keep an account from running: a glob of `operations.include` that matches no operation.
    pub fn check(&self) -> Result<(), FieldError> {
        self.operations.check("policy.operations")
    }

    /// Reads the `policy` object of a secret.
    ///
    /// # Errors
    /// The first field that is unknown, of the wrong type or out of range, by name and without its value.
    pub fn parse(value: Value) -> Result<Self, FieldError> {
        Self::default().with_overrides(value)
    }

    /// This policy with the given fields in place of its own. An object (a range, hours, operations) may give some of its
    /// fields.
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn with_overrides(&self, value: Value) -> Result<Self, FieldError> {
        let mut fields = Fields::new("policy", value, FIELDS)?;
        let mut policy = self.clone();
        if let Some(name) = fields.string("timezone")? {
            policy.timezone = TimeZone::parse(&name).ok_or_else(|| {
                let near = nearest_zone(&name).map(|zone| format!("; did you mean `{zone}`?")).unwrap_or_default();
                fields.error("timezone", format!("must be an IANA time zone such as `Europe/Berlin`{near}"))
            })?;
        }
        if let Some(hours) = fields.object("working_hours", WorkingHours::FIELDS, WorkingHours::EXAMPLE)? {
            policy.working_hours = policy.working_hours.with_overrides(hours)?;
        }
        if let Some(days) = fields.strings("working_days", r#"["mon", "tue"]"#)? {
            policy.working_days = WorkingDays::parse(&days).map_err(|error| fields.error("working_days", error))?;
        }
        if let Some(range) = fields.object("interval_seconds", Range::FIELDS, r#"{"min": 3600, "max": 14400}"#)? {
            policy.interval_seconds = Range::parse(range, INTERVAL_SECONDS, policy.interval_seconds)?;
        }
        if let Some(range) = fields.object("calls_per_run", Range::FIELDS, r#"{"min": 3, "max": 12}"#)? {
            policy.calls_per_run = Range::parse(range, CALLS_PER_RUN, policy.calls_per_run)?;
        }
        if let Some(word) = fields.word("preset", &Preset::WORDS)? {
            policy.operations.preset = Preset::parse(word).unwrap_or_default();
        }
        if let Some(operations) = fields.object("operations", OperationFilter::FIELDS, OperationFilter::EXAMPLE)? {
            policy.operations = policy.operations.with_overrides(operations)?;
        }
        if let Some(pacing) = fields.object("pacing", Pacing::FIELDS, Pacing::EXAMPLE)? {
            policy.pacing = Some(Pacing::parse(pacing)?);
        }
        policy.writes = fields.bool("writes")?.unwrap_or(policy.writes);
        policy.pause_after = fields.integer("pause_after", 1, 10)?.unwrap_or(policy.pause_after);
        policy.renew_credential = fields.bool("renew_credential")?.unwrap_or(policy.renew_credential);
        Ok(policy)
    }
}

/// Merges the changes into a policy's JSON: objects one level deep, `null` removes a field.
pub fn merge(policy: &mut Map<String, Value>, changes: Map<String, Value>) {
    for (name, change) in changes {
        match (policy.get_mut(&name), change) {
            (_, Value::Null) => {
                policy.remove(&name);
            }
            (Some(Value::Object(held)), Value::Object(change)) => {
                for (name, value) in change {
                    if value.is_null() {
                        held.remove(&name);
                    } else {
                        held.insert(name, value);
                    }
                }
            }
            (_, change) => {
                policy.insert(name, change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field_refused(policy: Value) -> String {
        let printed = policy.to_string();
        let error = Policy::parse(policy).expect_err(&printed);
        error.field
    }

    #[test]
    fn an_empty_policy_has_the_defaults_of_the_contract() {
        let policy = Policy::parse(json!({})).unwrap();
        assert_eq!(policy, Policy::default());
        assert_eq!(
            serde_json::to_value(&policy).unwrap(),
            json!({
                "timezone": "UTC",
                "working_hours": {"from": "00:00", "to": "24:00"},
                "working_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "interval_seconds": {"min": 3600, "max": 14400},
                "calls_per_run": {"min": 3, "max": 12},
                "operations": {"include": ["*"], "exclude": []},
                "writes": true,
                "pause_after": 3
            })
        );
    }

    #[test]
    fn the_policy_of_the_contract_serializes_to_the_same_json() {
        let written = json!({
            "timezone": "Asia/Shanghai",
            "working_hours": {"from": "09:00", "to": "18:30"},
            "working_days": ["mon", "tue", "wed", "thu", "fri"],
            "interval_seconds": {"min": 3600, "max": 14400},
            "calls_per_run": {"min": 3, "max": 12},
            "operations": {"include": ["*"], "exclude": ["mail.send_self", "teams.*"]},
            "writes": true,
            "pause_after": 3
        });
        assert_eq!(serde_json::to_value(Policy::parse(written.clone()).unwrap()).unwrap(), written);
    }

    #[test]
    fn the_ends_of_every_range_are_allowed_and_values_beyond_are_refused_by_name() {
        let ok = |policy: Value| assert!(Policy::parse(policy.clone()).is_ok(), "{policy}");
        ok(json!({"interval_seconds": {"min": 500, "max": 86400}}));
        ok(json!({"calls_per_run": {"min": 1, "max": 40}}));
        ok(json!({"pause_after": 1}));
        ok(json!({"pause_after": 10}));
        assert_eq!(field_refused(json!({"interval_seconds": {"min": 499}})), "policy.interval_seconds.min");
        assert_eq!(field_refused(json!({"interval_seconds": {"max": 86401}})), "policy.interval_seconds.max");
        assert_eq!(field_refused(json!({"calls_per_run": {"min": 0}})), "policy.calls_per_run.min");
        assert_eq!(field_refused(json!({"calls_per_run": {"max": 41}})), "policy.calls_per_run.max");
        assert_eq!(field_refused(json!({"pause_after": 0})), "policy.pause_after");
        assert_eq!(field_refused(json!({"pause_after": 11})), "policy.pause_after");
        ok(json!({"pacing": {"min_ms": 0, "max_ms": 60000}}));
        assert_eq!(field_refused(json!({"pacing": {"max_ms": 60001}})), "policy.pacing.max_ms");
        assert_eq!(field_refused(json!({"pacing": {"min_ms": 2, "max_ms": 1}})), "policy.pacing.min_ms");
        assert_eq!(field_refused(json!({"pacing": {}})), "policy.pacing.min_ms");
    }

    #[test]
    fn a_wrong_type_an_unknown_field_and_a_crossed_range_are_refused_by_name() {
        assert_eq!(field_refused(json!([])), "policy");
        assert_eq!(field_refused(json!({"writes": "yes"})), "policy.writes");
        assert_eq!(field_refused(json!({"timezone": "Mars/Olympus"})), "policy.timezone");
        assert_eq!(field_refused(json!({"intervall": 1})), "policy.intervall");
        assert_eq!(field_refused(json!({"interval_seconds": {"min": 5000.5}})), "policy.interval_seconds.min");
        assert_eq!(
            field_refused(json!({"interval_seconds": {"min": 7200, "max": 3600}})),
            "policy.interval_seconds.min"
        );
        assert_eq!(field_refused(json!({"working_hours": {"from": "9h"}})), "policy.working_hours.from");
        assert_eq!(field_refused(json!({"working_hours": {"to": "25:00"}})), "policy.working_hours.to");
        assert_eq!(field_refused(json!({"working_days": []})), "policy.working_days");
        assert_eq!(field_refused(json!({"working_days": ["monday!"]})), "policy.working_days");
        assert_eq!(field_refused(json!({"operations": {"include": [1]}})), "policy.operations.include");
        assert_eq!(field_refused(json!({"operations": {"only": ["*"]}})), "policy.operations.only");
    }

    #[test]
    fn an_accounts_own_fields_override_the_default_policy() {
        let default = Policy::parse(json!({
            "writes": false, "timezone": "Asia/Shanghai", "operations": {"exclude": ["teams.*"]},
            "working_hours": {"from": "09:00", "to": "18:00"}, "interval_seconds": {"min": 20000, "max": 30000}
        }))
        .unwrap();
        assert_eq!(default.with_overrides(json!({})).unwrap(), default);
        let own = json!({
            "timezone": "UTC", "operations": {"include": ["mail.*"]}, "working_hours": {"to": "17:00"},
            "interval_seconds": {"max": 600}
        });
        let policy = serde_json::to_value(default.with_overrides(own).unwrap()).unwrap();
        assert_eq!((&policy["writes"], &policy["timezone"]), (&json!(false), &json!("UTC")));
        assert_eq!(policy["operations"], json!({"include": ["mail.*"], "exclude": ["teams.*"]}));
        assert_eq!(policy["working_hours"], json!({"from": "09:00", "to": "17:00"}));
        assert_eq!(policy["interval_seconds"], json!({"min": 600, "max": 600}));
    }

    #[test]
    fn a_change_is_merged_one_level_deep_and_null_removes() {
        let mut policy = json!({"writes": true, "pause_after": 2, "operations": {"include": ["a"], "exclude": ["b"]}});
        let changes = json!({
            "writes": null, "pause_after": 5, "operations": {"exclude": null, "include": ["c"]}, "pacing": {"min_ms": 1}
        });
        merge(policy.as_object_mut().unwrap(), changes.as_object().unwrap().clone());
        assert_eq!(policy, json!({"pause_after": 5, "operations": {"include": ["c"]}, "pacing": {"min_ms": 1}}));
    }

    #[test]
    fn one_end_of_a_range_alone_moves_the_default_of_the_other_only_where_it_must() {
        let range = |value| Policy::parse(json!({"interval_seconds": value})).unwrap().interval_seconds;
        assert_eq!(range(json!({"min": 20000})), Range { min: 20_000, max: 20_000 });
        assert_eq!(range(json!({"min": 500})), Range { min: 500, max: 14_400 });
        assert_eq!(range(json!({"max": 600})), Range { min: 600, max: 600 });
    }
}
