//! The text of a secret file as people save it: UTF-8 with or without a byte order mark, UTF-16, and JSON with comments
//! and trailing commas.

use crate::local::lenient_json;

/// The file's text as strict JSON would have it.
///
/// # Errors
/// If the bytes are no text; the message says what to do.
pub fn decode(bytes: &[u8]) -> Result<String, &'static str> {
    text(bytes).map(|text| lenient_json::to_strict(&text))
}

/// The text of UTF-8 or UTF-16 bytes, without a byte order mark.
///
/// # Errors
/// If the bytes are neither.
pub fn text(bytes: &[u8]) -> Result<String, &'static str> {
    const NOT_TEXT: &str = "it is not UTF-8 text: save it as UTF-8";
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes).ok_or(NOT_TEXT),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes).ok_or(NOT_TEXT),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => String::from_utf8(rest.to_vec()).map_err(|_| NOT_TEXT),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units: Vec<u16> = bytes.chunks(2).map(|pair| pair.try_into().ok().map(unit)).collect::<Option<_>>()?;
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_and_utf_16_are_read() {
        let text = r#"{"a": "ü"}"#;
        let utf_16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(),
            utf_16([0xff, 0xfe], u16::to_le_bytes),
            utf_16([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).unwrap(), text);
        }
        for bytes in [&[0xff, 0xfe, b'{'][..], &[0xc4, 0xe3]] {
            assert!(decode(bytes).unwrap_err().contains("UTF-8"));
        }
    }
}
