//! Finds the route that serves the path of a request.

use std::collections::BTreeMap;

use crate::model::facts::FACTS;
use crate::model::route::Route;
use crate::wire::encoding::percent_decode;

/// A path below the version, with its route.
pub(crate) struct Found {
    pub route: &'static Route,
    /// The path's segments, decoded, `/me` as written.
    pub segments: Vec<String>,
    /// Arguments of a function in the path, unquoted.
    pub arguments: BTreeMap<String, String>,
    pub me: bool,
}

/// Why no route serves a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotFound {
    pub segment: String,
}

/// Finds the route with the most literal segments. Names are matched in their exact case.
pub(crate) fn find(path: &str) -> Result<Found, NotFound> {
    let segments: Vec<String> = split(path).iter().map(|s| percent_decode(s)).collect();
    let me = segments.first().is_some_and(|s| s == "me");
    let mut seen = segments.clone();
    if me {
        seen.splice(0..1, ["users".to_owned(), "me".to_owned()]);
    }
    let first = seen.first().cloned().unwrap_or_default();
    let mut best: Option<(usize, &Route, BTreeMap<String, String>)> = None;
    for route in FACTS.candidates(seen.len(), &first) {
        let mut arguments = BTreeMap::new();
        let literal =
            route.segments.iter().zip(&seen).try_fold(0, |n, (want, have)| Some(n + fits(want, have, &mut arguments)?));
        if let Some(literal) = literal
            && best.as_ref().is_none_or(|b| literal > b.0)
        {
            best = Some((literal, route, arguments));
        }
    }
    match best {
        Some((_, route, arguments)) => Ok(Found { route, segments, arguments, me }),
        None => Err(NotFound { segment: segments.last().cloned().unwrap_or_default() }),
    }
}

/// How literally a segment of a template matches one of a path: 2 by name, 1 with arguments, 0 as a key.
fn fits(want: &str, have: &str, arguments: &mut BTreeMap<String, String>) -> Option<usize> {
    if want == have {
        return Some(2);
    }
    if want == "{}" {
        return (!have.is_empty() && !have.ends_with(':')).then_some(0);
    }
    if want == "{}:" {
        return (have.len() > 1 && have.ends_with(':') && !have[..have.len() - 1].contains(':')).then_some(0);
    }
    let (name, parameters) = want.strip_suffix(')')?.split_once('(')?;
    let given = have.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
    let wanted: Vec<&str> = parameters.split(',').filter(|p| !p.is_empty()).collect();
    let given = arguments_of(given)?;
    if given.len() != wanted.len() || !wanted.iter().all(|w| given.contains_key(*w)) {
        return None;
    }
    arguments.extend(given);
    Some(1)
}

/// `a='x',b=true`; quotes inside are doubled.
fn arguments_of(text: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, tail) = match after.strip_prefix('\'') {
            None => after.split_once(',').unwrap_or((after, "")),
            Some(quoted) => {
                let end = (0..quoted.len()).find(|&i| {
                    let tail = quoted.get(i..).unwrap_or_default();
                    tail.starts_with('\'') && (tail.len() == 1 || tail.starts_with("',"))
                })?;
                (&quoted[..end], quoted[end + 1..].trim_start_matches(','))
            }
        };
        found.insert(name.to_owned(), value.replace("''", "'"));
        rest = tail;
    }
    Some(found)
}

/// Splits at slashes, except inside a function's quotes.
fn split(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in path.trim_start_matches('/').chars() {
        match c {
            '\'' => quoted = !quoted,
            '/' if !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("one part").push(c);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_wins_over_a_key() {
        assert_eq!(find("/users/delta").ok().map(|f| f.route.template.as_str()), Some("/users/delta"));
        assert_eq!(find("/users/a%40b.c").ok().map(|f| f.route.template.as_str()), Some("/users/{}"));
        assert_eq!(find("/me").ok().map(|f| f.route.template.as_str()), Some("/users/{}"));
    }

    #[test]
    fn a_function_is_found_only_with_all_its_arguments() {
        let found = find("/me/drive/root/search(q='it''s')").unwrap_or_else(|e| panic!("no {}", e.segment));
        assert_eq!(found.arguments["q"], "it's");
        assert!(find("/me/drive/root/search(x='a')").is_err());
        assert!(find("/reports/getEmailActivityCounts(period='D7')").is_ok());
    }

    #[test]
    fn a_path_that_v1_lacks_is_not_found() {
        assert_eq!(find("/me/profile").err(), Some(NotFound { segment: "profile".into() }));
        assert!(find("/Me/messages").is_err());
    }

    #[test]
    fn a_file_is_addressed_by_its_parents_id_and_its_name() {
        assert!(find("/me/drive/items/01ABC:/a%20b.txt:/content").is_ok());
    }
}
