//! The local program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match e5_evergreen::local::cli::main().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evergreen: {error:#}");
            ExitCode::FAILURE
        }
    }
}
