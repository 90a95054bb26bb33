//! Generated names: what every object that a run makes is called, and what its name tells.
//!
//! `Evergreen quiet harbour 1abf2c3e`. The eight hexadecimal digits are the time in units of 64 seconds, and one digit
//! more. The second word and half of that digit follow from all else and from the account, so that an account knows its
//! own objects again: of another's names, one in a thousand looks so too.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::catalogue::words;
use crate::domain::hash::fnv1a;

/// The first word of every name.
const MARK: &str = "Evergreen";

/// The unit of the time in a name: seven digits last until the year 2514.
const SECONDS_PER_TICK: i64 = 64;

/// The account that names are made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameOwner(u64);

impl NameOwner {
    pub fn of(account: &str) -> Self {
        Self(fnv1a(account.bytes()))
    }

    /// A name made at `now`, one of four for each adjective and time.
    pub(super) fn name(self, adjective: &str, variant: u32, now: DateTime<Utc>) -> String {
        let ticks = u32::try_from(now.timestamp() / SECONDS_PER_TICK).unwrap_or(0);
        let seed = self.signature(adjective, ticks, variant % 4);
        let noun = words::NOUNS[(seed >> 2) as usize % words::NOUNS.len()];
        let tag = (ticks << 4) | ((variant % 4) << 2) | (seed & 3) as u32;
        format!("{MARK} {adjective} {noun} {tag:08x}")
    }

    /// Whether a name, with spaces or hyphens, was made for this account.
    pub fn made(self, name: &str) -> bool {
        let Some((adjective, noun, tag)) = parts(name) else { return false };
        let seed = self.signature(adjective, tag >> 4, (tag >> 2) & 3);
        words::NOUNS[(seed >> 2) as usize % words::NOUNS.len()] == noun && tag & 3 == (seed & 3) as u32
    }

    fn signature(self, adjective: &str, ticks: u32, variant: u32) -> u64 {
        let bytes = self.0.to_le_bytes().into_iter().chain(adjective.bytes()).chain(ticks.to_le_bytes());
        let hash = fnv1a(bytes.chain(variant.to_le_bytes()));
        // The low bits of FNV-1a follow from the low bits of what goes in.
        hash ^ (hash >> 32)
    }
}

/// Whether this is a generated name: the mark, two lower-case words and eight hexadecimal digits, with spaces or with
/// hyphens between them. "Evergreen trees" and "RE: Evergreen ..." are not such names.
pub fn is_generated(name: &str) -> bool {
    parts(name).is_some()
}

/// Whether an object of this generated name may have been made at `moment` or since. Names of earlier versions have no
/// time in them: one that would lie more than a day ahead is such a name.
pub fn may_be_made_since(name: &str, moment: DateTime<Utc>) -> bool {
    let Some((.., tag)) = parts(name) else { return false };
    let tick = |at: DateTime<Utc>| at.timestamp() / SECONDS_PER_TICK;
    (tick(moment)..=tick(moment + TimeDelta::days(1))).contains(&i64::from(tag >> 4))
}

fn parts(name: &str) -> Option<(&str, &str, u32)> {
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_tag = |part: &str| part.len() == 8 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    [' ', '-'].into_iter().find_map(|separator| {
        let parts: Vec<&str> = name.splitn(5, separator).collect();
        let [MARK, adjective, noun, tag] = parts[..] else { return None };
        let fits = is_word(adjective) && is_word(noun) && is_tag(tag);
        fits.then_some((adjective, noun, u32::from_str_radix(tag, 16).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    #[test]
    fn a_name_tells_when_it_was_made_and_one_of_an_earlier_version_is_old() {
        let ago = |minutes| now() - TimeDelta::minutes(minutes);
        let name = NameOwner::of("a").name("quiet", 0, now());
        for name in [name.replace(' ', "-"), name] {
            assert!(is_generated(&name), "{name}");
            assert!(may_be_made_since(&name, now()) && may_be_made_since(&name, ago(1)));
            assert!(may_be_made_since(&name, ago(24 * 60)), "a day is as long as a name is young");
            assert!(!may_be_made_since(&name, now() + TimeDelta::minutes(2)));
        }
        for name in ["Evergreen quiet harbour ffffffff", "Evergreen quiet harbour 00000000", "Evergreen trees"] {
            assert!(!may_be_made_since(name, ago(15)), "{name}");
        }
    }

    #[test]
    fn an_account_knows_its_own_names_and_hardly_ever_takes_anothers_for_them() {
        let (own, other) = (NameOwner::of("a"), NameOwner::of("b"));
        let names = |owner: NameOwner| {
            let times = (0..10).map(|hour| now() + TimeDelta::hours(hour));
            let named =
                move |at| words::ADJECTIVES.iter().flat_map(move |word| (0..4).map(move |v| owner.name(word, v, at)));
            times.flat_map(named).collect::<Vec<String>>()
        };
        assert!(names(own).iter().all(|name| own.made(name) && own.made(&name.replace(' ', "-"))));
        let mistaken = names(other).iter().filter(|name| own.made(name)).count();
        assert!(mistaken * 300 < names(other).len(), "{mistaken} of {}", names(other).len());
        assert!(!own.made("Evergreen trees"));
    }
}
