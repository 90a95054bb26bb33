//! Contents: random but readable names, texts and dates for the objects that are written.
//!
//! Whatever is made at a tenant is named by [`Contents::name`] (or [`Contents::token_name`] where
//! spaces are not allowed), and only what [`generated_name`](super::generated_name) recognises is ever cleaned up.
//! Addresses end in `example.com` and telephone numbers lie in 555-0100 to 555-0199, both reserved for
//! fiction, so that no person can be meant.

use std::collections::HashSet;
use std::fmt::Write;
use std::ops::Range;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;

use crate::domain::catalogue::generated_name::NameOwner;
use crate::domain::catalogue::words;

/// Names drawn until one is new: some six hundred are possible in a minute, and a run needs a few dozen.
const MAX_ATTEMPTS: usize = 64;

/// A source of random words, names and dates: one generator and one instant, so that the same seed gives the same
/// contents.
pub struct Contents {
    rng: ChaCha12Rng,
    now: DateTime<Utc>,
    /// The account that the objects are made for.
    owner: NameOwner,
    /// The names so far: none is given twice.
    names: HashSet<String>,
}

impl Contents {
    pub fn new(rng: ChaCha12Rng, now: DateTime<Utc>, owner: NameOwner) -> Self {
        Self { rng, now, owner, names: HashSet::new() }
    }

    /// A name for an object that a run makes: `Evergreen quiet harbour 1abf2c3e`.
    pub fn name(&mut self) -> String {
        let mut name = String::new();
        for _ in 0..MAX_ATTEMPTS {
            let (adjective, variant) = (self.adjective(), self.number(0..4));
            name = self.owner.name(adjective, variant, self.now);
            if self.names.insert(name.clone()) {
                break;
            }
        }
        name
    }

    /// The same in one word: `Evergreen-quiet-harbour-3f9a1c2e`.
    pub fn token_name(&mut self) -> String {
        self.name().replace(' ', "-")
    }

