//! Where lines go in a process: one whole line at a time. A line that cannot be written (a full disk, a closed pipe) is
//! dropped: the log must not end the work that it reports.

use std::io::Write;

pub fn stdout(line: &str) {
    let _ = std::io::stdout().lock().write_all(format!("{line}\n").as_bytes());
}

pub fn stderr(line: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}
