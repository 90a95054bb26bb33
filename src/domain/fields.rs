//! Fields of a JSON object, read one by one. Errors name the field and never print a value.

use serde_json::{Map, Value};
use thiserror::Error;

/// Why one field is refused; `field` is its path, e.g. `policy.interval_seconds.min`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` {problem}")]
pub struct FieldError {
    pub field: String,
    pub problem: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, problem: impl ToString) -> Self {
        Self { field: field.into(), problem: problem.to_string() }
    }
}

/// The fields of an object that are not taken yet. Any left at [`Fields::finish`] is unknown.
pub struct Fields {
    path: String,
    object: Map<String, Value>,
}

impl Fields {
    /// `path` is the name of the object itself, empty at the top.
    pub fn of(path: &str, value: Value) -> Result<Self, FieldError> {
        match value {
            Value::Object(object) => Ok(Self { path: path.to_owned(), object }),
            _ => Err(FieldError::new(if path.is_empty() { "the secret" } else { path }, "must be a JSON object")),
        }
    }

    pub fn path(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// The field's value; JSON `null` counts as left out.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.object.remove(field).filter(|value| !value.is_null())
    }

    pub fn error(&self, field: &str, problem: impl ToString) -> FieldError {
        FieldError::new(self.path(field), problem)
    }

    /// A string that is not blank.
    pub fn string(&mut self, field: &str) -> Result<Option<String>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(self.error(field, "must be a string that is not empty")),
        }
    }

    pub fn required_text(&mut self, field: &str) -> Result<String, FieldError> {
        self.string(field)?.ok_or_else(|| self.error(field, "is missing"))
    }

    pub fn bool(&mut self, field: &str) -> Result<Option<bool>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.error(field, "must be true or false")),
        }
    }

    /// A whole number within `min..=max`.
    pub fn integer(&mut self, field: &str, min: u32, max: u32) -> Result<Option<u32>, FieldError> {
        let Some(value) = self.take(field) else { return Ok(None) };
        value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (min..=max).contains(number))
            .map(Some)
            .ok_or_else(|| self.error(field, format!("must be a whole number from {min} to {max}")))
    }

    /// A list of strings.
    pub fn strings(&mut self, field: &str) -> Result<Option<Vec<String>>, FieldError> {
        let Some(value) = self.take(field) else { return Ok(None) };
        let problem = || self.error(field, "must be a list of strings");
        let Value::Array(items) = value else { return Err(problem()) };
        items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(problem()),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    pub fn object(&mut self, field: &str) -> Result<Option<Fields>, FieldError> {
        let path = self.path(field);
        self.take(field).map(|value| Fields::of(&path, value)).transpose()
    }

    /// Refuses a field that was not taken: a misspelt one must not be ignored.
    pub fn finish(self) -> Result<(), FieldError> {
        match self.object.keys().next() {
            None => Ok(()),
            Some(field) => Err(self.error(&printable(field), "is not a known field")),
        }
    }
}

/// A field's name as it may be printed: a secret may have been pasted in place of a name.
pub fn printable(name: &str) -> String {
    let plain = name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-. @".contains(c));
    if plain { name.to_owned() } else { "(a name that is not printed)".to_owned() }
}
