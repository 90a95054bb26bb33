//! Refusals: what an account was refused lately, by status and code, so that repeated refusals are noticed and shown.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::account::set_aside::SetAside;

/// After this many runs in a row an operation that is refused in the same way is set aside.
pub const REPEATED_RUNS: u8 = 3;

/// Refusals kept of one account. Beyond it, those of the fewest runs that set nothing aside are removed.
const MAX_ENTRIES: usize = 48;

/// How something was refused, and in how many runs in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// Graph's own error code, where the answer had one.
    pub code: Option<String>,
    pub runs: u8,
}

/// The refusals of one account: of operations that may be set aside if the refusals continue, and of what is set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals(BTreeMap<SetAside, Refusal>);

impl Refusals {
    pub fn get(&self, key: &SetAside) -> Option<&Refusal> {
        self.0.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&SetAside, &Refusal)> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Records that a run was refused; returns in how many runs in a row it was now, in the same way.
    pub fn record(&mut self, key: SetAside, status: u16, code: Option<&str>) -> u8 {
        let same = |refusal: &&Refusal| refusal.status == status && refusal.code.as_deref() == code;
        let runs = self.0.get(&key).filter(same).map_or(0, |refusal| refusal.runs).saturating_add(1);
        self.0.insert(key, Refusal { status, code: code.map(str::to_owned), runs });
        runs
    }

    /// Forgets the refusals of what succeeded, or is no longer set aside.
    pub fn remove(&mut self, key: &SetAside) {
        self.0.remove(key);
    }

    /// Keeps the number of entries within bounds. `is_set_aside`: those are kept for as long as they last.
    pub fn trim(&mut self, is_set_aside: impl Fn(&SetAside) -> bool) {
        while self.0.len() > MAX_ENTRIES {
            let fewest = self.0.iter().min_by_key(|(key, refusal)| (is_set_aside(key), refusal.runs));
            let Some(key) = fewest.map(|(key, _)| key.clone()) else { return };
            self.0.remove(&key);
        }
    }
}

impl FromIterator<(SetAside, Refusal)> for Refusals {
    fn from_iter<I: IntoIterator<Item = (SetAside, Refusal)>>(refusals: I) -> Self {
        Self(refusals.into_iter().collect())
    }
}

/// The stored text: `403 accessDenied 2`, with `-` for no code.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.status, self.code.as_deref().unwrap_or("-"), self.runs)
    }
}

impl Refusal {
    /// Reads the stored text; `None` where it is malformed. A code may hold spaces.
    pub fn parse(text: &str) -> Option<Self> {
        let (status, rest) = text.split_once(' ')?;
        let (code, runs) = rest.rsplit_once(' ')?;
        let code = (code != "-").then(|| code.to_owned());
        Some(Self { status: status.parse().ok()?, code, runs: runs.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> SetAside {
        SetAside::parse(id)
    }

    #[test]
    fn only_refusals_of_the_same_kind_count_as_in_a_row() {
        let mut refusals = Refusals::default();
        let mut record = |status, code| refusals.record(key("users.list"), status, code);
        assert_eq!([record(400, Some("a")), record(400, Some("a")), record(400, Some("b"))], [1, 2, 1]);
        assert_eq!([record(404, Some("b")), record(404, None), record(404, None)], [1, 1, 2]);
        refusals.remove(&key("users.list"));
        assert!(refusals.is_empty());
    }

    #[test]
    fn memory_stays_bounded_and_keeps_what_is_set_aside_and_what_is_refused_most() {
        let mut refusals = Refusals::default();
        refusals.record(key("a.setAside"), 403, None);
        for _ in 0..2 {
            refusals.record(key("a.twice"), 404, None);
        }
        for number in 0..200 {
            refusals.record(key(&format!("b.once{number}")), 404, None);
            refusals.trim(|key| key.to_string() == "a.setAside");
        }
        assert_eq!(refusals.iter().count(), MAX_ENTRIES);
        assert_eq!(refusals.get(&key("a.setAside")).map(|refusal| refusal.runs), Some(1));
        assert_eq!(refusals.get(&key("a.twice")).map(|refusal| refusal.runs), Some(2));
    }

    #[test]
    fn every_refusal_reads_back_as_it_was_written() {
        for code in [None, Some("accessDenied"), Some("-2147024891, System.UnauthorizedAccessException")] {
            let refusal = Refusal { status: 403, code: code.map(str::to_owned), runs: 2 };
            assert_eq!(Refusal::parse(&refusal.to_string()), Some(refusal));
        }
        for malformed in ["", "403", "403 accessDenied", "x accessDenied 1", "403 a b"] {
            assert_eq!(Refusal::parse(malformed), None, "{malformed}");
        }
    }
}
