//! DER reader: consecutive values, each with a tag, a length and its content, as certificates and keys need them.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// The bytes not read yet. Its methods return `None` where the next value is another one, or truncated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// The tag and content of the next value.
    pub(super) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Four bytes of length are more than any secret holds.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()))?, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next value, which must have this tag.
    pub(super) fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let (found, content) = ahead.any()?;
        (found == tag).then(|| {
            *self = ahead;
            content
        })
    }

    /// The next value, which must be a sequence.
    pub(super) fn sequence(&mut self) -> Option<Der<'a>> {
        self.next(SEQUENCE).map(Der)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_order() {
        let mut der = Der(&[0x30, 3, 2, 1, 7, 6, 0x81, 1, 9]);
        let mut inner = der.sequence().unwrap();
        assert_eq!((inner.next(OBJECT_ID), inner.next(INTEGER), inner.any()), (None, Some(&[7][..]), None));
        assert_eq!((der.any(), der.any()), (Some((OBJECT_ID, &[9][..])), None));
    }

    #[test]
    fn truncated_and_malformed_values_are_none() {
        for bytes in [
            &[][..],
            &[2],
            &[2, 1],
            &[2, 0x82, 1],
            &[2, 0x80],
            &[2, 0x85, 0, 0, 0, 0, 0],
            &[2, 0x84, 255, 255, 255, 255],
        ] {
            assert_eq!(Der(bytes).any(), None, "{bytes:?}");
        }
    }
}
