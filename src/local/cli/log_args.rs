//! Log lines of a command: how many, in which form, and where they go.

use std::io::{IsTerminal, stderr, stdout};

use clap::{ArgAction, Args, ValueEnum};
use serde_json::Value;
use tracing::dispatcher;
use tracing::level_filters::LevelFilter;

use crate::local::output::log_line::{is_run, log_line};
use crate::local::print;
use crate::telemetry::{LogFormat, dispatch};

#[derive(Clone, Copy, Debug, Default, Args)]
pub struct LogArgs {
    /// Log more: each Graph call and token request; twice: everything
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Log less: warnings and errors; twice: only errors
    #[arg(short, long, global = true, action = ArgAction::Count)]
    quiet: u8,
    /// Form of log lines; without it, sentences for people
    #[arg(long, global = true, value_enum, value_name = "FORM")]
    log_format: Option<LogForm>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogForm {
    /// Time, level, message and fields on one line
    Text,
    /// One JSON object per line, as the function writes them
    Json,
}

/// The part that log lines play in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogRole {
    /// `serve`: the lines are the output.
    Output,
    /// `once`: sentences about runs are part of the output, other forms go beside it.
    Runs,
    /// The command prints an answer; warnings and errors go beside it.
    BesideAnswer,
    /// `event`: the answer is JSON, and so are the lines beside it, except on a terminal.
    BesideJson,
}

impl LogArgs {
    /// From now on, log lines are written. Returns whether they are sentences for people.
    pub fn start(self, role: LogRole, json: bool) -> bool {
        let level = match (self.verbose, self.quiet) {
            (0, 0) => LevelFilter::INFO,
            (0, 1) => LevelFilter::WARN,
            (0, _) => LevelFilter::ERROR,
            (1, _) => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        let form = self.form(role, json);
        let to_stdout = role == LogRole::Output || (role == LogRole::Runs && form.is_none());
        let (write, style): (fn(&str), fn() -> _) =
            if to_stdout { (print::line, print::output_style) } else { (print::note, print::note_style) };
        let runs = role != LogRole::BesideAnswer;
        let log = match form {
            None => dispatch(level, LogFormat::Json, move |line| {
                let Ok(line) = serde_json::from_str::<Value>(line) else { return };
                if (runs || !is_run(&line))
                    && let Some(text) = log_line(&style(), &line)
                {
                    write(&text);
                }
            }),
            Some(LogForm::Text) => dispatch(level, LogFormat::Short { colour: style().colour }, write),
            // Metrics are for CloudWatch.
            Some(LogForm::Json) => dispatch(level, LogFormat::Json, move |line| {
                if !line.contains("\"_aws\":") {
                    write(line);
                }
            }),
        };
        // It fails where a log was started before: nothing starts one twice.
        let _ = dispatcher::set_global_default(log);
        form.is_none()
    }

    /// The form of the lines; `None`: sentences.
    fn form(self, role: LogRole, json: bool) -> Option<LogForm> {
        let sentences = match role {
            _ if json => false,
            LogRole::Output => stdout().is_terminal(),
            LogRole::Runs | LogRole::BesideAnswer => true,
            LogRole::BesideJson => stderr().is_terminal(),
        };
        match (self.log_format, sentences) {
            (Some(form), _) => Some(form),
            (None, false) => Some(LogForm::Json),
            (None, true) if self.verbose > 0 => Some(LogForm::Text),
            (None, true) => None,
        }
    }
}
