//! Suggestions: the known word that a misspelt one is nearest to.

/// Words longer than this are not compared: the time grows with the product of the lengths.
const MAX_WORD_CHARS: usize = 64;

/// The candidate with the fewest edits to `word`, the first of several; `None` where even that one differs in more than
/// a third of its characters. Case does not count.
///
/// An edit inserts, removes or replaces one character, or swaps two neighbours.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = lowercase(word);
    if word.is_empty() || word.len() > MAX_WORD_CHARS {
        return None;
    }
    let near = candidates.into_iter().filter_map(|candidate| {
        let other = lowercase(candidate);
        let most = word.len().max(other.len()) / 3;
        if other.len() > MAX_WORD_CHARS || word.len().abs_diff(other.len()) > most {
            return None;
        }
        let edits = edit_distance(&word, &other);
        (edits <= most).then_some((edits, candidate))
    });
    near.min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// `; did you mean `...`?` with the nearest candidate, to end a message with; empty where none is near.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// The words in code quotes, separated by commas.
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn lowercase(word: &str) -> Vec<char> {
    word.chars().flat_map(char::to_lowercase).collect()
}

/// The restricted Damerau-Levenshtein distance (optimal string alignment), with three rows of its table.
fn edit_distance(from: &[char], to: &[char]) -> usize {
    let mut before_previous = vec![0; to.len() + 1];
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    for (row, from_char) in from.iter().enumerate() {
        let mut current = vec![row + 1; to.len() + 1];
        for (column, to_char) in to.iter().enumerate() {
            let replaced = previous[column] + usize::from(from_char != to_char);
            let mut least = replaced.min(previous[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && from[row - 1] == *to_char && *from_char == to[column - 1];
            if swapped {
                least = least.min(before_previous[column - 1] + 1);
            }
            current[column + 1] = least;
        }
        before_previous = std::mem::replace(&mut previous, current);
    }
    previous[to.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIELDS: [&str; 5] = ["tenant_id", "client_id", "client_secret", "password", "policy"];

    fn distance(from: &str, to: &str) -> usize {
        edit_distance(&lowercase(from), &lowercase(to))
    }

    #[test]
    fn a_misspelt_word_finds_the_nearest_candidate() {
        for (word, expected) in [
            ("client_secert", Some("client_secret")),
            ("Client_Secret", Some("client_secret")),
            ("tenantid", Some("tenant_id")),
            ("pasword", Some("password")),
            ("colour", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, FIELDS), expected, "{word}");
        }
        assert_eq!(nearest("Mail.Raed", ["Mail.Read", "Mail.Send"]), Some("Mail.Read"));
        assert_eq!(nearest("tick", ["tack", "tock"]), Some("tack"), "the first of two");
        assert_eq!(nearest(&"x".repeat(65), ["x"]), None);
    }

    #[test]
    fn an_edit_is_an_insertion_a_removal_a_replacement_or_a_swap() {
        for (from, to, edits) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "abxc", 1),
            ("abc", "ac", 1),
            ("abc", "axc", 1),
            ("abc", "acb", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
        ] {
            assert_eq!(distance(from, to), edits, "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn the_distance_is_symmetric_and_zero_only_for_equals(from in "[a-d]{0,8}", to in "[a-d]{0,8}") {
            prop_assert_eq!(distance(&from, &to), distance(&to, &from));
            prop_assert_eq!(distance(&from, &to) == 0, from == to);
            prop_assert!(distance(&from, &to) <= from.len().max(to.len()));
        }
    }
}
