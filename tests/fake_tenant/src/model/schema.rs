//! Checks bodies against Microsoft's model, name by name and type by type.

use chrono::{DateTime, NaiveDate, NaiveTime};
use serde_json::{Map, Value};

use crate::model::facts::FACTS;
use crate::wire::encoding::unbase64;

/// Checks an entity's or a complex value's properties; the error is Graph's message.
pub(crate) fn check_object(type_name: &str, map: &Map<String, Value>) -> Result<(), String> {
    let named = map.get("@odata.type").and_then(Value::as_str);
    let named = named.map(|n| n.trim_start_matches('#').trim_start_matches("microsoft.graph."));
    let of = match named {
        Some(name)
            if FACTS.lineage(name).any(|(n, _)| n == type_name)
                || (type_name.is_empty() && FACTS.types.contains_key(name)) =>
        {
            name
        }
        Some(name) => {
            return Err(format!("A type named 'microsoft.graph.{name}' could not be resolved by the model here."));
        }
        None => type_name,
    };
    for (name, value) in map {
        if let Some((property, annotation)) = name.split_once('@') {
            check_annotation(of, property, annotation)?;
        } else if let Some(kind) = FACTS.property(of, name).or_else(|| FACTS.navigation(of, name)) {
            check(kind, value, name)?;
        } else if !FACTS.open(of) || of != "openTypeExtension" {
            return Err(format!(
                "The property '{name}' does not exist on type 'microsoft.graph.{of}'. Make sure to only use property names that are defined by the type."
            ));
        }
    }
    Ok(())
}

fn check_annotation(of: &str, property: &str, annotation: &str) -> Result<(), String> {
    let known = match (property, annotation) {
        ("", "odata.type" | "odata.id" | "odata.etag" | "odata.context" | "microsoft.graph.conflictBehavior") => true,
        ("", _) => false,
        (property, "odata.bind" | "odata.type") => {
            FACTS.property(of, property).or_else(|| FACTS.navigation(of, property)).is_some()
        }
        _ => false,
    };
    if known {
        Ok(())
    } else {
        Err(format!("The annotation '{property}@{annotation}' is not recognised on type 'microsoft.graph.{of}'."))
    }
}

/// Checks one value against a type in the notation of the facts.
pub(crate) fn check(kind: &str, value: &Value, name: &str) -> Result<(), String> {
    if value.is_null() {
        return Ok(());
    }
    if let Some(element) = kind.strip_prefix('*') {
        let Some(values) = value.as_array() else {
            return Err(format!(
                "When trying to read the collection property '{name}', a value that is no array was found."
            ));
        };
        return values.iter().try_for_each(|v| {
            if v.is_null() {
                Err(format!("A null value was found in the collection '{name}'."))
            } else {
                check(element, v, name)
            }
        });
    }
    if let Some(named) = kind.strip_prefix('~') {
        return check_named(named, value, name);
    }
    let text = value.as_str();
    let right = match kind {
        "s" => text.is_some(),
        "b" => value.is_boolean(),
        "i" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "l" => value.as_i64().is_some(),
        "d" => value.is_number(),
        "t" => text.is_some_and(|t| DateTime::parse_from_rfc3339(t).is_ok()),
        "D" => text.is_some_and(|t| NaiveDate::parse_from_str(t, "%Y-%m-%d").is_ok()),
        "T" => text.is_some_and(|t| NaiveTime::parse_from_str(t, "%H:%M:%S%.f").is_ok()),
        "P" => text.is_some_and(is_duration),
        "g" => text.is_some_and(is_guid),
        "B" => text.is_some_and(|t| unbase64(t).is_some()),
        "S" => false,
        _ => true,
    };
    if right {
        Ok(())
    } else {
        Err(format!("Cannot convert the value of '{name}' to the expected type '{}'.", edm(kind)))
    }
}

