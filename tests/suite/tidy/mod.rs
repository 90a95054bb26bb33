//! The project's rules as tests over its source text.

mod circles;
mod source;
mod words;

use std::fs;

use e5_evergreen::event::{self, EventError};

use source::{Source, files, sources};

/// Asserts that `complain` finds no fault in any line of code of the files.
#[track_caller]
fn check(folder: &str, concerns: impl Fn(&Source) -> bool, complaint: impl Fn(&Source, &str) -> Option<String>) {
    let files = sources(folder);
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| concerns(file)) {
        for (number, line) in file.code() {
            complaints
                .extend(complaint(file, line).map(|why| format!("{}:{number}: {why}: {}", file.path, line.trim())));
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Whether the line contains the whole word: `env` in `std::env::var`, not in `clap_env`.
fn word(line: &str, wanted: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(wanted)
        .any(|(at, _)| !line[..at].ends_with(part) && !line[at + wanted.len()..].starts_with(part))
}

fn first_of(line: &str, words: &[&str]) -> Option<String> {
    words.iter().find(|wanted| word(line, wanted)).map(|found| format!("`{found}` is not allowed here"))
}

/// The names that follow each mention of `prefix` in the line.
fn names_after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(prefix).map(move |(at, _)| {
        let rest = &line[at + prefix.len()..];
        rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default()
    })
}

#[test]
fn domain_imports_only_itself() {
    let app = ["tokio", "reqwest", "aws_config", "aws_sdk_dynamodb", "aws_sdk_secretsmanager", "async", "await"];
    let system = ["std::fs", "std::net", "std::env", "SystemTime", "Instant", "Utc::now", "Local::now", "SysRng"];
    let words = [&app[..], &system[..]].concat();
    check("src/domain", |_| true, |_, line| first_of(line, &words));
    check(
        "src/domain",
        |_| true,
        |_, line| {
            let stranger = names_after(line, "crate::").find(|name| *name != "domain");
            stranger.map(|name| format!("the domain uses `crate::{name}`"))
        },
    );
}

#[test]
fn time_and_randomness_are_read_only_at_the_edge() {
    let edge = ["src/adapters/system/clock.rs", "src/main.rs", "src/bootstrap.rs", "src/telemetry/layer.rs"];
    let inside = |file: &Source| !edge.contains(&&*file.path) && !file.within("src/local/");
    let words =
        ["Utc::now", "Local::now", "SystemTime", "Instant", "SysRng", "rand::rng", "thread_rng", "tokio::time::sleep"];
    check("src", inside, |_, line| first_of(line, &words));
}

#[test]
fn adapters_never_use_each_other() {
    // Shared by adapters: the HTTP stack, the reader of a header, the text of an SDK error.
    let shared = ["http", "retry_after", "sdk_error", "transport"];
    check(
        "src/adapters",
        |_| true,
        |file, line| {
            let own = file.path["src/adapters/".len()..].split(['/', '.']).next().unwrap_or_default();
            let other = names_after(line, "adapters::").find(|name| *name != own && !shared.contains(name));
            let deep = file.path.matches('/').count() > 2;
            let beside =
                names_after(line, "super::").find(|name| !shared.contains(name) && (!deep || *name == "super"));
            let declares = file.path == "src/adapters/mod.rs";
            other.or(beside).filter(|_| !declares).map(|name| format!("it uses the adapter `{name}`"))
        },
    );
}

#[test]
fn only_bootstrap_main_and_local_use_adapters() {
    let outside = |file: &Source| {
        !["src/adapters/", "src/local/"].iter().any(|folder| file.within(folder)) && file.path != "src/bootstrap.rs"
    };
    check("src", outside, |_, line| {
        (word(line, "adapters") && line != "pub mod adapters;").then(|| "it knows an adapter".to_owned())
    });
}

#[test]
fn only_main_and_local_use_local() {
    let function = |file: &Source| !file.within("src/local/") && file.path != "src/bin/evergreen.rs";
    check("src", function, |_, line| line.contains("local::").then(|| "it uses the local program".to_owned()));
}

#[test]
fn environment_is_read_in_one_file_per_program() {
    let readers = ["src/config.rs", "src/local/app.rs"];
    check(
        "src",
        |file| !readers.contains(&&*file.path),
        |_, line| first_of(line, &["env::var", "env::vars", "env::var_os", "env::vars_os"]),
    );
    check(
        "src",
        |file| file.path != "src/local/cli/args.rs",
        |_, line| {
            (line.contains("#[arg(") && word(line, "env")).then(|| "only the command line has variables".to_owned())
        },
    );
}

#[test]
fn nothing_is_printed_past_the_log() {
    let words = ["println!", "print!", "dbg!", "todo!", "unimplemented!"];
    check("src", |_| true, |_, line| first_of(line, &words));
    let speakers = ["src/telemetry/output.rs", "src/local/print.rs"];
    let words = ["eprintln!", "eprint!", "io::stdout", "io::stderr"];
    check("src", |file| !speakers.contains(&&*file.path), |_, line| first_of(line, &words));
}

#[test]
fn function_code_does_not_panic() {
    let function = |file: &Source| !file.within("src/local/");
    check("src", function, |_, line| {
        let calls =
            [".unwrap()", ".expect(", ".unwrap_err()", ".expect_err("].into_iter().find(|call| line.contains(call));
        calls
            .map(|call| format!("`{call}` is not allowed here"))
            .or_else(|| first_of(line, &["panic!", "unreachable!", "assert!", "assert_eq!", "assert_ne!"]))
    });
}

#[test]
fn each_file_starts_with_a_line_about_its_purpose() {
    for folder in ["src", "tests"] {
        for file in sources(folder) {
            assert!(file.text.starts_with("//! "), "{} must begin with `//! ` and a line on its purpose", file.path);
        }
    }
}

#[test]
fn files_stay_short() {
    const MOST: usize = 450;
    let longer = [
        ("tests/suite/support/lambda_runtime.rs", "a fake with its own tests"),
        ("tests/suite/support/secrets_manager.rs", "a fake with its own tests"),
        ("tests/suite/support/test_app.rs", "the app on fakes, with the helpers of the tests"),
    ];
    for file in sources("src").into_iter().chain(sources("tests")) {
        let lines = file.text.lines().count();
        let excused = longer.iter().any(|(path, _)| *path == file.path);
        assert!(lines < MOST || excused, "{} has {lines} lines: split it, or state the reason here", file.path);
    }
}

#[test]
fn every_action_has_an_example_event_and_every_example_is_accepted() {
    let mut actions = Vec::new();
    for path in files("events", "json") {
        let text = fs::read_to_string(&path).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        event::parse(&value).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        actions.extend(value["action"].as_str().map(str::to_owned));
    }
    let accepted = EventError::Unknown.to_string();
    let (_, list) = accepted.split_once("one of ").expect("the error lists what is accepted");
    for action in list.split(", ").map(|action| action.split(' ').next().unwrap_or_default()) {
        assert!(actions.contains(&action.to_owned()), "events/ has a file for `{action}`");
    }
}
