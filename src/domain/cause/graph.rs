//! Graph's errors: what they say about an account.

use super::explanation::Cause;

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
        (_, "mysiteNotFound") => cause(
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

    /// The table of FACTS: each is a sentence with something to do.
    #[test]
    fn every_class_of_graph_errors_has_plain_words_and_a_remedy() {
        for (status, code) in [
            (401, "InvalidAuthenticationToken"),
            (403, "Authorization_RequestDenied"),
            (403, "accessDenied"),
            (404, "MailboxNotEnabledForRESTAPI"),
            (400, "mysiteNotFound"),
            (404, "mysiteNotFound"),
            (429, "TooManyRequests"),
            (500, "generalException"),
            (502, ""),
            (503, "serviceNotAvailable"),
            (504, ""),
            (509, ""),
            (507, "quotaLimitReached"),
        ] {
            let cause = graph_cause(status, code).unwrap_or_else(|| panic!("{status} {code}"));
            let plain = |text: &str| text.len() > 10 && text.contains(' ') && !text.ends_with('.');
            assert!(plain(&cause.what) && plain(&cause.remedy), "{cause}");
            assert!(cause.remedy.starts_with(char::is_uppercase) && !cause.what.starts_with("The "), "{cause}");
        }
        for (status, code) in [(404, "itemNotFound"), (409, "nameAlreadyExists"), (412, ""), (423, "resourceLocked")] {
            assert_eq!(graph_cause(status, code), None, "{status} {code}");
        }
    }
}
