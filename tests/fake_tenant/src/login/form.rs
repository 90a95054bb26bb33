//! A form as browsers and clients post it.

use std::collections::BTreeMap;

use crate::login::aadsts::Refusal;
use crate::wire::encoding::decode_form;

pub(super) const FORM: &str = "application/x-www-form-urlencoded";

pub(super) type Form = BTreeMap<String, String>;

/// Reads a form; a field given twice is malformed.
pub(super) fn parse(content_type: &str, body: &[u8]) -> Result<Form, Refusal> {
    if content_type.split(';').next().map(str::trim) != Some(FORM) {
        return Err(Refusal::new(900_144, "The request body must contain the following parameter: 'grant_type'."));
    }
    let mut form = Form::new();
    let text = std::str::from_utf8(body).map_err(|_| Refusal::usual(9_002_313))?;
    for pair in text.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| Refusal::usual(9_002_313))?;
        if form.insert(decode_form(name), decode_form(value)).is_some() {
            return Err(Refusal::usual(9_002_313));
        }
    }
    Ok(form)
}

pub(super) fn field<'a>(form: &'a Form, name: &str) -> Result<&'a str, Refusal> {
    let value = form.get(name).map(String::as_str).filter(|v| !v.is_empty());
    value.ok_or_else(|| {
        Refusal::new(900_144, format!("The request body must contain the following parameter: '{name}'."))
    })
}
