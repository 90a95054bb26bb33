//! Resource usage of this process so far.

use std::time::Duration;

use anyhow::Context;

/// CPU time, user and system, of all threads.
#[cfg(unix)]
pub(super) fn cpu() -> anyhow::Result<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Ok(Duration::new(time.tv_sec.try_into().context("reading the CPU time")?, time.tv_nsec.try_into()?))
}

#[cfg(not(unix))]
pub fn cpu() -> anyhow::Result<Duration> {
    anyhow::bail!("the CPU time of a process is measured only on Unix")
}

/// Peak resident memory in MiB; `None` if the system does not report it.
pub(super) fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
