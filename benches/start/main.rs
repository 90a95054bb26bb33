//! From the start of the function's process to its first poll of the Lambda runtime API, beside an empty function.
//!
//! `cargo bench --bench start` builds both as they are deployed (the release profile, without the local program), starts
//! them by turns against a runtime API on loopback, and prints the medians, the ratio and the sizes.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts of each program; the first one is not counted.
const STARTS: usize = 51;

fn main() {
    let programs = build();
    let mut times = programs.clone().map(|_| Vec::new());
    for start in 0..=STARTS {
        for (program, times) in programs.iter().zip(&mut times) {
            let took = first_poll(program);
            if start > 0 {
                times.push(took);
            }
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    println!("start to first poll, median of {STARTS}:");
    for (program, median) in programs.iter().zip(medians) {
        println!("  {:<16} {:6.2} ms   {}", name(program), 1000.0 * median.as_secs_f64(), sizes(program));
    }
    println!("  ratio            {:6.2}", medians[0].as_secs_f64() / medians[1].as_secs_f64());
}

/// Paths of the function and of the empty function.
fn build() -> [PathBuf; 2] {
    let cargo = std::env::var_os("CARGO").expect("cargo runs this");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/start");
    // One after the other: in one build, Cargo would unify their features.
    for package in ["e5-evergreen", "empty_function"] {
        let mut build = Command::new(&cargo);
        build.args(["build", "--release", "--no-default-features", "--target-dir"]).arg(&target);
        build.args(["--package", package, "--bin", package]);
        assert!(build.status().expect("cargo can be started").success(), "the functions can be built");
    }
    ["e5-evergreen", "empty_function"].map(|package| target.join("release").join(package))
}

/// Starts the program, waits until it polls for an event, and kills it.
fn first_poll(program: &Path) -> Duration {
    let runtime = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = runtime.local_addr().expect("an address").to_string();
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    command.envs([
        ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", "e5-evergreen"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/e5-evergreen"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDBENCH"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_SESSION_TOKEN", "bench"),
        ("ACCOUNTS_TABLE", "accounts"),
        ("RUNS_TABLE", "runs"),
    ]);
    let started = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let (connection, _) = runtime.accept().expect("the program connects");
    let mut request = String::new();
    BufReader::new(connection).read_line(&mut request).expect("the program polls");
    let took = started.elapsed();
    assert!(request.starts_with("GET /2018-06-01/runtime/invocation/next "), "{request}");
    child.kill().expect("the program runs");
    child.wait().expect("the program ends");
    took
}

fn name(program: &Path) -> &str {
    program.file_name().and_then(|name| name.to_str()).expect("a name")
}

/// Size of the program, and of a zip archive of it where `zip` is installed.
fn sizes(program: &Path) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let binary = std::fs::metadata(program).expect("the program exists").len();
    let zip = Command::new("zip").args(["-q", "-9", "-j", "-"]).arg(program).output();
    let zipped = match zip {
        Ok(zip) if zip.status.success() => format!("zip {:.2} MB", megabytes(zip.stdout.len() as u64)),
        _ => "zip unknown (`zip` is not installed)".to_owned(),
    };
    format!("binary {:.2} MB, {zipped}", megabytes(binary))
}
