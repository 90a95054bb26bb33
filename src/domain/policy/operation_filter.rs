//! Operation filter: the operations that a policy lets a run draw, by globs on their ids.

use serde::Serialize;

use crate::domain::fields::{FieldError, Fields};

/// `include` names the operations that may be drawn. `exclude` wins over it, and also forbids use as a prerequisite.
///
/// A glob is an id with `*` for any run of characters. Case and `_` are ignored:
/// `mail.send_self` is `mail.sendSelf`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperationFilter {
    include: Vec<String>,
    exclude: Vec<String>,
}

/// Most globs of a list, so that matching stays cheap.
const MAX_GLOBS: usize = 200;
/// Longest glob, in characters.
const MAX_GLOB_LENGTH: usize = 100;

impl Default for OperationFilter {
    fn default() -> Self {
        Self { include: vec!["*".to_owned()], exclude: Vec::new() }
    }
}

impl OperationFilter {
    /// This filter with the given lists in place of its own.
    pub fn with_overrides(&self, mut fields: Fields) -> Result<Self, FieldError> {
        let mut globs = |field: &str| -> Result<Option<Vec<String>>, FieldError> {
            let globs = fields.strings(field)?;
            let valid = globs.iter().flatten().all(|glob| {
                (1..=MAX_GLOB_LENGTH).contains(&glob.len())
                    && glob.chars().all(|c| c.is_ascii_alphanumeric() || "._*".contains(c))
            });
            if !valid || globs.as_ref().is_some_and(|globs| globs.len() > MAX_GLOBS) {
                return Err(
                    fields.error(field, "must be a list of at most 200 operation ids or globs such as `mail.*`")
                );
            }
            Ok(globs)
        };
        let include = globs("include")?;
        let exclude = globs("exclude")?;
        fields.finish()?;
        Ok(Self {
            include: include.unwrap_or_else(|| self.include.clone()),
            exclude: exclude.unwrap_or_else(|| self.exclude.clone()),
        })
    }

    /// Whether the operation may be drawn. The ids of the catalogue have no `_`.
    pub fn draws(&self, id: &str) -> bool {
        any(&self.include, id) && !self.forbids(id)
    }

    /// Whether the operation must not be called at all, not even as a prerequisite.
    pub fn forbids(&self, id: &str) -> bool {
        any(&self.exclude, id)
    }
}

fn any(globs: &[String], id: &str) -> bool {
    globs.iter().any(|glob| matches(glob.as_bytes(), id.as_bytes()))
}

/// Linear in the text for each star: on a mismatch, only the last star takes one more byte. It runs for each operation of
/// each draw, so it allocates nothing.
fn matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut g, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some(b'*') => {
                star = Some((g, t));
                g += 1;
            }
            Some(b'_') => g += 1,
            Some(byte) if byte.eq_ignore_ascii_case(&text[t]) => {
                g += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    g = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|byte| b"*_".contains(byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filter(include: &[&str], exclude: &[&str]) -> OperationFilter {
        let fields = Fields::of("operations", json!({"include": include, "exclude": exclude})).unwrap();
        OperationFilter::default().with_overrides(fields).unwrap()
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        let drawn = |glob: &str, id: &str| filter(&[glob], &[]).draws(id);
        assert!(drawn("*", "mail.messages.list"));
        assert!(drawn("mail.*", "mail.messages.list"));
        assert!(drawn("*.list", "mail.messages.list"));
        assert!(drawn("m*l*.l*t", "mail.messages.list"));
        assert!(drawn("mail.messages.list", "mail.messages.list"));
        assert!(!drawn("mail", "mail.messages.list"));
        assert!(!drawn("mail.*", "mailbox"));
        assert!(!drawn("*.get", "mail.messages.list"));
    }

    #[test]
    fn case_and_underscores_do_not_matter() {
        assert!(filter(&["mail.send_self"], &[]).draws("mail.sendSelf"));
        assert!(filter(&["MAIL.SENDSELF"], &[]).draws("mail.sendSelf"));
        assert!(filter(&["_mail._*_self_"], &[]).draws("mail.sendSelf"));
        assert!(!filter(&["mail.send_"], &[]).draws("mail.sendSelf"));
    }

    #[test]
    fn exclude_wins_over_include() {
        let filter = filter(&["*"], &["teams.*"]);
        assert!(!filter.draws("teams.joined"));
        assert!(filter.forbids("teams.joined"));
        assert!(filter.draws("mail.messages.list"));
    }

    #[test]
    fn an_operation_that_is_not_included_is_not_drawn_but_may_be_a_prerequisite() {
        let filter = filter(&["mail.messages.get"], &[]);
        assert!(!filter.draws("mail.messages.list"));
        assert!(!filter.forbids("mail.messages.list"));
    }
}
