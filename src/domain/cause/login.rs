//! The login service's refusals: what an answer says about an account.

use super::explanation::Cause;
use super::login_codes::{LoginClass, LoginCode, find, symbolic_name};
use super::login_words::{LoginWord, error_word, suberror_word};
use std::time::Duration;

use thiserror::Error;

use crate::domain::language::{Language, Text};

/// Why no token was obtained. Holds no secret and no text of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoginError {
    /// Only a change of the secret, the app, the user or the tenant helps.
    #[error("{0}")]
    Misconfigured(Cause),
    /// Trying again soon makes it worse (lockout, request loop).
    #[error("{0}")]
    LongBackoff(Cause),
    /// What was set up lately may take minutes to be known everywhere; what stays so is wrong.
    #[error("{0}")]
    NotYet(Cause),
    #[error("the login service throttles")]
    Throttled { retry_after: Option<Duration> },
    /// The next run may well succeed.
    #[error("{0}")]
    Transient(String),
}

/// Reads the login service's error answer.
///
/// `error` and `suberror` decide whether it is an answer of Microsoft's, and what an unknown code is about; a known code
/// (`AADSTS50057` is 50057) says it more exactly. Only status 400 or 401 with a word of OAuth, or with any word and a
/// code, condemns a credential: a proxy or a portal may answer anything else.
pub fn login_fault(status: u16, error: &str, suberror: &str, codes: &[u32]) -> LoginError {
    let word = error_word(error);
    let suffix = match (codes.first(), word) {
        (Some(code), _) => format!(" ({})", aadsts(*code)),
        (None, Some(word)) => format!(" ({})", word.word),
        (None, None) => String::new(),
    };
    if status == 429 || status >= 500 {
        return LoginError::Transient(format!("the login service answered {status}{suffix}"));
    }
    let condemns = matches!(status, 400 | 401) && (word.is_some() || !error.is_empty() && !codes.is_empty());
    if !condemns {
        return LoginError::Transient(not_microsofts(status));
    }
    if let Some(word) = word.filter(|word| word.passes) {
        return LoginError::Transient(format!("{}{suffix}", word.what.en));
    }
    if let Some(row) = codes.iter().find_map(|code| find(*code)) {
        return by_row(row);
    }
    let word = suberror_word(suberror).or(word);
    LoginError::Misconfigured(match (codes.first(), word) {
        (Some(code), word) => unknown_code(*code, word),
        (None, Some(word)) => by_word(word),
        (None, None) => return LoginError::Transient(not_microsofts(status)),
    })
}

/// The cause of a code, with which a stored `pause_cause` begins: `AADSTS50057`, `invalid_grant`.
pub fn login_cause(code: &str) -> Option<Cause> {
    match code.strip_prefix("AADSTS").map(str::parse::<u32>) {
        Some(number) => {
            let number = number.ok()?;
            Some(find(number).map_or_else(|| unknown_code(number, None), row_cause))
        }
        None => error_word(code).or_else(|| suberror_word(code)).map(by_word),
    }
}

/// The words for an answer that the login service cannot have given.
pub fn not_microsofts(status: u16) -> String {
    format!("the login service's address gave an answer that is not Microsoft's ({status})")
}

fn aadsts(code: u32) -> String {
    format!("AADSTS{code}")
}

fn by_row(row: &LoginCode) -> LoginError {
    match row.class {
        LoginClass::Misconfigured => LoginError::Misconfigured(row_cause(row)),
        LoginClass::LongBackoff => LoginError::LongBackoff(row_cause(row)),
        LoginClass::NotYet => LoginError::NotYet(row_cause(row)),
        LoginClass::Transient => LoginError::Transient(format!("{} ({})", row.what.en, aadsts(row.code))),
    }
}

fn row_cause(row: &LoginCode) -> Cause {
    Cause::known(aadsts(row.code), row.kind, row.what, row.remedy)
}

fn by_word(word: &LoginWord) -> Cause {
    Cause::known(word.word.to_owned(), word.kind, word.what, word.remedy)
}

