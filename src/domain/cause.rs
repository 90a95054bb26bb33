//! Causes: what went wrong with an account, in plain words, and what its owner can do about it.
//!
//! One catalogue, used wherever a failure is told: logs, `show`, the table's `pause_cause`.

use std::fmt;

use serde::Serialize;

/// Wrong configuration. Printed as `code: what. What to do.`; never holds a secret or an answer's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub code: String,
    pub what: String,
    pub remedy: String,
}

impl Cause {
    pub fn new(code: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.into(), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}.", self.code, self.what, self.remedy)
    }
}

/// Why a token was not had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginFault {
    /// Only a change of the secret, the app or the user helps.
    Misconfigured(Cause),
    /// Trying again soon makes it worse (lockout, request loop).
    LongBackoff(Cause),
    /// What was set up lately may take minutes to be known everywhere; what stays so is wrong.
    NotYet(Cause),
    /// The next tick may well succeed.
    Transient(String),
}

/// Reads the login service's error answer: `error` first, refined by its numeric codes.
///
/// Source: learn.microsoft.com/entra/identity-platform/reference-error-codes.
pub fn login_fault(status: u16, error: &str, codes: &[u32]) -> LoginFault {
    if let Some(fault) = codes.iter().find_map(|code| by_code(*code)) {
        return fault;
    }
    let code = match codes.first() {
        Some(code) => format!("AADSTS{code}"),
        None => known_error(error).unwrap_or("login_refused").to_owned(),
    };
    if status == 429 || status >= 500 || matches!(error, "temporarily_unavailable" | "server_error") {
        return LoginFault::Transient(format!("the login service answered {status} ({code})"));
    }
    let what = format!("the login service refused the credential ({status} {})", known_error(error).unwrap_or("error"));
    LoginFault::Misconfigured(Cause::new(code, what, "Look the code up in Microsoft's list of AADSTS errors"))
}

/// Only these words are repeated in messages: an answer's text is not ours to print.
fn known_error(error: &str) -> Option<&'static str> {
    [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
        "interaction_required",
        "consent_required",
        "access_denied",
        "login_required",
        "temporarily_unavailable",
        "server_error",
    ]
    .into_iter()
    .find(|known| *known == error)
}

const NEW_SECRET: &str = "Create a client secret in the app registration and put its value into the secret";
const CHECK_TENANT: &str = "Check `tenant_id` in the secret";
const CHECK_CLIENT: &str = "Check `client_id` and `tenant_id` in the secret";
const SIGN_IN: &str = "Sign in again and put the new refresh token into the secret";
const USE_OTHER: &str = "Use a credential that needs no person: a client secret, or a refresh token from a sign-in";

fn by_code(code: u32) -> Option<LoginFault> {
    let misconfigured =
        |what: &str, remedy: &str| Some(LoginFault::Misconfigured(Cause::new(format!("AADSTS{code}"), what, remedy)));
    match code {
        7_000_215 => misconfigured("the client secret is wrong", NEW_SECRET),
        7_000_222 => misconfigured("the client secret has expired", NEW_SECRET),
        700_016 => misconfigured("the app is not known in the tenant", CHECK_CLIENT),
        7_000_112 => misconfigured("the app is disabled", "Enable it under Enterprise applications"),
        70_021 | 700_211 | 700_212 | 700_213 => Some(LoginFault::NotYet(Cause::new(
            format!("AADSTS{code}"),
            "the app has no federated credential for this function",
            "Add one to the app registration: the AWS account's issuer URL, the function's role as subject, audience api://AzureADTokenExchange",
        ))),
        // The service's own hint that subjects are compared letter by letter.
        7_002_138 => misconfigured(
            "the federated credential's subject differs from the role's name in upper or lower case",
            "Copy the role's ARN into the federated credential as it is",
        ),
        700_024 => {
            misconfigured("the client assertion is not within its time", "Check that the certificate is valid now")
        }
        700_027 => misconfigured("the client assertion was refused", "Check the certificate in the app registration"),
        7_000_218 => misconfigured(
            "the app needs a client secret",
            "Add `client_secret` to the secret, or allow public client flows in the app registration",
        ),
        90_002 => misconfigured("the tenant does not exist", CHECK_TENANT),
        900_023 => misconfigured("the tenant's name is malformed", CHECK_TENANT),
        500_011 => misconfigured("Microsoft Graph is not known in the tenant", "Check `cloud` and `tenant_id`"),
        1_002_012 => misconfigured("the scope was refused", "Check `cloud` in the secret"),
        9_002_313 => misconfigured("the request was malformed", "Check every field of the secret for stray characters"),
        50_034 => misconfigured("the user does not exist in the tenant", "Check `username` in the secret"),
        50_126 => misconfigured("the user name or password is wrong", "Put the right password into the secret"),
        50_055 => misconfigured("the password has expired", "Change it and put the new one into the secret"),
        50_056 => misconfigured("the user has no password in this tenant", USE_OTHER),
        50_057 => misconfigured("the user is disabled", "Enable the user in Entra, then sign in again"),
        50_076 | 50_079 | 50_158 => misconfigured("the sign-in needs multi-factor authentication", USE_OTHER),
        53_003 | 530_003 => misconfigured("a conditional-access policy blocks the sign-in", USE_OTHER),
        530_035 => misconfigured("security defaults block the sign-in", USE_OTHER),
        65_001 => misconfigured("consent is missing", "Grant consent to the app's permissions in Entra"),
        50_058 => misconfigured("nobody is signed in", SIGN_IN),
        70_000 => misconfigured("the refresh token is not valid", SIGN_IN),
        70_008 | 700_082 => misconfigured("the refresh token has expired", SIGN_IN),
        50_173 => misconfigured("the refresh token was revoked", SIGN_IN),
        70_043 => misconfigured("the tenant asks for a new sign-in", SIGN_IN),
        50_053 => Some(LoginFault::LongBackoff(Cause::new(
            format!("AADSTS{code}"),
            "the user is locked out, or the address is refused",
            "Nothing is tried for a day; check the password in the meantime",
        ))),
        50_196 => Some(LoginFault::LongBackoff(Cause::new(
            format!("AADSTS{code}"),
            "the login service saw a request loop",
            "Nothing is tried for a day",
        ))),
        90_033 | 50_033 | 90_006 | 90_012 | 90_024 | 90_055 | 90_090 | 50_087 => {
            Some(LoginFault::Transient(format!("the login service is unavailable (AADSTS{code})")))
        }
        _ => None,
    }
}

