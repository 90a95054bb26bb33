//! The types and enumerations of the model, by name.

use std::collections::BTreeMap;

use serde_json::Value;

#[derive(Default)]
pub(crate) struct Type {
    pub base: Option<String>,
    pub open: bool,
    pub properties: BTreeMap<String, String>,
    pub navigation: BTreeMap<String, String>,
}

pub(crate) struct Enum {
    pub flags: bool,
    pub members: Vec<String>,
}

impl Type {
    pub(crate) fn read(value: &Value) -> Self {
        let map = |key: &str| {
            let fields = value[key].as_object().into_iter().flatten();
            fields.map(|(n, t)| (n.clone(), t.as_str().unwrap_or("u").to_owned())).collect()
        };
        Self {
            base: value["b"].as_str().map(str::to_owned),
            open: value.get("o").is_some(),
            properties: map("p"),
            navigation: map("n"),
        }
    }
}

impl Enum {
    pub(crate) fn read(value: &Value) -> Self {
        Self {
            flags: value[0] == 1,
            members: value.as_array().map(|v| v[1..].to_vec()).map(|v| strings(&v.into())).unwrap_or_default(),
        }
    }

    /// Whether the text names a member, in any case; flags may be joined by commas.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        let known = |part: &str| self.members.iter().any(|m| m.eq_ignore_ascii_case(part.trim()));
        if self.flags { text.split(',').all(known) } else { known(text) }
    }
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
