//! Operation filter: the operations that a policy lets a run draw, by globs on their ids.

use std::collections::BTreeSet;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::domain::catalogue::{self, Operation};
use crate::domain::fields::{FieldError, Fields};
use crate::domain::policy::preset::{self, Preset};
use crate::domain::suggest;

/// The operations that a policy selects. `include` names the operations that may be drawn; without it, the preset
/// selects them. `exclude` wins over both, and also forbids use as a prerequisite.
///
/// A glob is an id with `*` for any run of characters. Case and `_` are ignored: `mail.send_self` is `mail.sendSelf`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationFilter {
    pub preset: Preset,
    include: Option<Vec<String>>,
    exclude: Vec<String>,
}

/// Most globs of a list, so that matching stays cheap.
const MAX_GLOBS: usize = 200;
/// Longest glob, in characters.
const MAX_GLOB_LENGTH: usize = 100;

impl OperationFilter {
    pub const FIELDS: &[&str] = &["include", "exclude"];
    pub const EXAMPLE: &str = r#"{"include": ["*"], "exclude": ["teams.*"]}"#;

    /// This filter with the given lists in place of its own.
    ///
    /// # Errors
    /// A list that is malformed; a glob of `exclude` that matches no operation: a misspelt one must not leave an operation
    /// on. One of `include` is left to [`OperationFilter::check`], so that an account still runs after an operation is
    /// gone from the catalogue.
    pub fn with_overrides(&self, mut fields: Fields) -> Result<Self, FieldError> {
        let include = globs(&mut fields, "include")?;
        let exclude = globs(&mut fields, "exclude")?;
        check_globs(exclude.as_deref().unwrap_or_default(), fields.path("exclude"))?;
        Ok(Self {
            preset: self.preset,
            include: include.or_else(|| self.include.clone()),
            exclude: exclude.unwrap_or_else(|| self.exclude.clone()),
        })
    }

    /// # Errors
    /// A glob of `include` that matches no operation; `path` is the name of the filter.
    pub fn check(&self, path: &str) -> Result<(), FieldError> {
        check_globs(self.include.as_deref().unwrap_or_default(), format!("{path}.include"))
    }

    /// Whether the operation may be drawn.
    pub fn draws(&self, operation: &Operation) -> bool {
        let selected = match &self.include {
            None => self.preset.selects(operation),
            Some(globs) => globs
                .iter()
                .any(|glob| matches(glob, operation.id) && (names_service(glob) || !preset::must_be_named(operation))),
        };
        selected && !self.forbids(operation.id)
    }

    /// Whether the operation must not be called at all, not even as a prerequisite.
    pub fn forbids(&self, id: &str) -> bool {
        self.exclude.iter().any(|glob| matches(glob, id))
    }
}

/// As two fields of the policy: `preset`, unless it is the default, and `operations`.
impl Serialize for OperationFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Lists<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            include: Option<Vec<&'a str>>,
            exclude: &'a [String],
        }
        let include = match (&self.include, self.preset) {
            (Some(globs), _) => Some(globs.iter().map(String::as_str).collect()),
            (None, Preset::Gentle) => None,
            (None, Preset::Balanced | Preset::Full) => Some(vec!["*"]),
        };
        let mut fields = serializer.serialize_struct("OperationFilter", 2)?;
        match self.preset {
            Preset::Balanced => fields.skip_field("preset")?,
            preset => fields.serialize_field("preset", &preset)?,
        }
        fields.serialize_field("operations", &Lists { include, exclude: &self.exclude })?;
        fields.end()
    }
}