/// Exchange's codes for a user without a mailbox.
pub const WITHOUT_MAILBOX: [&str; 2] = ["MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI"];

/// Exchange's code for a tenant that it does not have.
pub const TENANT_WITHOUT_EXCHANGE: &str = "OrganizationFromTenantGuidNotFound";

/// A user without OneDrive: Graph says so only in the message ("mysite not found").
pub const NO_DRIVE: &str = "mysiteNotFound";

/// A tenant without SharePoint: Graph says so only in the message ("Tenant does not have a SPO license.").
pub const NO_SHAREPOINT_LICENCE: &str = "noSharePointLicence";

/// A service that the tenant does not have: Graph says so only in the message ("Request not applicable to target tenant.").
pub const NOT_APPLICABLE_TO_TENANT: &str = "notApplicableToTenant";

/// OneNote's code for a user whose OneDrive is not provisioned.
pub const ONENOTE_WITHOUT_ONEDRIVE: &str = "30105";

/// OneNote's codes for a document library with more than 5,000 OneNote items, or more than 20,000 items.
///
/// Source: learn.microsoft.com/graph/onenote-error-codes.
pub const ONENOTE_LIBRARY_TOO_LARGE: [&str; 2] = ["10008", "10013"];

/// The account's `user_id` names a user that the tenant does not have.
pub fn user_missing() -> Cause {
    Cause::new(
        "no_user",
        "the user of `user_id` does not exist in the tenant",
        "Put the object id or the user principal name of a user of the tenant into `user_id` in the secret",
    )
}

