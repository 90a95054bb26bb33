//! Ids in the style of each service.

use rand::RngExt;
use rand::rngs::ChaCha12Rng;

/// The style of a service's ids; clients must not interpret them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    Guid,
    /// Exchange: base64url with padding.
    Outlook,
    /// OneDrive: `01` and base 32.
    Drive,
    /// OneNote: `0-<hex>!1-<hex>`.
    Onenote,
    /// Planner, Excel and others: letters and digits.
    Short,
}

impl Id {
    pub(crate) fn make(self, rng: &mut ChaCha12Rng) -> String {
        let mut from = |alphabet: &[u8], n: usize| -> String {
            (0..n).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
        };
        const HEX: &[u8] = b"0123456789abcdef";
        const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        match self {
            Self::Guid => {
                format!("{}-{}-4{}-a{}-{}", from(HEX, 8), from(HEX, 4), from(HEX, 3), from(HEX, 3), from(HEX, 12))
            }
            Self::Outlook => format!("AAMkAG{}AAA=", from(BASE64URL, 60)),
            Self::Drive => format!("01{}", from(BASE32, 32)),
            Self::Onenote => format!("0-{}!1-{}", from(HEX, 32), from(HEX, 16)),
            Self::Short => from(&BASE64URL[..62], 24),
        }
    }
}