fn globs(fields: &mut Fields, field: &str) -> Result<Option<Vec<String>>, FieldError> {
    let Some(globs) = fields.strings(field, r#"["mail.*"]"#)? else { return Ok(None) };
    let valid = globs.iter().all(|glob| {
        (1..=MAX_GLOB_LENGTH).contains(&glob.len())
            && glob.chars().all(|c| c.is_ascii_alphanumeric() || "._*".contains(c))
    });
    if !valid || globs.len() > MAX_GLOBS {
        let problem = format!("must be a list of at most {MAX_GLOBS} operation ids or globs such as `mail.*`");
        return Err(fields.error(field, problem));
    }
    Ok(Some(globs))
}

/// Refuses the first glob that matches no operation.
fn check_globs(globs: &[String], field: String) -> Result<(), FieldError> {
    let is_stray = |glob: &String| !catalogue::all().any(|operation| matches(glob, operation.id));
    let Some(at) = globs.iter().position(is_stray) else { return Ok(()) };
    let entry = if globs.len() == 1 { String::new() } else { format!("(entry {}) ", at + 1) };
    let near = nearest_ids(&globs[at]);
    let hint = match suggest::list(near.iter().map(String::as_str)) {
        near if near.is_empty() => "; `evergreen operations` lists them".to_owned(),
        near => format!("; did you mean {near}?"),
    };
    Err(FieldError::new(field, format!("{entry}matches no operation{hint}")))
}

/// The ids or globs that a glob without a match most likely means, at most [`MAX_SUGGESTIONS`].
fn nearest_ids(glob: &str) -> Vec<String> {
    let plain = glob.replace('_', "");
    let words: Vec<&str> = plain.split('.').collect();
    let mut near: Vec<String> = Vec::new();
    if plain.contains('*') || words.len() == 1 {
        near.extend(nearest_prefixes(words[0].trim_end_matches('*')).into_iter().map(|prefix| format!("{prefix}.*")));
    } else {
        near.extend(suggest::nearest(&plain, catalogue::all().map(|operation| operation.id)).map(str::to_owned));
    }
    // Right up to some word: `mail.messages.lst` and `mail.sendMail` have neighbours in `mail.`.
    let (first, last) = (words[0], words.last().copied().unwrap_or_default());
    let mut neighbours: Vec<(usize, &str)> = catalogue::all()
        .map(|operation| operation.id)
        .filter(|id| words.len() > 1 && id.split('.').next().is_some_and(|word| word.eq_ignore_ascii_case(first)))
        .map(|id| (common_prefix(last, id.rsplit('.').next().unwrap_or_default()), id))
        .collect();
    neighbours.sort_by_key(|(common, _)| std::cmp::Reverse(*common));
    near.extend(neighbours.into_iter().map(|(_, id)| id.to_owned()));
    let mut seen = BTreeSet::new();
    near.retain(|id| seen.insert(id.clone()));
    near.truncate(MAX_SUGGESTIONS);
    near
}

/// The first words of ids that a misspelt one (`mial`) or the name of a service (`files`) most likely means.
fn nearest_prefixes(word: &str) -> BTreeSet<&'static str> {
    let prefix = |operation: &Operation| operation.id.split('.').next().unwrap_or_default();
    let of_service = |name: &str| -> BTreeSet<&str> {
        catalogue::all().filter(|row| row.service.as_str().eq_ignore_ascii_case(name)).map(prefix).collect()
    };
    let services = catalogue::all().map(|operation| operation.service.as_str());
    match (of_service(word), suggest::nearest(word, catalogue::all().map(prefix))) {
        (found, _) if !found.is_empty() => found,
        (_, Some(near)) => BTreeSet::from([near]),
        (_, None) => match suggest::nearest(word, services) {
            Some(service) => of_service(service),
            None => catalogue::all().map(prefix).filter(|prefix| extends(word, prefix)).collect(),
        },
    }
}

/// Whether one of two words begins with the other: `auditLogs` and `audit`.
fn extends(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    short.len() >= 4 && long.get(..short.len()).is_some_and(|start| start.eq_ignore_ascii_case(short))
}

/// Ids that one message suggests.
const MAX_SUGGESTIONS: usize = 3;

