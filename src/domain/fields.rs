//! Fields of a JSON object, read one by one. Errors name the field and never print a value.

use secrecy::zeroize::Zeroize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::domain::invisible::is_invisible;
use crate::domain::json;
use crate::domain::suggest;

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

/// The fields of an object that are not taken yet. An object may also be given as a text that holds its JSON, a number or
/// a flag as its text: forms that store flat strings do so.
pub struct Fields {
    path: String,
    object: Map<String, Value>,
    known: &'static [&'static str],
}

impl Fields {
    /// `path` is the name of the object itself, empty at the top; `known` are all fields that it may have.
    ///
    /// # Errors
    /// A value that is not an object; a field that is not known.
    pub fn new(path: &str, value: Value, known: &'static [&'static str]) -> Result<Self, FieldError> {
        let name = if path.is_empty() { "the secret" } else { path };
        let object = match value {
            Value::Object(object) => object,
            Value::String(mut text) => {
                let is_json = text.trim_start_matches(is_invisible).starts_with('{');
                let read = json::parse(&text);
                text.zeroize();
                match read {
                    Ok(Value::Object(object)) => object,
                    Err(error) if is_json => return Err(FieldError::new(name, error)),
                    _ => return Err(FieldError::new(name, "must be a JSON object")),
                }
            }
            _ => return Err(FieldError::new(name, "must be a JSON object")),
        };
        let object: Map<_, _> =
            object.into_iter().map(|(name, value)| (name.trim_matches(is_invisible).to_owned(), value)).collect();
        let fields = Self { path: path.to_owned(), object, known };
        match fields.object.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(fields),
            Some(name) => Err(fields.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> FieldError {
        let known = self.known.iter().copied();
        let problem = match suggest::nearest(name, known.clone()) {
            Some(near) => format!("is not a known field; did you mean `{near}`?"),
            None => format!("is not a known field; the fields are {}", suggest::list(known)),
        };
        self.error(&printable(name), problem)
    }

    pub fn path(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// The field's value; JSON `null` counts as left out.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        debug_assert!(self.known.contains(&field), "{field} is not among the known fields");
        self.object.remove(field).filter(|value| !value.is_null())
    }

    pub fn error(&self, field: &str, problem: impl ToString) -> FieldError {
        FieldError::new(self.path(field), problem)
    }

    /// A string that is not blank, without white space and invisible characters around it.
    pub fn string(&mut self, field: &str) -> Result<Option<String>, FieldError> {
        self.trimmed(field, is_invisible)
    }

    /// As [`Fields::string`], but with the plain spaces around it: a password may begin or end with one.
    pub fn password(&mut self, field: &str) -> Result<Option<String>, FieldError> {
        self.trimmed(field, |c| c != ' ' && is_invisible(c))
    }

    fn trimmed(&mut self, field: &str, padding: fn(char) -> bool) -> Result<Option<String>, FieldError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(mut text)) if !text.trim_matches(is_invisible).is_empty() => {
                let trimmed = text.trim_matches(padding);
                if trimmed.len() == text.len() {
                    return Ok(Some(text));
                }
                let trimmed = trimmed.to_owned();
                text.zeroize();
                Ok(Some(trimmed))
            }
            Some(_) => Err(self.error(field, "must be a string that is not empty")),
        }
    }

    pub fn required_string(&mut self, field: &str) -> Result<String, FieldError> {
        self.string(field)?.ok_or_else(|| self.error(field, "is missing"))
    }

    /// One of a closed set of words.
    pub fn word(&mut self, field: &str, words: &[&'static str]) -> Result<Option<&'static str>, FieldError> {
        let Some(text) = self.string(field)? else { return Ok(None) };
        words.iter().copied().find(|word| *word == text).map(Some).ok_or_else(|| {
            let near = suggest::did_you_mean(&text, words.iter().copied());
            self.error(field, format!("must be one of {}{near}", words.join(", ")))
        })
    }

    /// `true` or `false`, also as text.
    pub fn bool(&mut self, field: &str) -> Result<Option<bool>, FieldError> {
        let flag = match self.take(field) {
            None => return Ok(None),
            Some(Value::Bool(flag)) => Some(flag),
            Some(Value::String(text)) => match text.trim_matches(is_invisible).to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            Some(_) => None,
        };
        flag.map(Some).ok_or_else(|| self.error(field, "must be true or false"))
    }

    /// A whole number within `min..=max`, also as text.
    pub fn integer(&mut self, field: &str, min: u32, max: u32) -> Result<Option<u32>, FieldError> {
        let number = match self.take(field) {
            None => return Ok(None),
            Some(Value::String(text)) => text.trim_matches(is_invisible).parse().ok(),
            Some(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        number
            .filter(|number| (min..=max).contains(number))
            .map(Some)
            .ok_or_else(|| self.error(field, format!("must be a whole number from {min} to {max}")))
    }

    /// A list of strings, each without the white space around it; also as a text that holds the list's JSON. `example` is
    /// shown where it is something else.
    pub fn strings(&mut self, field: &str, example: &str) -> Result<Option<Vec<String>>, FieldError> {
        let Some(value) = self.take(field) else { return Ok(None) };
        let list = match value {
            Value::String(text) => json::parse(&text).unwrap_or_default(),
            value => value,
        };
        let strings = list.as_array().and_then(|items| {
            items.iter().map(|item| item.as_str().map(|text| text.trim_matches(is_invisible).to_owned())).collect()
        });
        strings.map(Some).ok_or_else(|| self.error(field, format!("must be a list of strings, like {example}")))
    }

    /// An object with the `known` fields. `example` is shown where it is something else.
    pub fn object(
        &mut self,
        field: &str,
        known: &'static [&'static str],
        example: &str,
    ) -> Result<Option<Fields>, FieldError> {
        let path = self.path(field);
        match self.take(field) {
            None => Ok(None),
            Some(value @ Value::Object(_)) => Fields::new(&path, value, known).map(Some),
            Some(Value::String(text)) if text.trim_start_matches(is_invisible).starts_with('{') => {
                Fields::new(&path, Value::String(text), known).map(Some)
            }
            Some(_) => Err(self.error(field, format!("must be like {example}"))),
        }
    }
}

/// A field's name as it may be printed: a secret may have been pasted in place of a name.
pub(crate) fn printable(name: &str) -> String {
    let plain =
        (1..=40).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-. @".contains(c));
    if plain { name.to_owned() } else { "(a name that is not printed)".to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const KNOWN: &[&str] = &["writes", "pause_after", "names", "range", "timezone"];

    fn fields(value: Value) -> Fields {
        Fields::new("policy", value, KNOWN).unwrap()
    }

    fn refused(value: Value) -> String {
        Fields::new("policy", value, KNOWN).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_nearest_one_or_all() {
        for (field, message) in [
            ("wirtes", "`policy.wirtes` is not a known field; did you mean `writes`?"),
            ("pauseAfter", "`policy.pauseAfter` is not a known field; did you mean `pause_after`?"),
            (
                "colour",
                "`policy.colour` is not a known field; the fields are `writes`, `pause_after`, `names`, `range`, `timezone`",
            ),
            (
                "q~secret",
                "`policy.(a name that is not printed)` is not a known field; the fields are `writes`, `pause_after`, `names`, `range`, `timezone`",
            ),
        ] {
            assert_eq!(refused(json!({field: 1})), message);
        }
        assert!(
            Fields::new("policy", json!({" writes\u{200b}": true}), KNOWN).unwrap().bool("writes").unwrap().unwrap()
        );
    }

    #[test]
    fn an_object_may_be_given_as_its_json_text() {
        assert_eq!(fields(json!("\u{feff} {\"writes\": false}\n")).bool("writes"), Ok(Some(false)));
        assert_eq!(refused(json!("writes")), "`policy` must be a JSON object");
        assert_eq!(refused(json!("[]")), "`policy` must be a JSON object");
        assert_eq!(
            refused(json!("{\"writes\": false,}")),
            "`policy` is not JSON (line 1, column 17): a comma follows the last entry; remove it"
        );
    }

    #[test]
    fn flags_numbers_and_lists_may_be_given_as_text() {
        let flag = |value: Value| fields(json!({"writes": value})).bool("writes");
        assert_eq!((flag(json!(" TRUE ")), flag(json!("false"))), (Ok(Some(true)), Ok(Some(false))));
        assert_eq!(flag(json!("yes")).unwrap_err().to_string(), "`policy.writes` must be true or false");
        let number = |value: Value| fields(json!({"pause_after": value})).integer("pause_after", 1, 10);
        assert_eq!((number(json!(" 3\n")), number(json!(10))), (Ok(Some(3)), Ok(Some(10))));
        for wrong in [json!("3.5"), json!(0), json!("11"), json!(true), json!(-1), json!("")] {
            let message = number(wrong).unwrap_err().to_string();
            assert_eq!(message, "`policy.pause_after` must be a whole number from 1 to 10");
        }
        let list = |value: Value| fields(json!({"names": value})).strings("names", "[\"a\"]");
        assert_eq!(list(json!("[\"a\", \" b \"]")), Ok(Some(vec!["a".to_owned(), "b".to_owned()])));
        for wrong in [json!("a"), json!({}), json!([1]), json!(1)] {
            let message = list(wrong).unwrap_err().to_string();
            assert_eq!(message, "`policy.names` must be a list of strings, like [\"a\"]");
        }
    }

    #[test]
    fn a_password_keeps_its_spaces_and_loses_line_ends() {
        let password = |text: &str| fields(json!({"names": text})).password("names").unwrap().unwrap();
        assert_eq!(password(" p w \r\n"), " p w ");
        assert_eq!(password("\u{feff}pw\u{200b}"), "pw");
        assert!(fields(json!({"names": " \n"})).password("names").is_err());
    }

    #[test]
    fn a_number_in_place_of_an_object_is_refused_with_an_example() {
        let message = fields(json!({"range": 5})).object("range", &["min"], "{\"min\": 3}").map(|_| ()).unwrap_err();
        assert_eq!(message.to_string(), "`policy.range` must be like {\"min\": 3}");
    }

    proptest! {
        #[test]
        fn a_string_is_trimmed_of_padding_only(text in "[a-z ]{0,6}", before in "[ \\n\u{a0}\u{200b}\u{feff}\u{2060}]{0,3}") {
            let read = fields(json!({"names": format!("{before}{text}{before}")})).string("names");
            match text.trim() {
                "" => prop_assert!(read.is_err()),
                text => prop_assert_eq!(read, Ok(Some(text.to_owned()))),
            }
        }
    }
}
