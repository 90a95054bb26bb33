//! Signals: the first asks the program to stop, the second ends it at once.

use std::sync::Arc;

use crate::app::App;
use crate::local::print;

/// The exit status of a program that a signal ended, as shells have it for Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Watches for Ctrl-C, and on Unix for SIGTERM and SIGHUP, while a command works. At the first, runs under way clean up
/// and are recorded; at the second, the process ends.
pub(super) fn stop_on_signal(app: &Arc<App>) -> std::io::Result<SignalWatcher> {
    let mut signals = Signals::listen()?;
    let app = Arc::clone(app);
    let watcher = tokio::spawn(async move {
        signals.next().await;
        print::note("stopping: runs under way clean up and are recorded; Ctrl-C again ends at once");
        app.stop.set();
        signals.next().await;
        print::note("ended at once: a later run deletes what the interrupted ones created");
        std::process::exit(INTERRUPTED);
    });
    Ok(SignalWatcher(watcher))
}

/// Stops watching when dropped.
pub(super) struct SignalWatcher(tokio::task::JoinHandle<()>);

impl Drop for SignalWatcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, close: ctrl_close()?, shutdown: ctrl_shutdown()? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
    }
}