/// What an error of Graph's says of the account, and what its owner can do; `None` for what passes or is expected
/// (a photo that is not there, an id gone stale, somebody else at work on the same thing).
///
/// Source: learn.microsoft.com/graph/errors, and the services' own pages.
pub fn graph_cause(status: u16, code: &str) -> Option<Cause> {
    let cause = |name: &str, what: &str, remedy: &str| Some(Cause::new(name, what, remedy));
    match (status, code) {
        (_, "MailboxNotEnabledForRESTAPI" | "MailboxNotSupportedForRESTAPI") => cause(
            "no_mailbox",
            "the user has no mailbox in Exchange Online; Outlook is left out for a week",
            "Give the user a licence with Exchange Online, or name another `user_id`",
        ),
        (_, TENANT_WITHOUT_EXCHANGE) => cause(
            "no_exchange",
            "the tenant has no Exchange Online (any more); Outlook is left out for a week",
            "Check the tenant's subscription; without Exchange Online, leave Outlook out of the policy's operations",
        ),
        (_, NO_SHAREPOINT_LICENCE) => cause(
            "no_sharepoint",
            "the tenant has no SharePoint Online (any more); SharePoint, OneDrive, Excel and OneNote are left out for a week",
            "Check the tenant's subscription; without SharePoint Online, leave these out of the policy's operations",
        ),
        (423, "notAllowed") => cause(
            "site_blocked",
            "access to the user's site or OneDrive is blocked; SharePoint, OneDrive, Excel and OneNote are left out for a week",
            "Let an administrator unlock the site in the SharePoint admin centre, or give the user a licence again",
        ),
        (400, NOT_APPLICABLE_TO_TENANT) => cause(
            "not_in_tenant",
            "the tenant does not have this service (Intune, for one); it is left out for a week",
            "Check the tenant's subscription; without the service, leave it out of the policy's operations",
        ),
        (_, ONENOTE_WITHOUT_ONEDRIVE) => cause(
            "no_drive_for_onenote",
            "the user's OneDrive for Business is not provisioned; OneNote is left out for a week",
            "Let the user open OneDrive once, or give them a licence with SharePoint Online",
        ),
        (_, "10008" | "10013") => cause(
            "library_too_large",
            "a document library of the user holds more items than OneNote can query; OneNote is left out for a week",
            "Remove OneNote items from that library until fewer than 5,000 are left",
        ),
        (_, NO_DRIVE) => cause(
            "no_drive",
            "the user has no OneDrive yet; files are left out for a day",
            "Let the user open OneDrive once, or give them a licence with SharePoint Online",
        ),
        (401, _) => cause(
            "InvalidAuthenticationToken",
            "Graph refuses the account's tokens, also a new one",
            "Check `cloud` and `tenant_id` in the secret",
        ),
        (403, _) => cause(
            "forbidden",
            "Graph does not allow this to the account, though the token carries the permissions; it is left out for a week",
            "Check the user's licences and roles, and the tenant's access policies",
        ),
        (507, _) => cause(
            "quota",
            "the user's mailbox or drive is full; nothing is written for a day",
            "Make room, or set `writes` to false in the policy",
        ),
        (429, _) => cause(
            "throttled",
            "Graph throttles the tenant; it is left alone for as long as it asks",
            "Nothing has to be done; where it comes often, widen `interval_seconds` or lower `calls_per_run`",
        ),
        (500 | 502..=504 | 509, _) => {
            cause("unavailable", "Graph has an error of its own", "Nothing has to be done; the next run tries again")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, error: &str, codes: &[u32]) -> &'static str {
        match login_fault(status, error, codes) {
            LoginFault::Misconfigured(_) => "misconfigured",
            LoginFault::LongBackoff(_) => "long back-off",
            LoginFault::NotYet(_) => "not yet",
            LoginFault::Transient(_) => "transient",
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

    /// The tables of FACTS: what is told of each, and that it is a sentence with something to do.
    #[test]
    fn every_class_of_login_and_graph_errors_has_plain_words_and_a_remedy() {
        let login = [
            7_000_215, 7_000_222, 700_016, 7_000_112, 700_027, 7_000_218, 90_002, 900_023, 500_011, 1_002_012,
            9_002_313, 50_034, 50_126, 50_055, 50_056, 50_057, 50_076, 50_079, 50_158, 53_003, 530_003, 530_035,
            65_001, 50_058, 70_000, 70_008, 700_082, 50_173, 70_043, 50_053, 50_196,
        ]
        .map(|code| match login_fault(400, "invalid_grant", &[code]) {
            LoginFault::Misconfigured(cause) | LoginFault::LongBackoff(cause) | LoginFault::NotYet(cause) => cause,
            LoginFault::Transient(why) => panic!("{code}: {why}"),
        });
        let graph = [
            (401, "InvalidAuthenticationToken"),
            (403, "Authorization_RequestDenied"),
            (403, "accessDenied"),
            (404, "MailboxNotEnabledForRESTAPI"),
            (401, TENANT_WITHOUT_EXCHANGE),
            (400, NO_SHAREPOINT_LICENCE),
            (423, "notAllowed"),
            (400, NOT_APPLICABLE_TO_TENANT),
            (403, ONENOTE_WITHOUT_ONEDRIVE),
            (403, "10008"),
            (400, "mysiteNotFound"),
            (404, "mysiteNotFound"),
            (429, "TooManyRequests"),
            (500, "generalException"),
            (502, ""),
            (503, "serviceNotAvailable"),
            (504, ""),
            (509, ""),
            (507, "quotaLimitReached"),
        ]
        .map(|(status, code)| graph_cause(status, code).unwrap_or_else(|| panic!("{status} {code}")));
        for cause in login.iter().chain(&graph) {
            let plain = |text: &str| text.len() > 10 && text.contains(' ') && !text.ends_with('.');
            assert!(plain(&cause.what) && plain(&cause.remedy) && !cause.what.contains("AADSTS"), "{cause}");
            assert!(cause.remedy.starts_with(char::is_uppercase) && !cause.what.starts_with("The "), "{cause}");
        }
        for (status, code) in [(404, "itemNotFound"), (409, "nameAlreadyExists"), (412, ""), (423, "resourceLocked")] {
            assert_eq!(graph_cause(status, code), None, "{status} {code}");
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
    fn an_answers_own_words_are_not_repeated() {
        let LoginFault::Misconfigured(cause) = login_fault(400, "MARKED", &[]) else { panic!("misconfigured") };
        assert!(!cause.to_string().contains("MARKED"));
    }

    #[test]
    fn a_cause_says_what_happened_and_what_to_do() {
        let LoginFault::Misconfigured(cause) = login_fault(401, "invalid_client", &[7_000_215]) else { panic!() };
        assert_eq!(
            cause.to_string(),
            "AADSTS7000215: the client secret is wrong. Create a client secret in the app registration and put its value \
             into the secret."
        );
    }
}
