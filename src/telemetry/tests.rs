//! What is written of which events, and how.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;
use tracing::{Span, dispatcher, info, warn};

use super::*;

/// The lines that `events` write.
fn lines(level: LevelFilter, format: LogFormat, events: impl FnOnce()) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let log = dispatch(level, format, move |line| kept.lock().unwrap().push(line.to_owned()));
    dispatcher::with_default(&log, events);
    std::mem::take(&mut *lines.lock().unwrap())
}

fn json_lines(level: LevelFilter, events: impl FnOnce()) -> Vec<Value> {
    lines(level, LogFormat::Json, events).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_holds_time_level_message_and_nested_fields() {
    let nested = json!({"round": {"due": 3, "seed": 7}, "failures": [{"operation": "mail.list"}]});
    let written = json_lines(LevelFilter::INFO, || info!(fields = as_fields(&nested), count = 2, "round"));
    let [line] = &written[..] else { panic!("{written:?}") };
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&line["level"], &line["message"], &line["count"]), (&json!("INFO"), &json!("round"), &json!(2)));
    assert_eq!((&line["round"], &line["failures"]), (&nested["round"], &nested["failures"]));
    assert_eq!(line.as_object().unwrap().len(), 6);
}

#[test]
fn lines_inherit_the_fields_of_the_spans_around_them_also_below_their_level() {
    let written = json_lines(LevelFilter::ERROR, || {
        let _invocation = invocation_span("r-1", true).entered();
        let _run = run_span("a", "0f").entered();
        tracing::error!(account = "b", "inner");
    });
    assert_eq!(written.len(), 1);
    let line = &written[0];
    assert_eq!((&line["requestId"], &line["cold_start"]), (&json!("r-1"), &json!(true)));
    assert_eq!((&line["account"], &line["run_id"]), (&json!("b"), &json!("0f")), "the innermost value counts");
}

#[test]
fn a_field_recorded_later_is_inherited_too() {
    let written = json_lines(LevelFilter::INFO, || {
        let span = tracing::error_span!("late", found = tracing::field::Empty);
        span.record("found", 3);
        let _entered = span.entered();
        info!("after");
    });
    assert_eq!(written[0]["found"], 3);
}

#[test]
fn events_of_other_crates_are_written_at_no_level() {
    let written = json_lines(LevelFilter::TRACE, || {
        for span in [tracing::error_span!(target: "hyper", "foreign", secret = "s"), Span::none()] {
            let _entered = span.entered();
            tracing::error!(target: "hyper::proto", "foreign");
            tracing::error!(target: "e5_evergreen_other", "foreign");
            tracing::trace!("own");
        }
    });
    assert_eq!(written.iter().map(|line| &line["message"]).collect::<Vec<_>>(), ["own", "own"]);
    assert!(written.iter().all(|line| line.get("secret").is_none()));
}

#[test]
fn lines_above_the_level_are_not_written_but_metrics_always_are() {
    let metrics = json!({"_aws": {}, "Due": 1});
    let events = || {
        info!("quiet");
        warn!("loud");
        info!(target: METRICS, fields = as_fields(&metrics));
    };
    let written = json_lines(LevelFilter::WARN, events);
    assert_eq!(written.len(), 2);
    assert_eq!((&written[0]["message"], &written[1]["Due"]), (&json!("loud"), &json!(1)));
    assert!(written[1].get("message").is_none());
    let text = lines(LevelFilter::WARN, LogFormat::Text, events);
    assert!(text[0].ends_with(" WARN loud") && text[1].starts_with("{\"Due\":1,\"_aws\":{}"), "{text:?}");
    assert_eq!(lines(LevelFilter::WARN, LogFormat::Short { colour: false }, events).len(), 1);
}

#[test]
fn text_keeps_every_field_and_no_value_can_begin_a_line_or_steer_a_terminal() {
    let fields = json!({"account": "a", "error": "it\nbroke \u{1b}[2J\u{9b}", "round": {"due": 0}});
    let written = lines(LevelFilter::INFO, LogFormat::Text, || warn!(fields = as_fields(&fields), "x\ny"));
    let (_, line) = written[0].split_once(' ').unwrap();
    let expected = r#"WARN x\ny account=a error="it\nbroke \u001b[2J\u{9b}" round={"due":0}"#;
    assert_eq!(line, expected);
}

#[test]
fn short_lines_leave_out_what_is_empty_and_are_coloured_only_where_asked() {
    let fields = json!({
        "round": {"due": 3, "failed": 0, "queued": null}, "failures": [], "operations": ["a", "b"], "reason": "a b"
    });
    let events = || warn!(fields = as_fields(&fields), "round");
    let plain = lines(LevelFilter::INFO, LogFormat::Short { colour: false }, events);
    assert_eq!(&plain[0][8..], r#" WARN  round operations=2 reason="a b" due=3"#);
    let coloured = lines(LevelFilter::INFO, LogFormat::Short { colour: true }, events);
    assert_eq!(&coloured[0][8..], format!(" \u{1b}[33mWARN \u{1b}[0m{}", &plain[0][14..]));
}