    /// The value of a placeholder that depends on no earlier answer, safe in a path or query as it is; `None` for any
    /// other placeholder. `from` is always before `until`.
    pub fn fill(&mut self, placeholder: &str) -> Option<String> {
        Some(match placeholder {
            "from" | "StartDateTime" => rfc3339(self.now - self.span(7)),
            "until" | "EndDateTime" => rfc3339(self.now + self.span(14)),
            "period" => self.pick(&["D7", "D30", "D90", "D180"]).to_owned(),
            "term" | "q" => self.noun().to_owned(),
            "filename" => self.filename("txt"),
            "workbook" => self.filename("xlsx"),
            "address" => format!("A1:C{}", self.number(2..7)),
            _ => return None,
        })
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.random_range(0..from.len())]
    }

    pub fn number(&mut self, range: Range<u32>) -> u32 {
        self.rng.random_range(range)
    }

    /// True with probability `p`, which lies in 0.0..=1.0.
    pub fn probability(&mut self, p: f64) -> bool {
        self.rng.random_bool(p)
    }

    /// Eight hexadecimal digits.
    pub fn hex_tag(&mut self) -> String {
        format!("{:08x}", self.rng.random::<u32>())
    }

    /// A random (version 4) UUID.
    pub fn guid(&mut self) -> String {
        let bits = self.rng.random::<u128>();
        let version_4 = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{version_4:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    pub fn adjective(&mut self) -> &'static str {
        self.pick(words::ADJECTIVES)
    }

    pub fn noun(&mut self) -> &'static str {
        self.pick(words::NOUNS)
    }

    pub fn verb(&mut self) -> &'static str {
        self.pick(words::VERBS)
    }

    /// A title of a few words with a tag that makes it unique: `Notes on the quiet harbour (3f9a)`.
    pub fn subject(&mut self) -> String {
        let (adjective, noun, verb) = (self.adjective(), self.noun(), self.verb());
        let title = match self.number(0..6) {
            0 => format!("Notes on the {adjective} {noun}"),
            1 => format!("{} the {adjective} {noun}", capital(verb)),
            2 => format!("{} {noun} and {}", capital(adjective), self.noun()),
            3 => format!("How to {verb} the {noun}"),
            4 => format!("{}: {adjective} {}", capital(noun), self.noun()),
            _ => format!("Plan for the {adjective} {noun}"),
        };
        format!("{title} ({:04x})", self.number(0..0x1_0000))
    }

    pub fn sentence(&mut self) -> String {
        let (adjective, noun, verb) = (self.adjective(), self.noun(), self.verb());
        let (other, thing, adverb) = (self.adjective(), self.noun(), self.pick(words::ADVERBS));
        match self.number(0..10) {
            0 => format!("The {adjective} {noun} {} the {other} {thing} {adverb}.", third_person(verb)),
            1 => format!("Please {verb} the {adjective} {noun} {adverb}."),
            2 => format!("We {verb} the {noun} near the {other} {thing} {adverb}."),
            3 => format!("Nobody will {verb} the {adjective} {noun} before the {thing} is {other}."),
            4 => format!("Let us {verb} the {noun}, then the {other} {thing}."),
            5 => format!("Behind the {adjective} {noun} there is one more {other} {thing}."),
            6 => format!("It helps to {verb} the {noun} {adverb}, as every {other} {thing} shows."),
            7 => format!("Her {noun} is {adjective}, and his {thing} is {other}."),
            8 => format!("Some {verb} the {adjective} {noun} {adverb}; others prefer the {thing}."),
            _ => format!("Between the {noun} and the {thing} runs one {adjective}, {other} line."),
        }
    }

    /// Three to six sentences.
    pub fn paragraph(&mut self) -> String {
        let sentences = self.number(3..7);
        (0..sentences).map(|_| self.sentence()).collect::<Vec<_>>().join(" ")
    }

    /// Plain text, paragraphs with an empty line between.
    pub fn text(&mut self, paragraphs: u32) -> String {
        let mut text = (0..paragraphs).map(|_| self.paragraph()).collect::<Vec<_>>().join("\n\n");
        text.push('\n');
        text
    }

    /// The content of an HTML body: paragraphs, and sometimes a list.
    pub fn html(&mut self, paragraphs: u32) -> String {
        let mut html: String = (0..paragraphs).map(|_| format!("<p>{}</p>", self.paragraph())).collect();
        if self.probability(0.4) {
            html.push_str("<ul>");
            for _ in 0..self.number(2..5) {
                let _ = write!(html, "<li>{}</li>", self.subject());
            }
            html.push_str("</ul>");
        }
        html
    }

    pub fn person(&mut self) -> Person {
        Person { given: self.pick(words::GIVEN_NAMES), surname: self.pick(words::SURNAMES) }
    }

    pub fn company(&mut self) -> String {
        format!("{} {} {}", capital(self.adjective()), capital(self.noun()), self.pick(words::COMPANY_TAILS))
    }

    pub fn job_title(&mut self) -> &'static str {
        self.pick(words::JOB_TITLES)
    }

    /// A phone number reserved for fiction.
    pub fn phone(&mut self) -> String {
        format!("+1 425 555 01{:02}", self.number(0..100))
    }

    pub fn street(&mut self) -> String {
        format!("{} {} {}", self.number(1..200), capital(self.noun()), self.pick(&["Street", "Road", "Lane", "Square"]))
    }

    /// An invented town.
    pub fn place(&mut self) -> String {
        format!("{}{}", self.pick(words::TOWN_HEADS), self.pick(words::TOWN_TAILS))
    }

    /// `quiet-harbour-3f9a1c2e.txt`; letters, digits, `-` and `.` only.
    pub fn filename(&mut self, extension: &str) -> String {
        format!("{}-{}-{}.{extension}", self.adjective(), self.noun(), self.hex_tag())
    }

    /// Half an hour to two hours of some day among the next fourteen, 08:00 to 19:00 UTC.
    pub fn slot(&mut self) -> (DateTime<Utc>, DateTime<Utc>) {
        let day = (self.now + TimeDelta::days(i64::from(self.number(1..15)))).date_naive();
        let start = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(i64::from(self.number(16..35)) * 30);
        (start, start + TimeDelta::minutes(i64::from(self.number(1..5)) * 30))
    }

    /// One hour to `days` days.
    fn span(&mut self, days: u32) -> TimeDelta {
        TimeDelta::hours(i64::from(self.number(1..days * 24 + 1)))
    }
}

/// A fictional person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    pub given: &'static str,
    pub surname: &'static str,
}

impl Person {
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given, self.surname)
    }

    pub fn email(&self) -> String {
        format!("{}.{}@example.com", self.given, self.surname).to_ascii_lowercase()
    }
}