fn check_named(named: &str, value: &Value, name: &str) -> Result<(), String> {
    if let Some(members) = FACTS.enums.get(named) {
        let text = value.as_str().filter(|t| members.accepts(t));
        return text.map(|_| ()).ok_or_else(|| {
            format!("Invalid value specified for property '{name}': requested value was not found in 'microsoft.graph.{named}'.")
        });
    }
    match value.as_object() {
        Some(map) => check_object(named, map).map_err(|e| format!("{name}: {e}")),
        None => Err(format!("Cannot convert the value of '{name}' to the expected type 'microsoft.graph.{named}'.")),
    }
}

/// Checks an action's body: its parameters, no others, none of the required ones missing.
pub(crate) fn check_parameters(parameters: &[(String, String)], body: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in body {
        let Some(kind) = parameter(parameters, name) else {
            return Err(format!(
                "The parameter '{name}' in the request payload is not a valid parameter for the operation."
            ));
        };
        check(kind.trim_end_matches('!'), value, name)?;
    }
    let given = |name: &str| body.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && !v.is_null());
    match parameters.iter().find(|(name, kind)| kind.ends_with('!') && !given(name)) {
        Some((name, _)) => Err(format!("The required parameter '{name}' is missing from the request payload.")),
        None => Ok(()),
    }
}

/// The model capitalises Outlook's parameters, the reference writes them either way: the case of the first letter is free.
fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let same = |want: &str| want == name || (want.eq_ignore_ascii_case(name) && want[1..] == name[1..]);
    parameters.iter().find(|(want, _)| same(want)).map(|(_, kind)| kind.as_str())
}

pub(crate) fn is_guid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

fn is_duration(text: &str) -> bool {
    let rest = text.trim_start_matches('-').strip_prefix('P').unwrap_or_default();
    !rest.is_empty()
        && rest.ends_with(['D', 'H', 'M', 'S'])
        && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, 'D' | 'T' | 'H' | 'M' | 'S' | '.'))
        && rest.chars().any(|c| c.is_ascii_digit())
}

fn edm(kind: &str) -> &str {
    match kind {
        "s" => "Edm.String",
        "b" => "Edm.Boolean",
        "i" => "Edm.Int32",
        "l" => "Edm.Int64",
        "d" => "Edm.Double",
        "t" => "Edm.DateTimeOffset",
        "D" => "Edm.Date",
        "T" => "Edm.TimeOfDay",
        "P" => "Edm.Duration",
        "g" => "Edm.Guid",
        "B" => "Edm.Binary",
        _ => "Edm.Untyped",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(body: Value) -> Result<(), String> {
        check_object("message", body.as_object().expect("an object"))
    }

    #[test]
    fn a_message_with_the_models_names_is_accepted() {
        let body = json!({"subject": "x", "importance": "LOW", "body": {"contentType": "Text", "content": "y"},
            "toRecipients": [{"emailAddress": {"address": "a@b.c"}}]});
        assert_eq!(message(body), Ok(()));
    }

    #[test]
    fn unknown_names_and_wrong_types_are_refused_at_any_depth() {
        for body in [
            json!({"Subject": "x"}),
            json!({"subject": 1}),
            json!({"importance": "urgent"}),
            json!({"body": {"contentType": "text", "text": "y"}}),
            json!({"toRecipients": {"emailAddress": {}}}),
            json!({"toRecipients": [{"address": "a@b.c"}]}),
            json!({"receivedDateTime": "yesterday"}),
        ] {
            assert!(message(body.clone()).is_err(), "{body}");
        }
    }

    #[test]
    fn only_open_extensions_accept_any_name() {
        let body = json!({"@odata.type": "microsoft.graph.openTypeExtension", "extensionName": "a.b", "colour": "red"});
        assert_eq!(check_object("extension", body.as_object().expect("an object")), Ok(()));
        assert!(message(json!({"colour": "red"})).is_err());
    }
}
