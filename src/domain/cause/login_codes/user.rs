//! Codes about the user: missing, disabled, locked out, a guest, a wrong password.

use super::remedies::{CHECK_ON_PREMISES, CHECK_PASSWORD, CHECK_USERNAME, MEMBER_USER, SIGN_IN, WAIT};
use super::row::{LoginCode, long_backoff, misconfigured, transient};
use crate::domain::cause::kind::CauseKind::{Clock, User};
use crate::domain::language::Text;

const NEW_PASSWORD: Text = Text::new(
    "Change the password in a browser, then put the new one into the secret as `password`, or run the action \
     `sign_in` for this account",
    "在浏览器中修改密码，再把新密码填入 secret 的 `password`，或对该账户执行 `sign_in`",
);
const IDENTITY_PROVIDER: Text = Text::new(
    "Ask who runs the user's identity provider, or use a user who exists in the tenant itself",
    "联系用户身份提供方的管理员，或改用租户自身的用户",
);

pub(super) const ROWS: &[LoginCode] = &[
    misconfigured(
        16_000,
        User,
        Text::new("the user's account does not exist in this tenant", "该租户中没有此用户账户"),
        CHECK_USERNAME,
    ),
    misconfigured(
        16_003,
        User,
        Text::new("the user was not added to this tenant", "此用户未被添加到该租户"),
        CHECK_USERNAME,
    ),
    misconfigured(
        40_008,
        User,
        Text::new("the user's own identity provider failed", "用户的身份提供方出错"),
        IDENTITY_PROVIDER,
    ),
    transient(
        40_010,
        User,
        Text::new("the user's own identity provider fails for now", "用户的身份提供方暂时出错"),
        WAIT,
    ),
    misconfigured(
        50_014,
        User,
        Text::new("the guest has not accepted the invitation to the tenant", "来宾尚未接受该租户的邀请"),
        MEMBER_USER,
    ),
    misconfigured(
        50_015,
        User,
        Text::new("the user needs a consent for their legal age group", "用户需要年龄组方面的同意"),
        MEMBER_USER,
    ),
    misconfigured(
        50_020,
        User,
        Text::new(
            "the user belongs to another identity provider and is not in this tenant",
            "用户属于其他身份提供方，且不在该租户中",
        ),
        MEMBER_USER,
    ),
    misconfigured(
        50_034,
        User,
        Text::new("the user does not exist in the tenant", "该租户中没有这个用户"),
        CHECK_USERNAME,
    ),
    long_backoff(
        50_053,
        User,
        Text::new("the user is locked out, or the address is refused", "用户被锁定，或来源地址被拒绝"),
        Text::new(
            "Nothing is tried for a day; check the password in the meantime, and in Entra's sign-in logs whether the \
             address is what is refused",
            "一天内不会再尝试；请先核对密码，并在 Entra 登录日志中确认是否因来源地址被拒绝",
        ),
    ),
    misconfigured(50_055, User, Text::new("the password has expired", "密码已过期"), NEW_PASSWORD),
    misconfigured(
        50_056,
        User,
        Text::new("the user has no password in this tenant", "用户在该租户中没有密码"),
        Text::new(
            "Run the action `sign_in` for this account, or let an administrator set a password and put it into the \
             secret",
            "对该账户执行 `sign_in`，或由管理员设置密码并写入 secret",
        ),
    ),
    // Also what Microsoft does to the users of a tenant whose subscription has lapsed.
    misconfigured(
        50_057,
        User,
        Text::new(
            "the user is disabled, by an administrator or since the tenant's subscription has ended",
            "用户被禁用：由管理员禁用，或租户的订阅已结束",
        ),
        Text::new(
            "Enable the user in Entra, then run the action `sign_in` if a refresh token was used; where the \
             subscription has ended, an administrator can copy mail and files out until day 60, when all is deleted",
            "在 Entra 中启用该用户（若使用 refresh token，再执行 `sign_in`）；如果订阅已结束，管理员可在第 60 天数据删除之前导出邮件和文件",
        ),
    ),
    misconfigured(
        50_064,
        User,
        Text::new("the user name or the password could not be verified", "用户名或密码未能通过验证"),
        CHECK_PASSWORD,
    ),
    misconfigured(50_126, User, Text::new("the user name or password is wrong", "用户名或密码错误"), CHECK_PASSWORD),
    misconfigured(
        50_135,
        User,
        Text::new("the password must be changed, since the account is at risk", "账户存在风险，必须修改密码"),
        NEW_PASSWORD,
    ),
    misconfigured(
        50_144,
        User,
        Text::new(
            "the password in the user's own network (Active Directory) has expired",
            "用户在本地 Active Directory 中的密码已过期",
        ),
        NEW_PASSWORD,
    ),
    misconfigured(
        50_192,
        User,
        Text::new("the sign-in carried no password or certificate", "登录请求没有密码或证书"),
        CHECK_PASSWORD,
    ),
    misconfigured(
        50_197,
        User,
        Text::new("the user could not be told apart from another", "无法唯一确定该用户"),
        SIGN_IN,
    ),
    misconfigured(
        51_004,
        User,
        Text::new("the user's account is not in the directory", "目录中没有该用户的账户"),
        CHECK_USERNAME,
    ),
    misconfigured(
        54_000,
        User,
        Text::new("the user is a minor, whom a rule of the tenant blocks", "用户为未成年人，被租户规则阻止"),
        MEMBER_USER,
    ),
    transient(
        80_001,
        User,
        Text::new("the authentication agent cannot reach Active Directory", "身份验证代理无法连接 Active Directory"),
        CHECK_ON_PREMISES,
    ),
    transient(
        80_002,
        User,
        Text::new("Active Directory did not check the password in time", "Active Directory 验证密码超时"),
        CHECK_ON_PREMISES,
    ),
    transient(
        80_005,
        User,
        Text::new("the authentication agent gave an answer that was not understood", "无法理解身份验证代理的响应"),
        CHECK_ON_PREMISES,
    ),
    transient(
        80_007,
        User,
        Text::new("the authentication agent could not check the password", "身份验证代理无法验证密码"),
        CHECK_ON_PREMISES,
    ),
    misconfigured(
        80_010,
        User,
        Text::new("the authentication agent could not decrypt the password", "身份验证代理无法解密密码"),
        CHECK_ON_PREMISES,
    ),
    transient(
        80_012,
        User,
        Text::new(
            "the user may not sign in at this hour, by Active Directory's rule",
            "按 Active Directory 的规则，用户此时不能登录",
        ),
        Text::new(
            "Set `working_hours` in the policy to the hours that Active Directory allows",
            "把策略中的 `working_hours` 设为 Active Directory 允许的时段",
        ),
    ),
    misconfigured(
        80_013,
        Clock,
        Text::new(
            "the clocks of the authentication agent and of Active Directory differ",
            "身份验证代理与 Active Directory 的时钟不一致",
        ),
        CHECK_ON_PREMISES,
    ),
    transient(
        80_014,
        User,
        Text::new("the authentication agent answered too late", "身份验证代理响应过慢"),
        CHECK_ON_PREMISES,
    ),
    misconfigured(
        90_072,
        User,
        Text::new(
            "the external user is not in this tenant and so cannot pass its MFA",
            "外部用户不在该租户中，无法通过其 MFA",
        ),
        MEMBER_USER,
    ),
    misconfigured(
        90_123,
        User,
        Text::new("the user's own identity provider denied the request", "用户的身份提供方拒绝了请求"),
        IDENTITY_PROVIDER,
    ),
    misconfigured(
        500_200,
        User,
        Text::new("the user is a personal Microsoft account", "该用户是个人 Microsoft 账户"),
        MEMBER_USER,
    ),
    misconfigured(
        500_208,
        User,
        Text::new("the user's kind of account may not sign in to this tenant", "该类型的账户不能登录此租户"),
        MEMBER_USER,
    ),
    misconfigured(
        500_341,
        User,
        Text::new("the user was deleted from the tenant", "用户已从租户中删除"),
        Text::new(
            "Restore the user within 30 days under Deleted users in Entra, or name another user and run the action \
             `sign_in`",
            "30 天内可在 Entra 的“已删除的用户”中恢复该用户；或换一个用户并执行 `sign_in`",
        ),
    ),
    misconfigured(
        500_571,
        User,
        Text::new("the guest is disabled in the tenant", "来宾用户在该租户中被禁用"),
        MEMBER_USER,
    ),
];
