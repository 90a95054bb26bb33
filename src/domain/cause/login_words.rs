//! OAuth's words: what `error` and `suberror` say where no code is known.
//!
//! Sources: RFC 6749, RFC 8628, learn.microsoft.com/entra/identity-platform/reference-error-codes.

use super::kind::CauseKind;
use super::login_codes::remedies::{ALLOW_IN_POLICY, CHECK_CLOUD, CHECK_FIELDS, GRANT_CONSENT, SIGN_IN, WAIT};
use crate::domain::language::Text;

pub(super) struct LoginWord {
    /// As the login service writes it: only these words are repeated in messages.
    pub word: &'static str,
    /// Whether it passes, or only says that a sign-in is under way.
    pub passes: bool,
    pub kind: CauseKind,
    pub what: Text,
    pub remedy: Text,
}

const fn word(word: &'static str, kind: CauseKind, what: Text, remedy: Text) -> LoginWord {
    LoginWord { word, passes: false, kind, what, remedy }
}

const fn passing(word: &'static str, kind: CauseKind, what: Text) -> LoginWord {
    LoginWord { word, passes: true, kind, what, remedy: WAIT }
}

const CREDENTIAL: Text = Text::new(
    "Check the credential in the secret: it must belong to `client_id`, and be valid now",
    "检查 secret 中的凭据：必须属于 `client_id` 且当前有效",
);
/// The values of `error`.
pub(super) fn error_word(error: &str) -> Option<&'static LoginWord> {
    ERRORS.iter().find(|known| known.word == error)
}

/// The values of `suberror`, which say more than `error` does.
pub(super) fn suberror_word(suberror: &str) -> Option<&'static LoginWord> {
    SUBERRORS.iter().find(|known| known.word == suberror)
}

const ERRORS: &[LoginWord] = &[
    word("access_denied", CauseKind::NeedsSignIn, Text::new("the sign-in was refused", "登录被拒绝"), SIGN_IN),
    passing("authorization_pending", CauseKind::NeedsSignIn, Text::new("the sign-in is pending", "登录尚未完成")),
    word(
        "authorization_declined",
        CauseKind::NeedsSignIn,
        Text::new("the person declined the sign-in", "用户拒绝了登录"),
        SIGN_IN,
    ),
    word(
        "bad_verification_code",
        CauseKind::NeedsSignIn,
        Text::new("the code of the sign-in is not known", "登录代码不存在"),
        SIGN_IN,
    ),
    word(
        "code_expired",
        CauseKind::NeedsSignIn,
        Text::new("the code of the sign-in has expired", "登录代码已过期"),
        SIGN_IN,
    ),
    word(
        "consent_required",
        CauseKind::Consent,
        Text::new("consent to the app is missing", "尚未同意该应用"),
        GRANT_CONSENT,
    ),
    word(
        "expired_token",
        CauseKind::NeedsSignIn,
        Text::new("the code of the sign-in was not used in time", "登录代码未及时使用"),
        SIGN_IN,
    ),
    word(
        "interaction_required",
        CauseKind::NeedsSignIn,
        Text::new("the sign-in needs a person", "登录需要用户交互"),
        SIGN_IN,
    ),
    word(
        "invalid_client",
        CauseKind::App,
        Text::new("the login service refused the app's credential", "登录服务拒绝了应用的凭据"),
        CREDENTIAL,
    ),
    word(
        "invalid_grant",
        CauseKind::User,
        Text::new("the login service refused the password or the refresh token", "登录服务拒绝了密码或 refresh token"),
        Text::new(
            "Run the action `sign_in` for this account, or check `username` and `password` in the secret",
            "对该账户执行 `sign_in`，或检查 secret 中的 `username` 和 `password`",
        ),
    ),
    word(
        "invalid_request",
        CauseKind::SecretField,
        Text::new("the login service refused the request as malformed", "登录服务认为请求格式错误"),
        CHECK_FIELDS,
    ),
    word(
        "invalid_resource",
        CauseKind::SecretField,
        Text::new("the login service does not know Microsoft Graph here", "登录服务在此找不到 Microsoft Graph"),
        CHECK_CLOUD,
    ),
    word(
        "invalid_scope",
        CauseKind::SecretField,
        Text::new("the login service refused the scope", "登录服务拒绝了 scope"),
        CHECK_CLOUD,
    ),
    word("login_required", CauseKind::NeedsSignIn, Text::new("no user is signed in", "没有已登录的用户"), SIGN_IN),
    passing(
        "server_error",
        CauseKind::Service,
        Text::new("the login service has an error of its own", "登录服务内部错误"),
    ),
    passing("slow_down", CauseKind::NeedsSignIn, Text::new("the sign-in is asked for too often", "登录查询过于频繁")),
    passing(
        "temporarily_unavailable",
        CauseKind::Service,
        Text::new("the login service is unavailable for now", "登录服务暂时不可用"),
    ),
    word(
        "unauthorized_client",
        CauseKind::App,
        Text::new("the app may not ask for tokens in this tenant", "应用在该租户中不能请求 token"),
        CREDENTIAL,
    ),
    word(
        "unsupported_grant_type",
        CauseKind::App,
        Text::new("the login service does not support this kind of credential here", "登录服务不支持这种凭据"),
        CREDENTIAL,
    ),
];

