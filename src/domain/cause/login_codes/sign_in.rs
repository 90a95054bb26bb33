//! Codes that only a person can answer: MFA, and refresh tokens and device codes that are no longer good.

use super::remedies::{DESKTOP_APP, MEMBER_USER, NEW_CODE, PASS_MFA, REGISTER_MFA, SIGN_IN, WAIT};
use super::row::{LoginCode, misconfigured, transient};
use crate::domain::cause::kind::CauseKind::NeedsSignIn;
use crate::domain::language::Text;

pub(super) const ROWS: &[LoginCode] = &[
    misconfigured(
        40_009,
        NeedsSignIn,
        Text::new("the user's own identity provider refused to renew the sign-in", "用户的身份提供方拒绝续期登录"),
        SIGN_IN,
    ),
    misconfigured(50_058, NeedsSignIn, Text::new("no user is signed in", "没有已登录的用户"), SIGN_IN),
    misconfigured(
        50_072,
        NeedsSignIn,
        Text::new("the user must register for multi-factor authentication first", "用户必须先注册多重身份验证（MFA）"),
        REGISTER_MFA,
    ),
    misconfigured(
        50_074,
        NeedsSignIn,
        Text::new("the user did not pass multi-factor authentication", "用户未通过多重身份验证（MFA）"),
        PASS_MFA,
    ),
    misconfigured(
        50_076,
        NeedsSignIn,
        Text::new("the sign-in needs multi-factor authentication", "登录需要多重身份验证（MFA）"),
        PASS_MFA,
    ),
    misconfigured(
        50_078,
        NeedsSignIn,
        Text::new(
            "multi-factor authentication has expired by the tenant's policy",
            "按租户策略，多重身份验证（MFA）已过期",
        ),
        PASS_MFA,
    ),
    misconfigured(
        50_079,
        NeedsSignIn,
        Text::new("the user must set up multi-factor authentication", "用户必须设置多重身份验证（MFA）"),
        REGISTER_MFA,
    ),
    misconfigured(
        50_085,
        NeedsSignIn,
        Text::new(
            "the refresh token needs a sign-in at the user's social identity provider",
            "refresh token 需要在用户的社交身份提供方重新登录",
        ),
        MEMBER_USER,
    ),
    misconfigured(
        50_086,
        NeedsSignIn,
        Text::new("multi-factor authentication failed for good", "多重身份验证（MFA）失败，且无法重试"),
        PASS_MFA,
    ),
    transient(
        50_088,
        NeedsSignIn,
        Text::new("the limit of MFA calls and messages is reached for now", "MFA 电话和短信已达到上限"),
        WAIT,
    ),
    misconfigured(50_089, NeedsSignIn, Text::new("the sign-in has expired", "登录会话已过期"), SIGN_IN),
    misconfigured(
        50_125,
        NeedsSignIn,
        Text::new("the user must reset the password or register for its reset", "用户必须重置密码或完成密码重置注册"),
        SIGN_IN,
    ),
    misconfigured(
        50_132,
        NeedsSignIn,
        Text::new("the sign-in ended since the password was changed or has expired", "密码已更改或过期，登录随之失效"),
        SIGN_IN,
    ),
    misconfigured(
        50_133,
        NeedsSignIn,
        Text::new(
            "the sign-in was revoked since the password was changed or has expired",
            "密码已更改或过期，登录已被撤销",
        ),
        SIGN_IN,
    ),
    misconfigured(
        50_134,
        NeedsSignIn,
        Text::new(
            "the code was entered at another data centre than it came from",
            "输入代码的数据中心与发出代码的不是同一个",
        ),
        NEW_CODE,
    ),
    misconfigured(
        50_139,
        NeedsSignIn,
        Text::new(
            "the sign-in lacks the refresh token of the user's personal account",
            "登录缺少个人账户的 refresh token",
        ),
        MEMBER_USER,
    ),
    misconfigured(
        50_158,
        NeedsSignIn,
        Text::new("the sign-in needs a check by an external provider", "登录需要外部提供方的验证"),
        PASS_MFA,
    ),
    misconfigured(
        50_161,
        NeedsSignIn,
        Text::new("the check by the external provider was not sufficient", "外部提供方的验证不充分"),
        PASS_MFA,
    ),
    misconfigured(
        50_173,
        NeedsSignIn,
        Text::new(
            "the refresh token was revoked, for example by a new password",
            "refresh token 已被撤销，例如因为修改了密码",
        ),
        SIGN_IN,
    ),
    misconfigured(
        51_006,
        NeedsSignIn,
        Text::new("the sign-in is not strong enough for what the tenant asks", "登录强度达不到租户的要求"),
        PASS_MFA,
    ),
    misconfigured(
        53_004,
        NeedsSignIn,
        Text::new(
            "the user must finish registering for MFA, which risk holds back",
            "用户必须完成 MFA 注册，但因风险被阻止",
        ),
        REGISTER_MFA,
    ),
    misconfigured(
        65_004,
        NeedsSignIn,
        Text::new("the user declined to consent to the app", "用户拒绝了应用的同意请求"),
        Text::new(
            "Run the action `sign_in` again and accept the permissions, or consent as an administrator by the link of \
             `consent_url`",
            "重新执行 `sign_in` 并接受权限，或由管理员打开 `consent_url` 给出的链接同意",
        ),
    ),
    misconfigured(
        70_000,
        NeedsSignIn,
        Text::new("the refresh token is not valid", "refresh token 无效或格式错误"),
        SIGN_IN,
    ),
    misconfigured(
        70_008,
        NeedsSignIn,
        Text::new("the refresh token has expired or was revoked", "refresh token 已过期或被撤销"),
        SIGN_IN,
    ),
    transient(
        70_016,
        NeedsSignIn,
        Text::new("the sign-in still waits for the person", "登录仍在等待用户操作"),
        NEW_CODE,
    ),
    misconfigured(70_018, NeedsSignIn, Text::new("the code of the sign-in is wrong", "登录代码不正确"), NEW_CODE),
    misconfigured(70_019, NeedsSignIn, Text::new("the code of the sign-in has expired", "登录代码已过期"), NEW_CODE),
    misconfigured(
        70_020,
        NeedsSignIn,
        Text::new("the sign-in took too long, and its code is no longer valid", "登录耗时过长，代码已失效"),
        NEW_CODE,
    ),
    misconfigured(
        70_043,
        NeedsSignIn,
        Text::new("the tenant asks for a new sign-in from time to time", "租户要求定期重新登录"),
        Text::new(
            "Run the action `sign_in` for this account, and lengthen the policy's sign-in frequency in Entra, or use \
             an app's own credential, which is not asked",
            "对该账户执行 `sign_in`，并在 Entra 中放宽“登录频率”；或改用不受此限制的应用自身凭据",
        ),
    ),
    misconfigured(
        70_044,
        NeedsSignIn,
        Text::new("the session has ended by the policy's sign-in frequency", "会话因登录频率策略而失效"),
        SIGN_IN,
    ),
    misconfigured(
        90_120,
        NeedsSignIn,
        Text::new("the code of the sign-in was used or declined already", "登录代码已被使用或拒绝"),
        NEW_CODE,
    ),
    misconfigured(
        500_121,
        NeedsSignIn,
        Text::new("multi-factor authentication was not completed", "多重身份验证（MFA）未完成"),
        PASS_MFA,
    ),
    misconfigured(
        700_020,
        NeedsSignIn,
        Text::new("the login service asks for a person", "登录服务要求用户交互"),
        SIGN_IN,
    ),
    misconfigured(
        700_082,
        NeedsSignIn,
        Text::new("the refresh token has expired, since it was not used for long", "refresh token 因长期未使用而过期"),
        SIGN_IN,
    ),
    misconfigured(
        700_084,
        NeedsSignIn,
        Text::new(
            "the refresh token was made for a single-page app and lived 24 hours",
            "refresh token 是为单页应用签发的，有效期只有 24 小时",
        ),
        DESKTOP_APP,
    ),
    misconfigured(
        9_002_327,
        NeedsSignIn,
        Text::new(
            "the refresh token was made for a single-page app, which only a browser may use",
            "refresh token 是为单页应用签发的，只能在浏览器中使用",
        ),
        DESKTOP_APP,
    ),
    misconfigured(
        9_002_341,
        NeedsSignIn,
        Text::new("the user must permit single sign-on for the app", "用户需要允许该应用单一登录"),
        SIGN_IN,
    ),
];
