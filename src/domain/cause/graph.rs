//! Graph's errors: what they say about an account.

use super::explanation::Cause;

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
/// (a photo that is not there, an id gone stale, another program at work on the same object).
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

    /// The table of FACTS: each is a sentence with something to do.
    #[test]
    fn every_class_of_graph_errors_has_plain_words_and_a_remedy() {
        for (status, code) in [
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
