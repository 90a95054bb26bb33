//! The supported part of `$filter`: comparisons, `startswith`, `any(c:c eq ...)`, joined by `and`.

use std::cmp::Ordering;

use chrono::DateTime;
use serde_json::{Number, Value};

use crate::state::store::Object;

#[derive(Debug, PartialEq)]
pub(crate) enum Term {
    Compare { property: String, operator: String, value: Value },
    StartsWith { property: String, prefix: String },
    Any { property: String, value: Value },
}

impl Term {
    pub(crate) fn property(&self) -> &str {
        match self {
            Self::Compare { property, .. } | Self::StartsWith { property, .. } | Self::Any { property, .. } => property,
        }
    }

    pub(crate) fn holds(&self, object: &Object) -> bool {
        let found = self.property().split('/').try_fold(None, |at: Option<&Value>, name| {
            Some(Some(match at {
                None => object.get(name)?,
                Some(value) => value.get(name)?,
            }))
        });
        let found = found.flatten().unwrap_or(&Value::Null);
        match self {
            Self::StartsWith { prefix, .. } => {
                found.as_str().is_some_and(|t| t.to_lowercase().starts_with(&prefix.to_lowercase()))
            }
            Self::Any { value, .. } => found.as_array().is_some_and(|all| all.iter().any(|v| same(v, value))),
            Self::Compare { operator, value, .. } => match operator.as_str() {
                "eq" => same(found, value),
                "ne" => !same(found, value),
                other => order(found, value).is_some_and(|o| match other {
                    "gt" => o == Ordering::Greater,
                    "ge" => o != Ordering::Less,
                    "lt" => o == Ordering::Less,
                    _ => o != Ordering::Greater,
                }),
            },
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let time = |v: &Value| DateTime::parse_from_rfc3339(v.as_str()?).ok();
    match (time(a), time(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => Some(a.as_str()?.cmp(b.as_str()?)),
        },
    }
}

/// Parses a filter; the error is Graph's message.
pub(super) fn parse(text: &str) -> Result<Vec<Term>, String> {
    terms(text).iter().map(|t| term(t.trim()).ok_or_else(|| format!("Invalid filter clause: {t}"))).collect()
}

/// Splits at ` and ` outside quotes.
fn terms(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut quoted = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            quoted = !quoted;
        }
        if !quoted && rest.starts_with(" and ") {
            all.push(String::new());
            rest = &rest[5..];
            continue;
        }
        all.last_mut().expect("one term").push(c);
        rest = &rest[c.len_utf8()..];
    }
    all
}

fn term(text: &str) -> Option<Term> {
    if let Some(inside) = text.strip_prefix("startswith(").and_then(|t| t.strip_suffix(')')) {
        let (property, value) = inside.split_once(',')?;
        let Value::String(prefix) = literal(value.trim())? else { return None };
        return name(property.trim()).map(|property| Term::StartsWith { property, prefix });
    }
    if let Some((property, inside)) = text.strip_suffix(')').and_then(|t| t.split_once("/any(")) {
        let (variable, clause) = inside.split_once(':')?;
        let value = clause.trim().strip_prefix(variable.trim())?.trim().strip_prefix("eq ")?;
        return Some(Term::Any { property: name(property)?, value: literal(value.trim())? });
    }
    let mut parts = text.splitn(3, ' ');
    let (property, operator, value) = (parts.next()?, parts.next()?, parts.next()?);
    let known = matches!(operator, "eq" | "ne" | "gt" | "ge" | "lt" | "le");
    known.then_some(())?;
    Some(Term::Compare { property: name(property)?, operator: operator.into(), value: literal(value.trim())? })
}

fn name(text: &str) -> Option<String> {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '/' || c == '_');
    plain.then(|| text.to_owned())
}

fn literal(text: &str) -> Option<Value> {
    if let Some(quoted) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        let closed = !quoted.replace("''", "").contains('\'');
        return closed.then(|| Value::String(quoted.replace("''", "'")));
    }
    match text {
        "true" => Some(true.into()),
        "false" => Some(false.into()),
        "null" => Some(Value::Null),
        _ => match text.parse::<i64>() {
            Ok(n) => Some(Value::Number(Number::from(n))),
            Err(_) => DateTime::parse_from_rfc3339(text).ok().map(|_| text.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(filter: &str, object: Value) -> bool {
        let terms = parse(filter).expect("a filter");
        terms.iter().all(|t| t.holds(object.as_object().expect("an object")))
    }

    #[test]
    fn terms_joined_by_and_must_all_hold() {
        let group = json!({"displayName": "Evergreen and others", "groupTypes": ["Unified"], "mailEnabled": true});
        assert!(holds("startswith(displayName,'Evergreen and') and mailEnabled eq true", group.clone()));
        assert!(holds("groupTypes/any(c:c eq 'Unified')", group.clone()));
        assert!(!holds("groupTypes/any(c: c eq 'Unified') and displayName eq 'x'", group));
    }

    #[test]
    fn times_are_compared_across_offsets() {
        let event = json!({"createdDateTime": "2026-01-01T00:00:00Z"});
        assert!(holds("createdDateTime lt 2026-01-01T02:00:00+01:00", event));
    }

    #[test]
    fn an_unsupported_filter_is_refused() {
        for filter in ["contains(subject,'x')", "a eq", "a eq 'x' or b eq 'y'", "not a eq 'x'", "a eq 'it's'"] {
            assert!(parse(filter).is_err(), "{filter}");
        }
    }
}