/// A code that the table lacks: Microsoft's symbolic name where that is known, and the link to Microsoft's words.
fn unknown_code(code: u32, word: Option<&LoginWord>) -> Cause {
    const REFUSED: Text = Text::new("the login service refused the credential", "登录服务拒绝了凭据");
    let what = word.map_or(REFUSED, |word| word.what);
    let link = format!("https://login.microsoftonline.com/error?code={code}");
    Cause::in_words(aadsts(code), word.map(|word| word.kind), |language| {
        let what = match (symbolic_name(code), language) {
            (None, _) => what.get(language).to_owned(),
            (Some(name), Language::En) => format!("{} ({name})", what.en),
            (Some(name), Language::Zh) => format!("{}（{name}）", what.zh),
        };
        let remedy = match language {
            Language::En => format!("Look the code up at {link}"),
            Language::Zh => format!("到 {link} 查看此代码的说明"),
        };
        (what, remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cause::CauseKind;
    use crate::domain::cause::login_codes::rows;

    fn class(status: u16, error: &str, codes: &[u32]) -> &'static str {
        match login_fault(status, error, "", codes) {
            LoginError::Misconfigured(_) => "misconfigured",
            LoginError::LongBackoff(_) => "long back-off",
            LoginError::NotYet(_) => "not yet",
            LoginError::Transient(_) | LoginError::Throttled { .. } => "transient",
        }
    }

    fn cause(error: &str, suberror: &str, codes: &[u32]) -> Cause {
        match login_fault(400, error, suberror, codes) {
            LoginError::Misconfigured(cause) | LoginError::LongBackoff(cause) | LoginError::NotYet(cause) => cause,
            other => panic!("{error} {codes:?}: {other}"),
        }
    }

    #[test]
    fn every_code_of_the_facts_has_its_class() {
        let misconfigured = [
            7_000_215, 7_000_222, 700_016, 7_000_112, 700_027, 7_000_218, 90_002, 900_023, 500_011, 1_002_012,
            9_002_313, 50_034, 50_126, 50_055, 50_056, 50_057, 50_076, 50_079, 50_158, 53_003, 530_003, 530_035,
            65_001, 50_058, 70_000, 70_008, 700_082, 50_173, 70_043,
        ];
        for code in misconfigured {
            assert_eq!(class(400, "invalid_grant", &[code]), "misconfigured", "{code}");
        }
        for code in [50_053, 50_196] {
            assert_eq!(class(400, "invalid_grant", &[code]), "long back-off", "{code}");
        }
        for code in [70_021, 700_211, 700_212, 700_213] {
            assert_eq!(class(401, "invalid_client", &[code]), "not yet", "{code}");
        }
        for code in [90_033, 50_033, 90_006, 90_012, 90_024, 90_055, 90_090, 50_087] {
            assert_eq!(class(400, "invalid_grant", &[code]), "transient", "{code}");
        }
    }

    #[test]
    fn who_has_to_act_can_be_told_from_a_cause_and_from_a_stored_code() {
        for (codes, kind) in [
            (&[5_000_224, 5_000_225, 500_014][..], CauseKind::TenantShut),
            (&[50_072, 50_076, 50_079, 50_173, 700_082, 700_084, 65_004], CauseKind::NeedsSignIn),
            (&[50_005, 50_097, 50_129, 50_131, 53_001, 53_002, 53_003, 53_011, 530_032], CauseKind::ConditionalAccess),
            (&[50_105, 65_001, 650_052, 650_056, 650_057, 90_093, 7_000_229], CauseKind::Consent),
            (&[7_000_215, 700_016, 700_025, 7_000_218], CauseKind::App),
            (&[50_059, 90_019, 90_002], CauseKind::SecretField),
            (&[50_034, 50_053, 50_057, 50_126], CauseKind::User),
            (&[700_024, 500_133], CauseKind::Clock),
        ] {
            for code in codes {
                assert_eq!(cause("invalid_grant", "", &[*code]).kind(), Some(kind), "{code}");
                assert_eq!(login_cause(&format!("AADSTS{code}")).unwrap().kind(), Some(kind), "{code}");
            }
        }
    }

    #[test]
    fn a_stored_code_gives_the_same_cause_again() {
        for row in rows().filter(|row| row.class != LoginClass::Transient) {
            let cause = cause("invalid_grant", "", &[row.code]);
            let stored = cause.to_string();
            assert_eq!(login_cause(stored.split(": ").next().unwrap()), Some(cause));
        }
        assert_eq!(login_cause("invalid_client"), Some(cause("invalid_client", "", &[])));
        let unknown = login_cause("AADSTS123456").unwrap();
        assert!(unknown.remedy.ends_with("https://login.microsoftonline.com/error?code=123456"), "{unknown}");
        for code in ["forbidden", "AADSTS", "AADSTSx", "AADSTS99999999999999", ""] {
            assert_eq!(login_cause(code), None, "{code}");
        }
    }

    #[test]
    fn a_shut_tenant_is_named_with_what_can_be_saved_and_until_when() {
        for (code, shut, saved) in [
            (5_000_225, "blocked the whole tenant for inactivity", "within 20 days"),
            (5_000_224, "Microsoft has shut the tenant", "can be unblocked"),
            (500_014, "subscription has ended", "on day 60 all is deleted"),
            (50_057, "subscription has ended", "until day 60"),
            (53_003, "policy blocks", "until day 60"),
        ] {
            let cause = cause("interaction_required", "", &[code]);
            assert!(cause.what.contains(shut) && cause.remedy.contains(saved), "{cause}");
        }
        assert!(cause("invalid_grant", "", &[53_003]).remedy.contains("subscription has ended"));
    }

    /// An account with a refresh token meets these too: it is not sent to what it has already.
    #[test]
    fn a_remedy_is_true_for_each_credential_that_meets_its_code() {
        for row in rows() {
            let remedy = row.remedy.en;
            assert!(!remedy.contains("a refresh token from") && !remedy.contains("needs no person"), "{remedy}");
        }
        for code in [50_072, 50_074, 50_076, 50_079, 50_158] {
            let cause = cause("invalid_grant", "basic_action", &[code]);
            assert!(cause.remedy.contains("`sign_in`") && cause.remedy.contains("`client_secret`"), "{cause}");
        }
    }

    #[test]
    fn an_unknown_code_has_microsofts_name_and_link_and_the_kind_of_its_words() {
        let named = cause("invalid_grant", "", &[50_017]);
        assert!(named.what.ends_with("(CertificateValidationFailed)"), "{named}");
        assert_eq!(named.remedy, "Look the code up at https://login.microsoftonline.com/error?code=50017");
        assert!(named.text(Language::Zh).contains("（CertificateValidationFailed）"));
        for (error, suberror, kind) in [
            ("invalid_grant", "consent_required", CauseKind::Consent),
            ("invalid_grant", "message_only", CauseKind::ConditionalAccess),
            ("invalid_grant", "bad_token", CauseKind::NeedsSignIn),
            ("interaction_required", "", CauseKind::NeedsSignIn),
            ("invalid_client", "MARKED", CauseKind::App),
        ] {
            for codes in [&[123_456][..], &[]] {
                let cause = cause(error, suberror, codes);
                assert_eq!(cause.kind(), Some(kind), "{cause}");
                assert!(["AADSTS123456", error, suberror].contains(&cause.code.as_str()), "{cause}");
                assert_eq!(login_cause(&cause.code).map(|again| again.code), Some(cause.code.clone()));
                assert!(!cause.text(Language::Zh).contains("MARKED") && !cause.to_string().contains("MARKED"));
            }
        }
    }

    #[test]
    fn an_unknown_code_is_judged_by_error_and_status() {
        assert_eq!(class(400, "invalid_grant", &[1]), "misconfigured");
        assert_eq!(class(401, "invalid_client", &[]), "misconfigured");
        assert_eq!(class(400, "temporarily_unavailable", &[1]), "transient");
        assert_eq!(class(429, "", &[]), "transient");
        assert_eq!(class(503, "", &[]), "transient");
    }

    #[test]
    fn only_400_and_401_with_a_word_of_oauth_condemn() {
        for status in [302, 403, 404, 407, 418, 429, 500, 503] {
            assert_eq!(class(status, "invalid_client", &[7_000_215]), "transient", "{status}");
        }
        for status in [400, 401] {
            assert_eq!(class(status, "", &[7_000_215]), "transient", "no word");
            assert_eq!(class(status, "Forbidden", &[]), "transient", "not a word of OAuth");
            assert_eq!(class(status, "server_error", &[50_126]), "transient", "the service's own trouble comes first");
            assert_eq!(class(status, "authorization_pending", &[]), "transient");
            assert_eq!(class(status, "new_word", &[7_000_215]), "misconfigured", "Microsoft's code");
        }
    }

    #[test]
    fn an_answers_own_words_are_not_repeated() {
        let LoginError::Transient(why) = login_fault(400, "MARKED", "MARKED", &[]) else { panic!("transient") };
        assert!(!why.contains("MARKED"), "{why}");
        assert!(!cause("MARKED", "MARKED", &[1]).to_string().contains("MARKED"));
    }

    #[test]
    fn a_cause_says_what_happened_and_what_to_do() {
        assert_eq!(
            cause("invalid_client", "", &[7_000_215]).to_string(),
            "AADSTS7000215: the client secret is wrong. Create a client secret in the app registration, copy the column \
             Value, which is shown only once, right after creation (not the Secret ID), and put it into the secret as \
             `client_secret`."
        );
    }
}
