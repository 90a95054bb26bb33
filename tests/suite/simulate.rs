//! The simulation of very many accounts through the local program: it is reproducible and runs every account.

use std::process::Command;

/// Runs `evergreen simulate` on small days; returns the cells of its table, row by row, except the measured times.
fn simulated(seed: &str, table_accounts: &str) -> Vec<Vec<String>> {
    let sizes = ["--accounts", "40", "--table-accounts", table_accounts, "--shards", "1"];
    let arguments = [&["simulate", "--seed", seed], &sizes[..]].concat();
    let output = Command::new(env!("CARGO_BIN_EXE_evergreen")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let rows = printed.lines().filter(|line| line.starts_with("| "));
    let cells = |row: &str| row.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect::<Vec<_>>();
    let mut rows: Vec<_> = rows.map(cells).collect();
    for row in &mut rows {
        assert!(row.pop().is_some_and(|cell| cell == "measured" || cell.contains("µs a run") || cell.contains("---")));
    }
    rows
}

#[test]
fn simulated_day_is_reproducible_and_runs_every_account_after_it_is_due() {
    let rows = simulated("7", "2");
    assert_eq!(rows[3..], simulated("7", "0")[2..]);
    assert_ne!(rows[3..], simulated("8", "0")[2..]);
    assert_eq!(rows[0][1..6], ["accounts", "runs", "never ran", "late, p50", "late, p99"]);
    let days = &rows[2..];
    assert_eq!(days.iter().map(|row| &*row[0]).collect::<Vec<_>>(), ["tables", "one invocation", "fan-out"]);
    for row in days {
        let number = |cell: usize| -> u64 { row[cell].trim_end_matches(" s").replace(',', "").parse().unwrap() };
        let (accounts, runs, never_ran, p50, p99) = (number(1), number(2), number(3), number(4), number(5));
        assert_eq!(never_ran, 0, "{row:?}");
        // A run waits for a free slot, and a tick comes every five minutes.
        assert!(runs >= 5 * accounts && p50 <= p99 && p99 <= 302, "{row:?}");
        assert!(row[9].parse::<f64>().is_ok_and(|dollars| dollars > 0.0), "{row:?}");
    }
}
