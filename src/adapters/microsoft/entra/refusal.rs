//! A refusal: the login service's answer with another status than 200, or what a proxy answers in its place.

use serde_json::Value;

use crate::domain::cause::{LoginError, login_fault, not_microsofts};

/// Microsoft's codes lie within; a proxy's `[403]` does not.
const AADSTS: std::ops::Range<u32> = 10_000..100_000_000;

/// The word of OAuth by which the service refuses (empty if it gives no such word), and what that means.
pub(super) fn read(status: u16, body: &[u8]) -> (String, LoginError) {
    let Some(refusal) = Refusal::parse(body) else {
        return (String::new(), LoginError::Transient(not_microsofts(status)));
    };
    let error = login_fault(status, &refusal.error, &refusal.suberror, &refusal.codes);
    let word = if matches!(status, 400 | 401) { refusal.error } else { String::new() };
    (word, error)
}

/// The parts of the answer that mean something. None of its text is ever printed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Refusal {
    error: String,
    suberror: String,
    codes: Vec<u32>,
}

impl Refusal {
    /// `None` where the body is not a JSON object.
    fn parse(body: &[u8]) -> Option<Self> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let answer = answer.as_object()?;
        // Other services of Microsoft's nest: `{"error": {"code": "invalid_grant", "message": "AADSTS50173: …"}}`.
        let nested = answer.get("error").and_then(Value::as_object);
        let find = |names: &[&str]| {
            let inner = nested.and_then(|nested| names.iter().find_map(|name| nested.get(*name)));
            names.iter().find_map(|name| answer.get(*name)).or(inner)
        };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let error = match nested {
            Some(nested) => text(["code", "error"].iter().find_map(|name| nested.get(*name))),
            None => text(answer.get("error")),
        };
        let listed = find(&["error_codes", "codes"]).map(listed).unwrap_or_default();
        let codes = if listed.is_empty() {
            let described = text(find(&["error_description", "message"]));
            let linked = text(find(&["error_uri"]));
            after(&described, "AADSTS").or_else(|| after(&linked, "code=")).into_iter().collect()
        } else {
            listed
        };
        Some(Self { error, suberror: text(find(&["suberror"])), codes })
    }
}

/// `[50173]`; also `50173`, `"50173"`, `["AADSTS50173"]`.
fn listed(value: &Value) -> Vec<u32> {
    match value {
        Value::Array(values) => values.iter().filter_map(number).collect(),
        one => number(one).into_iter().collect(),
    }
}

fn number(value: &Value) -> Option<u32> {
    let number = match value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.trim().trim_start_matches("AADSTS").parse().ok()?,
        _ => return None,
    };
    AADSTS.contains(&number).then_some(number)
}