fn common_prefix(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

/// Whether the glob spells out the first word of the ids that it matches.
fn names_service(glob: &str) -> bool {
    glob.split_once('.').is_some_and(|(service, _)| !service.contains('*'))
}

fn matches(glob: &str, id: &str) -> bool {
    glob_matches(glob.as_bytes(), id.as_bytes())
}

/// Linear in the text for each star: on a mismatch, only the last star takes one more byte. It runs for each operation of
/// each draw, so it allocates nothing.
fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
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
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::catalogue::{Effect, Method, Service};

    fn parse(value: Value) -> Result<OperationFilter, FieldError> {
        OperationFilter::default().with_overrides(Fields::new("operations", value, OperationFilter::FIELDS)?)
    }

    fn filter(include: &[&str], exclude: &[&str]) -> OperationFilter {
        parse(json!({"include": include, "exclude": exclude})).unwrap()
    }

    fn draws(filter: &OperationFilter, id: &str) -> bool {
        filter.draws(catalogue::find(id).unwrap())
    }

    #[test]
    fn a_star_matches_any_run_of_characters() {
        let id = "mail.messages.list";
        for glob in ["*", "mail.*", "*.list", "m*l*.l*t", "mail.messages.list"] {
            assert!(draws(&filter(&[glob], &[]), id), "{glob}");
        }
        for glob in ["user.*", "*.get", "*s"] {
            assert!(!draws(&filter(&[glob], &[]), id), "{glob}");
        }
        assert!(!matches("mail", id) && !matches("mail.*", "mailbox"));
    }

    #[test]
    fn case_and_underscores_do_not_matter() {
        for glob in ["mail.send_self", "MAIL.SENDSELF", "_mail._*_self_"] {
            assert!(draws(&filter(&[glob], &[]), "mail.sendSelf"), "{glob}");
        }
        assert!(!matches("mail.send_", "mail.sendSelf"));
    }

    #[test]
    fn exclude_wins_over_include() {
        let filter = filter(&["*"], &["teams.*"]);
        assert!(!draws(&filter, "teams.joined") && filter.forbids("teams.joined"));
        assert!(draws(&filter, "mail.messages.list"));
    }

    #[test]
    fn an_operation_that_is_not_included_is_not_drawn_but_may_be_a_prerequisite() {
        let filter = filter(&["mail.messages.get"], &[]);
        assert!(!draws(&filter, "mail.messages.list"));
        assert!(!filter.forbids("mail.messages.list"));
    }

    #[test]
    fn a_glob_without_a_match_is_refused_with_the_nearest_ids() {
        for (field, globs, message) in [
            ("include", json!(["mial.*"]), "`operations.include` matches no operation; did you mean `mail.*`?"),
            ("include", json!(["files.*"]), "`operations.include` matches no operation; did you mean `drive.*`"),
            ("include", json!(["auditLogs.*"]), "`operations.include` matches no operation; did you mean `audit.*`?"),
            ("exclude", json!(["teems.*"]), "`operations.exclude` matches no operation; did you mean `teams.*`?"),
            (
                "exclude",
                json!(["teams.*", "mail.sendMail"]),
                "`operations.exclude` (entry 2) matches no operation; did you mean `mail.sendSelf`",
            ),
            (
                "include",
                json!(["user.me.gte"]),
                "`operations.include` matches no operation; did you mean `user.me.get`",
            ),
            ("include", json!(["mail"]), "`operations.include` matches no operation; did you mean `mail.*`?"),
            (
                "include",
                json!(["*.banana.*"]),
                "`operations.include` matches no operation; `evergreen operations` lists them",
            ),
            ("exclude", json!(["q9"]), "`operations.exclude` matches no operation; `evergreen operations` lists them"),
            (
                "include",
                json!(["MARKED!"]),
                "`operations.include` must be a list of at most 200 operation ids or globs such as `mail.*`",
            ),
            ("include", json!("mail.*"), "`operations.include` must be a list of strings, like [\"mail.*\"]"),
        ] {
            let refused = parse(json!({field: globs})).and_then(|filter| filter.check("operations"));
            let refused = refused.unwrap_err().to_string();
            assert!(refused.starts_with(message), "{refused}");
        }
    }

    #[test]
    fn only_a_misspelt_exclude_keeps_an_account_from_running() {
        let filter = filter(&["users.list", "teams.gone"], &[]);
        assert!(draws(&filter, "users.list") && !draws(&filter, "teams.get"));
        assert!(filter.check("operations").is_err());
        assert!(parse(json!({"exclude": ["teams.gone"]})).is_err());
    }

    #[test]
    fn a_write_to_shared_objects_is_drawn_only_where_named() {
        for service in [Service::Applications, Service::Directory, Service::Groups, Service::Presence] {
            let write = Operation {
                id: "groups.create",
                effect: Effect::Inside,
                ..Operation::request(Method::Post, service, "/groups")
            };
            for preset in [Preset::Gentle, Preset::Balanced, Preset::Full] {
                assert!(!OperationFilter { preset, ..OperationFilter::default() }.draws(&write));
            }
            for (glob, drawn) in [("*", false), ("*.list", false), ("g*", false), ("groups.*", true)] {
                assert_eq!(filter(&[glob], &[]).draws(&write), drawn, "{glob}");
            }
            assert!(!filter(&["groups.*"], &["groups.*"]).draws(&write));
        }
    }

    #[test]
    fn a_preset_selects_where_include_says_nothing() {
        let preset = |preset| OperationFilter { preset, ..OperationFilter::default() };
        let selected = |filter: &OperationFilter| catalogue::all().filter(|row| filter.draws(row)).collect::<Vec<_>>();
        let all = catalogue::all().filter(|row| !preset::must_be_named(row)).count();
        assert_eq!(selected(&preset(Preset::Balanced)).len(), all);
        assert_eq!(selected(&preset(Preset::Full)).len(), all);
        let gentle = selected(&preset(Preset::Gentle));
        assert_eq!(gentle.iter().filter(|row| row.writes()).count(), 5);
        assert!(gentle.iter().filter(|row| !row.writes()).count() > 25, "{}", gentle.len());
        assert!(gentle.iter().all(|row| row.is_user_scoped()));
        let services: BTreeSet<_> = gentle.iter().map(|row| row.service.as_str()).collect();
        assert_eq!(services, BTreeSet::from(["calendar", "contacts", "files", "mail", "todo"]));
        let named = OperationFilter { preset: Preset::Gentle, ..filter(&["users.list"], &[]) };
        assert!(draws(&named, "users.list") && !draws(&named, "mail.messages.list"));
        let excluded = OperationFilter { preset: Preset::Gentle, ..OperationFilter::default() };
        let excluded = excluded.with_overrides(
            Fields::new("operations", json!({"exclude": ["mail.*"]}), OperationFilter::FIELDS).unwrap(),
        );
        let excluded = excluded.unwrap();
        assert!(!draws(&excluded, "mail.messages.list") && draws(&excluded, "contact.list"));
    }
}
