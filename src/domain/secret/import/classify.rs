//! What a value without a name can be: an id, a user, a domain, or a secret of a known form.
//!
//! Forms of secrets: Microsoft's own detectors (microsoft/security-utilities, `AadClientAppSecret` and
//! `AadClientAppLegacyCredentials32` and `34`).

/// The most telling reading of a value. A value of no other kind may always be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Guid,
    /// A user principal name.
    User(Certainty),
    Domain(Certainty),
    ClientSecret,
    RefreshToken,
    Other,
}

/// Whether a value may be a secret as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// Ends with a domain that Microsoft gives to tenants: no secret does.
    Sure,
    /// A domain of the customer's own: `correct.horse` is such a domain too, and `P@ssw0rd.com` such a user.
    Possible,
}

/// Domains that a tenant gets from Microsoft, by cloud.
const TENANT_DOMAINS: [&str; 4] = [".onmicrosoft.com", ".onmicrosoft.us", ".onmicrosoft.de", ".partner.onmschina.cn"];

/// The kind of a value that is trimmed.
pub(super) fn kind(text: &str) -> Kind {
    if is_guid(text) {
        return Kind::Guid;
    }
    let found = match text.rsplit_once('@') {
        Some((local, domain)) if is_local_part(local) => certainty(domain).map(Kind::User),
        Some(_) => None,
        None => certainty(text).map(Kind::Domain),
    };
    match found {
        Some(sure @ (Kind::User(Certainty::Sure) | Kind::Domain(Certainty::Sure))) => sure,
        _ if is_client_secret(text) => Kind::ClientSecret,
        _ if is_refresh_token(text) => Kind::RefreshToken,
        _ if is_old_client_secret(text) => Kind::ClientSecret,
        Some(possible) => possible,
        None => Kind::Other,
    }
}

/// Whether a word that the user chose as a name looks like a secret. Names of words do not, nor ids.
pub(super) fn may_be_secret(name: &str) -> bool {
    match kind(name) {
        Kind::Guid | Kind::User(_) | Kind::Domain(Certainty::Sure) => false,
        Kind::ClientSecret | Kind::RefreshToken => true,
        Kind::Domain(Certainty::Possible) | Kind::Other => {
            let has = |class: fn(&char) -> bool| usize::from(name.chars().any(|c| class(&c)));
            let classes = has(char::is_ascii_lowercase) + has(char::is_ascii_uppercase) + has(char::is_ascii_digit);
            (name.len() >= 32 && classes > 1) || (name.len() >= 8 && !is_made_of_words(name))
        }
    }
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, '-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The part of a user principal name before `@`, as Entra allows it.
fn is_local_part(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c))
}