/// The digits that follow the first mention.
fn after(text: &str, mention: &str) -> Option<u32> {
    let (_, rest) = text.split_once(mention)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|number| AADSTS.contains(number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn codes(answer: Value) -> Vec<u32> {
        Refusal::parse(answer.to_string().as_bytes()).unwrap().codes
    }

    fn condemned(status: u16, answer: &Value) -> Option<String> {
        match read(status, answer.to_string().as_bytes()).1 {
            LoginError::Misconfigured(cause) | LoginError::LongBackoff(cause) | LoginError::NotYet(cause) => {
                Some(cause.code)
            }
            LoginError::Transient(_) | LoginError::Throttled { .. } => None,
        }
    }

    #[test]
    fn a_code_is_read_wherever_the_answer_has_it() {
        let described = "AADSTS50173: The provided grant has expired. Trace ID: 70000";
        let uri = "https://login.microsoftonline.com/error?code=50173&x=1";
        for answer in [
            json!({"error_codes": [50173]}),
            json!({"error_codes": ["50173"]}),
            json!({"error_codes": ["AADSTS50173"]}),
            json!({"error_codes": 50173}),
            json!({"error_codes": "50173"}),
            json!({"error_description": described}),
            json!({"error_codes": null, "error_description": described}),
            json!({"error_codes": [], "error_description": described}),
            json!({"error_codes": "MARKED", "error_description": described}),
            json!({"error_codes": {"a": 1}, "error_uri": uri}),
            json!({"error_codes": [null, {}, -1, 1.5, 403], "error_description": described}),
            json!({"error_description": "AADSTS: none here", "error_uri": uri}),
            json!({"error": {"code": "invalid_grant", "message": described}}),
            json!({"error": {"code": "invalid_grant", "error_codes": [50173]}}),
        ] {
            assert_eq!(codes(answer.clone()), [50_173], "{answer}");
        }
        for answer in [
            json!({}),
            json!({"error_codes": [403, 12]}),
            json!({"error_description": "AADSTS99999999999999999999: x", "error_uri": "code="}),
            json!({"error_description": ["AADSTS50173"], "error_uri": 50173}),
        ] {
            assert_eq!(codes(answer.clone()), [0_u32; 0], "{answer}");
        }
    }

    #[test]
    fn an_error_of_any_shape_counts_as_what_its_parts_say() {
        for (error, code) in [
            (json!("invalid_grant"), Some("AADSTS50173")),
            (json!({"code": "invalid_grant"}), Some("AADSTS50173")),
            (json!({"code": 7}), None),
            (json!({}), None),
            (json!(null), None),
            (json!(["invalid_grant"]), None),
            (json!(""), None),
        ] {
            let answer = json!({"error": error, "error_codes": [50173]});
            assert_eq!(condemned(400, &answer).as_deref(), code, "{answer}");
        }
        let answer = json!({"error": "invalid_grant", "suberror": "consent_required"});
        assert_eq!(condemned(400, &answer).as_deref(), Some("consent_required"));
    }

    #[test]
    fn an_answer_that_is_not_microsofts_condemns_no_credential() {
        for (status, body) in [
            (403, r#"{"message":"Forbidden"}"#),
            (400, r#"{"message":"Forbidden"}"#),
            (403, r#"{"error":"invalid_client","error_codes":[7000215]}"#),
            (404, r#"{"error":"invalid_client","error_codes":[7000215]}"#),
            (401, r#"{"error":"Unauthorized"}"#),
            (401, r#"{"error":"Unauthorized","error_codes":[401]}"#),
            (400, "<html>AADSTS7000215</html>"),
            (401, "[]"),
            (400, "\"invalid_client\""),
            (400, ""),
        ] {
            let (_, error) = read(status, body.as_bytes());
            let LoginError::Transient(why) = error else { panic!("{status} {body}: {error:?}") };
            assert!(why.ends_with(&format!("gave an answer that is not Microsoft's ({status})")), "{why}");
        }
    }

    #[test]
    fn the_device_flow_gets_the_word_of_microsofts_answer_alone() {
        let body = json!({"error": "access_denied"}).to_string();
        assert_eq!(read(400, body.as_bytes()).0, "access_denied");
        assert_eq!(read(403, body.as_bytes()).0, "", "a proxy's, perhaps");
    }

    /// What the parts of an answer may be: the right thing, almost the right thing, anything.
    fn part() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec!["invalid_grant", "invalid_client", "server_error", "MARKED", "", " "]);
        let leaf = prop_oneof![
            word.prop_map(Value::from),
            any::<u32>().prop_map(Value::from),
            prop::sample::select(vec![50_173, 7_000_215, 403]).prop_map(Value::from),
            Just(json!("AADSTS7000215: MARKED")),
            Just(json!("https://x/MARKED?code=50173")),
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "MARKED\\PC{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            let name = prop::sample::select(vec!["code", "error", "message", "error_codes", "suberror", "x"]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..4)
                    .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            ]
        })
    }

    fn answer() -> impl Strategy<Value = Value> {
        let names = vec!["error", "error_codes", "error_description", "error_uri", "suberror", "message"];
        prop::collection::vec((prop::sample::select(names), part()), 0..6)
            .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn status() -> impl Strategy<Value = u16> {
        prop_oneof![Just(400), Just(401), 201_u16..600]
    }

    fn check(status: u16, body: &[u8]) {
        let (word, error) = read(status, body);
        let refusal = Refusal::parse(body);
        let said = match &error {
            LoginError::Transient(why) => why.clone(),
            LoginError::Throttled { .. } => panic!("a header's business"),
            LoginError::Misconfigured(cause) | LoginError::LongBackoff(cause) | LoginError::NotYet(cause) => {
                let refusal = refusal.as_ref().unwrap();
                assert!(matches!(status, 400 | 401) && !refusal.error.is_empty(), "{status} {refusal:?}");
                let oauth = ["invalid_grant", "invalid_client"].contains(&refusal.error.as_str());
                assert!(oauth || !refusal.codes.is_empty(), "{refusal:?}");
                cause.text(crate::domain::language::Language::Zh) + &cause.to_string()
            }
        };
        assert!(!said.contains("MARKED"), "{said}");
        assert!(word.is_empty() || matches!(status, 400 | 401));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn any_json_is_read_and_condemns_only_with_a_word_of_oauth(status in status(), answer in answer()) {
            check(status, answer.to_string().as_bytes());
        }

        #[test]
        fn any_bytes_are_read(status in status(), body in prop::collection::vec(any::<u8>(), 0..64)) {
            let (_, error) = read(status, &body);
            prop_assert!(matches!(error, LoginError::Transient(_)));
        }

        #[test]
        fn any_answer_cut_off_is_read(status in status(), answer in answer(), part in 0.0..1.0) {
            let text = answer.to_string();
            let cut = (text.len() as f64 * part) as usize;
            check(status, &text.as_bytes()[..cut]);
        }
    }
}