const SUBERRORS: &[LoginWord] = &[
    word(
        "additional_action",
        CauseKind::NeedsSignIn,
        Text::new("the sign-in needs one more step of a person", "登录还需要用户完成一个步骤"),
        SIGN_IN,
    ),
    word(
        "bad_token",
        CauseKind::NeedsSignIn,
        Text::new("the refresh token is no longer accepted", "refresh token 不再被接受"),
        SIGN_IN,
    ),
    word(
        "basic_action",
        CauseKind::NeedsSignIn,
        Text::new("the sign-in needs a person, for example for MFA", "登录需要用户操作，例如 MFA"),
        SIGN_IN,
    ),
    word(
        "client_mismatch",
        CauseKind::App,
        Text::new(
            "the refresh token belongs to another app than `client_id`",
            "refresh token 属于另一个应用，与 `client_id` 不符",
        ),
        SIGN_IN,
    ),
    word(
        "consent_required",
        CauseKind::Consent,
        Text::new("consent to the app is missing", "尚未同意该应用"),
        GRANT_CONSENT,
    ),
    word(
        "device_authentication_failed",
        CauseKind::ConditionalAccess,
        Text::new("a policy of the tenant asks for a device that proves itself", "租户策略要求设备认证"),
        ALLOW_IN_POLICY,
    ),
    word(
        "message_only",
        CauseKind::ConditionalAccess,
        Text::new("a policy of the tenant blocks the sign-in", "租户的策略阻止了登录"),
        ALLOW_IN_POLICY,
    ),
    word(
        "protection_policy_required",
        CauseKind::ConditionalAccess,
        Text::new("a policy of the tenant asks for a protected app", "租户策略要求受保护的应用"),
        ALLOW_IN_POLICY,
    ),
    word(
        "token_expired",
        CauseKind::NeedsSignIn,
        Text::new("the refresh token has expired", "refresh token 已过期"),
        SIGN_IN,
    ),
    word(
        "user_password_expired",
        CauseKind::User,
        Text::new("the user's password has expired", "用户的密码已过期"),
        Text::new(
            "Change the password, then put the new one into the secret or run the action `sign_in`",
            "修改密码，再把新密码写入 secret，或执行 `sign_in`",
        ),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_complete_sorted_and_found() {
        for words in [ERRORS, SUBERRORS] {
            for LoginWord { word, what, remedy, .. } in words {
                for text in [what, remedy] {
                    assert!(text.en.len() > 10 && text.en.contains(' ') && !text.en.ends_with('.'), "{word}");
                    assert!(!text.en.contains(". ") && text.en.is_ascii() && !text.zh.is_ascii(), "{word}");
                    assert!(!text.zh.ends_with('。'), "{word}");
                }
                assert!(remedy.en.starts_with(char::is_uppercase) && what.en.starts_with(char::is_lowercase), "{word}");
            }
        }
        assert!(SUBERRORS.is_sorted_by(|a, b| a.word < b.word));
        assert!(ERRORS.iter().all(|known| error_word(known.word).is_some_and(|found| found.kind == known.kind)));
        assert!(SUBERRORS.iter().all(|known| suberror_word(known.word).is_some_and(|found| found.kind == known.kind)));
        assert!(error_word("").is_none() && suberror_word("").is_none());
    }
}
