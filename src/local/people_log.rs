//! Log lines of the local program: for people, or as JSON.

use serde_json::Value;

use crate::local::output::log_line::{is_run, log_line};
use crate::local::output::style::Style;
use crate::local::print;
use crate::ports::Journal;

/// Writes log lines to one of the standard streams.
#[derive(Clone, Copy, Debug)]
pub struct PeopleLog {
    form: Form,
    /// A line for each run; without it, only warnings and errors.
    runs: bool,
    style: fn() -> Style,
    write: fn(&str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    People,
    Json,
}

impl PeopleLog {
    /// To standard error, beside a command's own answer.
    pub fn beside_answer(json: bool) -> Self {
        Self { form: Self::form(json), runs: false, style: print::note_style, write: print::note }
    }

    /// To standard output with a line for each run, where that is the answer.
    pub fn as_answer(json: bool) -> Self {
        Self { form: Self::form(json), runs: true, style: print::output_style, write: print::line }
    }

    const fn form(json: bool) -> Form {
        if json { Form::Json } else { Form::People }
    }

    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }
}

impl Journal for PeopleLog {
    fn write(&self, line: &Value) {
        // Metrics are for CloudWatch.
        if line.get("_aws").is_some() {
            return;
        }
        if self.is_json() {
            (self.write)(&line.to_string());
        } else if self.runs || !is_run(line) {
            if let Some(text) = log_line(&(self.style)(), line) {
                (self.write)(&text);
            }
        }
    }
}
