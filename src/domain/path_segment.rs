//! Path segment: a value as one part of a URL's path.

/// Whether a URL loses the segment: an empty one, and the dots that name a folder and its parent. An encoded dot is
/// no help, since it counts as a dot.
pub(crate) fn is_dot_segment(value: &str) -> bool {
    matches!(value, "" | "." | "..")
}

/// Percent-encodes a value for a path segment or a value of the query.
pub(crate) fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$*,;:@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_segment_that_a_url_would_lose_is_recognised() {
        for value in ["", ".", ".."] {
            assert!(is_dot_segment(value), "{value:?}");
        }
        for value in ["...", "a.", ".a", "a", " "] {
            assert!(!is_dot_segment(value), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn a_url_keeps_every_other_segment(value in "\\PC{1,12}|[./%]{1,4}") {
            let encoded = encode(&value);
            let url = reqwest::Url::parse(&format!("https://graph.example/v1.0/{encoded}/messages")).unwrap();
            prop_assert!(is_dot_segment(&value) || url.path() == format!("/v1.0/{encoded}/messages"), "{}", url.path());
        }
    }
}
