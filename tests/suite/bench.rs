//! The benchmark on a few accounts: which figures it prints and which requests it counts, not how fast it is.

use std::process::Command;

use serde_json::Value;

#[test]
fn bench_prints_every_figure_and_counts_the_requests_of_twenty_accounts() {
    let arguments = "bench --accounts 20 --login-ms 0 --graph-ms 0 --concurrency 8 --json";
    let output = Command::new(env!("CARGO_BIN_EXE_evergreen")).args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    // One page of due accounts and one schema check of the runs table; two secret requests: the first returns 19 secrets and the default policy.
    for (field, count) in [
        ("accounts", 20.0),
        ("token_requests", 20.0),
        ("graph_requests", 20.0),
        ("dynamodb_requests", 62.0),
        ("secrets_requests", 2.0),
        ("ideal_s", 0.0),
    ] {
        assert_eq!(figures[field].as_f64(), Some(count), "{field} of {figures:#}");
    }
    for field in [
        "wall_s",
        "cpu_ms_per_account",
        "floor_cpu_ms_per_account",
        "cpu_ratio",
        "bare_floor_cpu_ms_per_account",
        "bare_cpu_ratio",
        "dynamodb_units",
    ] {
        assert!(figures[field].as_f64().is_some_and(|figure| figure > 0.0), "{field} of {figures:#}");
    }
    // Without a simulated response time there is no ideal to compare with.
    assert!(figures["wall_ratio"].is_null());
    if cfg!(target_os = "linux") {
        assert!(figures["peak_rss_mb"].as_f64().is_some_and(|peak| peak > 1.0), "{figures:#}");
    }
}