/// How sure a text is a domain; `None` where it is not one, or written as no person writes one.
fn certainty(text: &str) -> Option<Certainty> {
    let labels: Vec<&str> = text.splitn(8, '.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top_level = labels.last()?;
    let is_top_level = (2..=24).contains(&top_level.len()) && top_level.chars().all(|c| c.is_ascii_alphabetic());
    if labels.len() < 2 || !labels.iter().all(is_label) || !is_top_level {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if TENANT_DOMAINS.iter().any(|domain| lower.ends_with(domain)) {
        return Some(Certainty::Sure);
    }
    let one_case = !text.chars().any(|c| c.is_ascii_uppercase()) || !text.chars().any(|c| c.is_ascii_lowercase());
    (one_case && labels.iter().all(|label| is_made_of_words(label))).then_some(Certainty::Possible)
}

/// Three characters, a digit, `Q~` and 34 more: since 2021.
fn is_client_secret(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 6 && bytes[3].is_ascii_digit() && &bytes[4..6] == b"Q~" && bytes.iter().all(is_unreserved)
}

/// 32 or 34 random characters, or 32 bytes in base64: before 2021.
fn is_old_client_secret(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_both_cases = bytes.iter().any(u8::is_ascii_uppercase) && bytes.iter().any(u8::is_ascii_lowercase);
    let fits = match bytes {
        [base64 @ .., b'='] if base64.len() == 43 => {
            base64.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
        }
        _ => {
            (32..=36).contains(&bytes.len())
                && bytes.iter().all(|byte| is_unreserved(byte) || b"=:[]@*+?/".contains(byte))
        }
    };
    fits && has_both_cases && !is_made_of_words(text)
}

fn is_unreserved(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(byte)
}

/// Entra's refresh tokens begin with `0.A` or `1.A`, those of personal accounts with `M.C`.
fn is_refresh_token(text: &str) -> bool {
    let long = text.len() >= 24 && ["0.A", "1.A", "M.C"].iter().any(|start| text.starts_with(start));
    (long || text.len() >= 256) && text.chars().all(|c| c.is_ascii_graphic() && !"\"'<>\\`{}".contains(c))
}

/// Words and numbers between separators, such as `prod-Tenant.01` or `e5dev2`: random characters are not.
fn is_made_of_words(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).all(|word| {
        let digits: Vec<bool> = word.chars().map(|c| c.is_ascii_digit()).collect();
        let switches = digits.windows(2).filter(|pair| pair[0] != pair[1]).count();
        switches <= 3 && word.split(|c: char| c.is_ascii_digit()).all(is_word)
    })
}

/// Letters in one case, with a capital, or in camel case.
fn is_word(letters: &str) -> bool {
    let upper: Vec<bool> = letters.chars().map(|c| c.is_ascii_uppercase()).collect();
    let changes = upper.windows(2).filter(|pair| pair[0] != pair[1]).count();
    changes == 0 || (changes == 1 && upper[0] && !upper[1]) || (letters.len() >= 8 && changes <= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_form_has_its_kind() {
        for (text, expected) in [
            ("5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01", Kind::Guid),
            ("5B1E7C52-7F0A-4D0C-8A86-6A0E4A1F0C01", Kind::Guid),
            ("megan@contoso.onmicrosoft.com", Kind::User(Certainty::Sure)),
            ("AdeleV@M365x12345678.OnMicrosoft.com", Kind::User(Certainty::Sure)),
            ("lee_gmail.com#EXT#@contoso.onmicrosoft.com", Kind::User(Certainty::Sure)),
            ("o'brien@contoso.partner.onmschina.cn", Kind::User(Certainty::Sure)),
            ("megan@contoso.com", Kind::User(Certainty::Possible)),
            ("P@ssw0rd.com", Kind::User(Certainty::Possible)),
            ("contoso.onmicrosoft.com", Kind::Domain(Certainty::Sure)),
            ("contosodevelopment20.onmicrosoft.com", Kind::Domain(Certainty::Sure)),
            ("contoso.co.uk", Kind::Domain(Certainty::Possible)),
            ("CONTOSO.COM", Kind::Domain(Certainty::Possible)),
            ("correct.horse", Kind::Domain(Certainty::Possible)),
            ("Ab1.cD2-eF3_gH4iJ5kL6mN7oP8qR9sT0uV", Kind::ClientSecret),
            ("ab18Q~cdEFghijKLmnopQRstuvWXyz0123456789.", Kind::ClientSecret),
            ("9/8=0v?eTWz.vSgZ4yG@IxB:[[Kf4jWa", Kind::ClientSecret),
            ("q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=", Kind::ClientSecret),
            ("0.AXoAexampleexampleexample-example", Kind::RefreshToken),
            ("M.C123_BAY.0.U.-Cexample*example!example$$", Kind::RefreshToken),
            ("Correct-Horse-Battery-Staple-2024", Kind::Other),
            ("correct horse", Kind::Other),
            ("aB.cD", Kind::Other),
            ("@contoso.onmicrosoft.com", Kind::Other),
            ("contoso", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_of_words_is_not_taken_for_a_secret() {
        for name in
            ["a", "megan", "prod-Tenant.01", "Contoso-Developer-Tenant-01", "e5dev2", "ContosoDev", "m365x123456"]
        {
            assert!(!may_be_secret(name), "{name}");
        }
        for name in [
            "Ab1.cD2-eF3_gH4iJ5kL6mN7oP8qR9sT0uV",
            "xK2mP9qL4v",
            "aB3dE5fG",
            "d2f7a8c94be1d2f7a8c94be1d2f7a8c94be1",
            "1.AXoAexampleexampleexample-example",
        ] {
            assert!(may_be_secret(name), "{name}");
        }
    }
}
