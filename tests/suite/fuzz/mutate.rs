//! Mutations of a text: bytes, JSON values, and parts of other seeds.

use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde::de::IgnoredAny;

/// Fragments that parsers often mishandle.
const FRAGMENTS: [&[u8]; 24] = [
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\0",
    b"\n",
    b"\r\n",
    b";",
    b"\t",
    b"'",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"/*",
    b"//",
    b"../",
    b"%00",
    "\u{202e}".as_bytes(),
    "证".as_bytes(),
];

/// JSON values of every type, and extremes of each.
const VALUES: [&[u8]; 22] = [
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e400",
    b"0.1",
    b"9223372036854775807",
    b"18446744073709551616",
    b"-9223372036854775808",
    b"4294967295",
    b"\"\"",
    b"\" \"",
    b"\"0\"",
    b"\"24:00\"",
    b"\"9999-12-31T23:59:59Z\"",
    b"\"0001-01-01T00:00:00Z\"",
    b"\"1e9\"",
    b"[]",
    b"{}",
    b"[[[[[[[[]]]]]]]]",
    b"{\"a\":{\"a\":{\"a\":{}}}}",
    b"[null]",
];

/// A mutation of one of the seeds: one to four changes. Half of the mutations only replace values of JSON, and remain JSON.
pub(super) fn mutate(seeds: &[Vec<u8>], rng: &mut ChaCha12Rng) -> Vec<u8> {
    let mut text = seeds[rng.random_range(0..seeds.len())].clone();
    let only_values = rng.random_bool(0.5);
    for _ in 0..rng.random_range(1..=4) {
        if only_values {
            replace_value(&mut text, rng);
        } else {
            change(&mut text, seeds, rng);
        }
    }
    text
}

fn change(text: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut ChaCha12Rng) {
    match rng.random_range(0..8) {
        0 => {
            if let Some(byte) = pick(text, rng).and_then(|at| text.get_mut(at)) {
                *byte ^= 1 << rng.random_range(0..8);
            }
        }
        1 => insert(text, FRAGMENTS[rng.random_range(0..FRAGMENTS.len())], rng),
        2 => {
            let range = range(text, rng);
            text.drain(range);
        }
        3 => {
            let part = text[range(text, rng)].to_vec();
            insert(text, &part, rng);
        }
        4 => {
            let other = &seeds[rng.random_range(0..seeds.len())];
            let part = other[range(other, rng)].to_vec();
            insert(text, &part, rng);
        }
        5 => text.truncate(rng.random_range(0..=text.len())),
        6 => {
            let depth = rng.random_range(1..3000);
            insert(text, &b"[{\"a\":".repeat(depth)[..depth], rng);
        }
        _ => replace_value(text, rng),
    }
}

/// Replaces one of the text's JSON values, if it has any.
fn replace_value(text: &mut Vec<u8>, rng: &mut ChaCha12Rng) {
    let colons: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b':').collect();
    if colons.is_empty() {
        return;
    }
    let from = colons[rng.random_range(0..colons.len())] + 1;
    let mut values = serde_json::Deserializer::from_slice(&text[from..]).into_iter::<IgnoredAny>();
    if values.next().is_some_and(|value| value.is_ok()) {
        let end = from + values.byte_offset();
        text.splice(from..end, VALUES[rng.random_range(0..VALUES.len())].iter().copied());
    }
}

fn pick(text: &[u8], rng: &mut ChaCha12Rng) -> Option<usize> {
    (!text.is_empty()).then(|| rng.random_range(0..text.len()))
}

fn insert(text: &mut Vec<u8>, part: &[u8], rng: &mut ChaCha12Rng) {
    let at = rng.random_range(0..=text.len());
    text.splice(at..at, part.iter().copied());
}

fn range(text: &[u8], rng: &mut ChaCha12Rng) -> std::ops::Range<usize> {
    let from = rng.random_range(0..=text.len());
    from..(from + rng.random_range(0..40)).min(text.len())
}

mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn mutations_follow_their_seed_and_differ() {
        let seeds = vec![br#"{"a":"b","c":[1,2],"d":{"e":null}}"#.to_vec(), b"x;y;z".to_vec()];
        let of = |seed| mutate(&seeds, &mut ChaCha12Rng::seed_from_u64(seed));
        let all: std::collections::BTreeSet<_> = (0..500).map(of).collect();
        assert!(all.len() > 300, "{}", all.len());
        assert_eq!(of(7), of(7));
        let json = all.iter().filter(|text| serde_json::from_slice::<serde_json::Value>(text).is_ok()).count();
        assert!(json > 80, "{json} of them are still JSON");
    }
}
