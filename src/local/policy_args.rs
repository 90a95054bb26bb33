//! The flags of `set-policy`: each is a field of the policy.

use clap::{ArgAction, Args};
use serde_json::{Map, Value, json};

#[derive(Clone, Debug, Default, Args)]
#[group(required = true, multiple = true)]
pub struct PolicyArgs {
    /// IANA time zone, e.g. Asia/Shanghai
    #[arg(long)]
    timezone: Option<String>,
    /// e.g. 09:00-18:30; 22:00-06:00 spans midnight
    #[arg(long, value_name = "FROM-TO", value_parser = span)]
    working_hours: Option<(String, String)>,
    /// e.g. mon,tue,wed
    #[arg(long, value_name = "DAYS", value_delimiter = ',')]
    working_days: Option<Vec<String>>,
    /// Seconds between runs, e.g. 3600-14400
    #[arg(long, value_name = "MIN-MAX", value_parser = range)]
    interval: Option<(u64, u64)>,
    /// Operations per run, e.g. 3-12
    #[arg(long, value_name = "MIN-MAX", value_parser = range)]
    calls: Option<(u64, u64)>,
    /// Operations to call without --include: gentle, balanced or full
    #[arg(long)]
    preset: Option<String>,
    /// Operations to call: ids or globs, e.g. 'mail.*,drive.get'
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    include: Option<Vec<String>>,
    /// Operations never to call: ids or globs
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    exclude: Option<Vec<String>>,
    /// Whether runs may create and delete objects of their own
    #[arg(long, action = ArgAction::Set)]
    writes: Option<bool>,
    /// Milliseconds between the batches of a run, e.g. 200-2000
    #[arg(long, value_name = "MIN-MAX", value_parser = range)]
    pacing: Option<(u64, u64)>,
    /// Whether the app's credential is renewed before it expires
    #[arg(long, action = ArgAction::Set)]
    renew_credential: Option<bool>,
    /// Failures in a row that pause the account, 1 to 10
    #[arg(long, value_name = "COUNT")]
    pause_after: Option<u64>,
    /// Fields to set back to their default
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    reset: Vec<String>,
    /// Any fields: JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    pub policy: Option<String>,
}

impl PolicyArgs {
    /// The changes of the flags, over those of `--policy`.
    pub fn changes(&self, base: Map<String, Value>) -> Map<String, Value> {
        let mut changes = base;
        let mut set = |field: &str, value: Option<Value>| {
            changes.extend(value.map(|value| (field.to_owned(), value)));
        };
        for field in &self.reset {
            set(field, Some(Value::Null));
        }
        let between = |range: Option<(u64, u64)>| range.map(|(min, max)| json!({"min": min, "max": max}));
        set("timezone", self.timezone.as_ref().map(|zone| json!(zone)));
        set("working_hours", self.working_hours.as_ref().map(|(from, to)| json!({"from": from, "to": to})));
        set("working_days", self.working_days.as_ref().map(|days| json!(days)));
        set("interval_seconds", between(self.interval));
        set("calls_per_run", between(self.calls));
        set("preset", self.preset.as_ref().map(|preset| json!(preset)));
        set("pacing", self.pacing.map(|(min, max)| json!({"min_ms": min, "max_ms": max})));
        set("renew_credential", self.renew_credential.map(Value::from));
        set("writes", self.writes.map(Value::from));
        set("pause_after", self.pause_after.map(Value::from));
        if self.include.is_some() || self.exclude.is_some() {
            let mut operations = Map::new();
            operations.extend(self.include.as_ref().map(|ids| ("include".to_owned(), json!(ids))));
            operations.extend(self.exclude.as_ref().map(|ids| ("exclude".to_owned(), json!(ids))));
            set("operations", Some(Value::Object(operations)));
        }
        changes
    }
}

fn span(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('-').ok_or("write FROM-TO, e.g. 09:00-18:30")?;
    Ok((from.trim().to_owned(), to.trim().to_owned()))
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let numbers =
        text.split_once('-').and_then(|(min, max)| Some((min.trim().parse().ok()?, max.trim().parse().ok()?)));
    numbers.ok_or_else(|| "write MIN-MAX, e.g. 3600-14400".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        policy: PolicyArgs,
    }

    #[test]
    fn flags_become_the_fields_of_the_policy() {
        let line = "x --timezone Asia/Shanghai --working-hours 09:00-18:30 --working-days mon,tue --interval 3600-7200 \
                    --calls 3-5 --include mail.*,drive.get --writes false --pause-after 4 --pacing 200-2000 --preset gentle --renew-credential true --reset first,second";
        let args = Line::try_parse_from(line.split_whitespace()).unwrap().policy;
        let expected = json!({
            "kept": 1, "timezone": "Asia/Shanghai", "working_hours": {"from": "09:00", "to": "18:30"},
            "working_days": ["mon", "tue"], "interval_seconds": {"min": 3600, "max": 7200},
            "calls_per_run": {"min": 3, "max": 5}, "operations": {"include": ["mail.*", "drive.get"]},
            "writes": false, "pause_after": 4, "first": null, "second": null,
            "pacing": {"min_ms": 200, "max_ms": 2000}, "preset": "gentle", "renew_credential": true
        });
        let base = json!({"kept": 1, "writes": true}).as_object().unwrap().clone();
        assert_eq!(Value::Object(args.changes(base)), expected);
    }

    #[test]
    fn no_flag_and_a_malformed_range_are_refused() {
        for line in ["x", "x --interval 3600", "x --calls a-b", "x --working-hours 9"] {
            assert!(Line::try_parse_from(line.split_whitespace()).is_err(), "{line}");
        }
    }
}
