//! What to do where an account has nothing to call, in the words of every answer that says so.

/// For an account none of whose operations is allowed.
pub(crate) const NO_PERMISSION: &str = "The app has none of the permissions that the policy needs. `consent_url` lists them \
                                        and gives a link: add them to the app registration, then grant admin consent. New \
                                        consent can take some minutes.";

/// For a policy that leaves nothing to call.
pub(crate) const NO_OPERATION: &str = "The policy selects no operation: widen its `operations`, or name a `user_id` in the secret \
                                       so that mailbox, calendar and drive are called.";
