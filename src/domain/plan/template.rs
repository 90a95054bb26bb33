//! Template: a path, query or body text with placeholders in braces.

use crate::domain::catalogue::Operation;
use crate::domain::catalogue::contents::Contents;
use crate::domain::path_segment::encode;
use crate::domain::plan::scope::Scope;

/// Path and query with all placeholders filled in that are known before the first answer.
pub(super) fn url(operation: &Operation, query: &str, scope: &Scope, contents: &mut Contents) -> String {
    let path = operation.path_for(scope.access, &encode(scope.user_id.unwrap_or_default()));
    let template = if query.is_empty() { path } else { format!("{path}?{query}") };
    fill(&template, |placeholder| contents.fill(placeholder).map(|value| encode(&value)))
}

/// Replaces each `{placeholder}` for which there is a value; the others stay.
pub fn fill(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|length| open + length) else { break };
        filled.push_str(&rest[..open]);
        match value(&rest[open + 1..close]) {
            Some(value) => filled.push_str(&value),
            None => filled.push_str(&rest[open..=close]),
        }
        rest = &rest[close + 1..];
    }
    filled.push_str(rest);
    filled
}
