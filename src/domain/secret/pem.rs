//! PEM: the blocks between `-----BEGIN` and `-----END`. White space is ignored, since copies lose or add line breaks.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::PAD;
use secrecy::SecretSlice;
use secrecy::zeroize::Zeroizing;

use crate::domain::invisible::is_invisible;

/// Standard base64 with padding; anything that is not canonical is refused.
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, PAD);

/// One block of a PEM text.
pub(super) struct Block<'a> {
    /// E.g. `CERTIFICATE`.
    pub label: &'a str,
    body: &'a str,
}

/// The blocks of a text, up to one that is not closed.
pub(super) fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, begun) = rest.split_once("-----BEGIN ")?;
        let (label, inside) = begun.split_once("-----")?;
        let (body, after) = inside.split_once("-----END ")?;
        rest = after.strip_prefix(label)?.strip_prefix("-----")?;
        Some(Block { label, body })
    })
}

impl Block<'_> {
    /// Whether it has headers, as old encrypted keys do.
    pub(super) fn has_headers(&self) -> bool {
        self.body.contains(':')
    }

    /// Its bytes; `None` where it is not base64. No copy of them remains in memory.
    pub(super) fn decode(&self) -> Option<SecretSlice<u8>> {
        // Both are wiped, and allocated once: a buffer that grows or shrinks leaves copies.
        let mut plain = Zeroizing::new(String::with_capacity(self.body.len()));
        let mut chars = self.body.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '\\' {
                // A line break as two characters, perhaps escaped again.
                while chars.next_if_eq(&'\\').is_some() {}
                chars.next_if(|c| matches!(c, 'n' | 'r' | 't'));
            } else if !is_invisible(c) {
                plain.push(c);
            }
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(plain.len()));
        BASE64.decode_vec(plain.as_bytes(), &mut bytes).ok()?;
        Some(SecretSlice::new(Box::from(&bytes[..])))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(text: &str) -> Option<Vec<u8>> {
        Some(blocks(text).find(|block| block.label == "X")?.decode()?.expose_secret().to_vec())
    }

    #[test]
    fn the_first_block_with_the_label_is_read_whatever_its_line_breaks() {
        for text in [
            "-----BEGIN X-----\naGVs\nbG8=\n-----END X-----\n",
            "-----BEGIN X----- aGVs bG8= -----END X-----",
            "text\r\n-----BEGIN Y-----\r\nAAAA\r\n-----END Y-----\r\n-----BEGIN X-----\r\naGVsbG8=\r\n-----END X-----",
            "-----BEGIN X-----aGVsbG8=-----END X----------BEGIN X-----AAAA-----END X-----",
        ] {
            assert_eq!(read(text).as_deref(), Some(&b"hello"[..]), "{text}");
        }
    }

    #[test]
    fn a_text_without_such_a_block_is_none() {
        for text in [
            "",
            "aGVsbG8=",
            "-----BEGIN X-----",
            "-----BEGIN X-----\naGVsbG8=",
            "-----BEGIN X-----\naGVsbG8=\n-----END Y-----",
            "-----BEGIN Y-----\naGVsbG8=\n-----END Y-----",
            "-----BEGIN X-----\n!\n-----END X-----",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
