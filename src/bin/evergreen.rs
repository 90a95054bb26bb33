//! The local program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    e5_evergreen::local::cli::main().await
}