fn rfc3339(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn capital(word: &str) -> String {
    let (head, tail) = word.split_at(1);
    head.to_ascii_uppercase() + tail
}

/// `carry` -> `carries`, `watch` -> `watches`, `follow` -> `follows`.
fn third_person(verb: &str) -> String {
    match verb.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if ["ch", "sh", "ss", "x", "o"].iter().any(|end| verb.ends_with(end)) => format!("{verb}es"),
        _ => format!("{verb}s"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;
    use crate::domain::catalogue::generated_name::is_generated;

    fn contents(seed: u64) -> Contents {
        Contents::new(
            ChaCha12Rng::seed_from_u64(seed),
            DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
            NameOwner::of("a"),
        )
    }

    #[test]
    fn names_are_unique_and_recognised() {
        let mut contents = contents(1);
        let names: HashSet<String> = (0..300).map(|_| contents.name()).collect();
        assert_eq!(names.len(), 300);
        assert!(names.iter().all(|name| is_generated(name)));
        let tokens: HashSet<String> = (0..300).map(|_| contents.token_name()).collect();
        assert_eq!(tokens.len(), 300);
        assert!(tokens.iter().all(|name| is_generated(name) && !name.contains(' ')));
    }

    #[test]
    fn names_that_people_give_are_not_recognised() {
        for name in [
            "",
            "Evergreen",
            "Evergreen trees",
            "Evergreen quiet harbour",
            "Evergreen quiet harbour 3f9a1c2",
            "Evergreen quiet harbour 3f9a1c2e1",
            "Evergreen quiet harbour 3F9A1C2E",
            "Evergreen quiet harbour 3f9a1c2g",
            "Evergreen quiet harbour 3f9a1c2e ",
            " Evergreen quiet harbour 3f9a1c2e",
            "Evergreen  quiet harbour 3f9a1c2e",
            "Evergreen Quiet harbour 3f9a1c2e",
            "Evergreen quiet-harbour 3f9a1c2e",
            "Evergreen-quiet harbour-3f9a1c2e",
            "Evergreen quiet old harbour 3f9a1c2e",
            "Evergreen  3f9a1c2e",
            "evergreen quiet harbour 3f9a1c2e",
            "RE: Evergreen quiet harbour 3f9a1c2e",
            "Evergreen quiet harbour 3f9a1c2e 1",
            "Evergreen quiet härbour 3f9a1c2e",
        ] {
            assert!(!is_generated(name), "{name:?}");
        }
        assert!(is_generated("Evergreen quiet harbour 3f9a1c2e"));
        assert!(is_generated("Evergreen-quiet-harbour-3f9a1c2e"));
    }

    #[test]
    fn word_lists_are_long_plain_and_without_duplicates() {
        for (list, least) in [
            (words::ADJECTIVES, 100),
            (words::NOUNS, 150),
            (words::VERBS, 100),
            (words::GIVEN_NAMES, 50),
            (words::SURNAMES, 50),
        ] {
            assert!(list.len() >= least, "{} of {least}", list.len());
            assert_eq!(list.iter().collect::<HashSet<_>>().len(), list.len(), "a word is listed twice in {list:?}");
            assert!(list.iter().all(|word| word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic())));
        }
        for list in [words::ADJECTIVES, words::NOUNS, words::VERBS] {
            assert!(list.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase())));
        }
    }

    #[test]
    fn verbs_are_conjugated() {
        for (verb, third) in [
            ("carry", "carries"),
            ("enjoy", "enjoys"),
            ("watch", "watches"),
            ("publish", "publishes"),
            ("move", "moves"),
        ] {
            assert_eq!(third_person(verb), third);
        }
    }

    #[test]
    fn an_unknown_placeholder_is_not_filled() {
        assert_eq!(contents(1).fill("message-id"), None);
        assert_eq!(contents(1).fill(""), None);
    }

    proptest! {
        #[test]
        fn equal_seeds_give_equal_contents(seed: u64) {
            let (mut one, mut two) = (contents(seed), contents(seed));
            prop_assert_eq!(one.text(3), two.text(3));
            prop_assert_eq!(one.html(2), two.html(2));
            prop_assert_eq!(one.guid(), two.guid());
        }

        #[test]
        fn different_seeds_give_different_contents(seed: u64) {
            let (mut one, mut two) = (contents(seed), contents(seed ^ 1));
            prop_assert_ne!(one.text(2), two.text(2));
            // Two names alone may agree: few bits of them are random.
            let names = |contents: &mut Contents| std::array::from_fn::<_, 6, _>(|_| contents.name());
            prop_assert_ne!(names(&mut one), names(&mut two));
        }

        #[test]
        fn a_slot_is_by_day_within_the_next_two_weeks(seed: u64) {
            let mut contents = contents(seed);
            let (start, end) = contents.slot();
            prop_assert!(start > contents.now && end - contents.now < TimeDelta::days(15));
            let (first, last) = (NaiveTime::from_hms_opt(8, 0, 0).unwrap(), NaiveTime::from_hms_opt(19, 0, 0).unwrap());
            prop_assert!(start.time() >= first && end.time() <= last && end > start);
        }

        #[test]
        fn placeholder_values_are_safe_in_a_url(seed: u64) {
            let mut contents = contents(seed);
            for placeholder in
                ["from", "until", "StartDateTime", "EndDateTime", "period", "term", "q", "filename", "workbook", "address"]
            {
                let value = contents.fill(placeholder).unwrap();
                prop_assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b)), "{}", value);
            }
            prop_assert!(contents.fill("from") < contents.fill("until"));
        }

        #[test]
        fn people_are_fictional_and_sentences_are_complete(seed: u64) {
            let mut contents = contents(seed);
            prop_assert!(contents.person().email().ends_with("@example.com"));
            prop_assert!(contents.phone().contains(" 555 01"));
            let sentence = contents.sentence();
            prop_assert!(sentence.ends_with('.') && sentence.starts_with(|c: char| c.is_ascii_uppercase()));
            let braces = contents.html(2).contains(['{', '}']);
            prop_assert!(!braces);
            prop_assert!(!is_generated(&contents.subject()));
        }

        #[test]
        fn arbitrary_text_is_not_recognised_as_a_name(text: String) {
            prop_assert!(!is_generated(&text));
        }
    }
}
