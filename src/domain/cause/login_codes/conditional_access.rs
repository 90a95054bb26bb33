//! Codes about policies of the tenant that block a sign-in.

use super::remedies::{ALLOW_DEVICE, ALLOW_IN_POLICY, CROSS_TENANT, REGISTER_MFA, TENANT_RESTRICTION};
use super::row::{LoginCode, misconfigured};
use crate::domain::cause::kind::CauseKind::ConditionalAccess;
use crate::domain::language::Text;

const RISK: Text = Text::new(
    "Let an administrator look at the user under Entra's Risky users, dismiss the risk or reset the password, and \
     then run the action `sign_in` for this account",
    "请管理员在 Entra 的“风险用户”中查看该用户，消除风险或重置密码，然后对该账户执行 `sign_in`",
);

pub(super) const ROWS: &[LoginCode] = &[
    misconfigured(
        50_002,
        ConditionalAccess,
        Text::new("a proxy on the way does not let this tenant through", "途中的代理不允许访问该租户"),
        TENANT_RESTRICTION,
    ),
    misconfigured(
        50_005,
        ConditionalAccess,
        Text::new("a conditional-access policy does not allow this platform", "条件访问策略不允许此平台登录"),
        ALLOW_IN_POLICY,
    ),
    misconfigured(
        50_097,
        ConditionalAccess,
        Text::new("a conditional-access policy asks for a device that proves itself", "条件访问策略要求设备认证"),
        ALLOW_DEVICE,
    ),
    misconfigured(
        50_127,
        ConditionalAccess,
        Text::new(
            "a conditional-access policy asks for a broker app on a phone",
            "条件访问策略要求在手机上安装代理应用",
        ),
        ALLOW_DEVICE,
    ),
    misconfigured(
        50_129,
        ConditionalAccess,
        Text::new(
            "a conditional-access policy asks for a device that is joined to the tenant",
            "条件访问策略要求已加入租户的设备",
        ),
        ALLOW_DEVICE,
    ),
    misconfigured(
        50_131,
        ConditionalAccess,
        Text::new(
            "a conditional-access policy (device, place or suspicious activity) blocks the sign-in",
            "条件访问策略（设备、位置或可疑活动）阻止了登录",
        ),
        ALLOW_IN_POLICY,
    ),
    misconfigured(
        50_155,
        ConditionalAccess,
        Text::new("the device that signs in could not prove itself", "登录设备未能通过认证"),
        ALLOW_DEVICE,
    ),
    misconfigured(
        50_170,
        ConditionalAccess,
        Text::new(
            "a conditional-access policy uses an external control that is not set up",
            "条件访问策略使用了尚未配置的外部控制",
        ),
        ALLOW_IN_POLICY,
    ),
    misconfigured(
        50_177,
        ConditionalAccess,
        Text::new(
            "a conditional-access policy asks a guest for a check of another provider",
            "条件访问策略要求来宾通过外部验证",
        ),
        CROSS_TENANT,
    ),
    misconfigured(
        50_178,
        ConditionalAccess,
        Text::new("a conditional-access policy asks a guest for session controls", "条件访问策略要求来宾使用会话控制"),
        CROSS_TENANT,
    ),
    misconfigured(
        50_187,
        ConditionalAccess,
        Text::new(
            "a conditional-access policy asks for a device, and the sign-in named none",
            "条件访问策略要求设备，而登录未提供设备信息",
        ),
        ALLOW_DEVICE,
    ),
    misconfigured(
        53_000,
        ConditionalAccess,
        Text::new("a conditional-access policy asks for a compliant device", "条件访问策略要求合规设备"),
        ALLOW_DEVICE,
    ),
    misconfigured(
        53_001,
        ConditionalAccess,
        Text::new("a conditional-access policy asks for a device of the domain", "条件访问策略要求已加入域的设备"),
        ALLOW_DEVICE,
    ),
    misconfigured(
        53_002,
        ConditionalAccess,
        Text::new("a conditional-access policy allows approved apps only", "条件访问策略只允许已批准的应用"),
        ALLOW_IN_POLICY,
    ),
    // Also what the users of a tenant meet whose subscription has lapsed.
    misconfigured(
        53_003,
        ConditionalAccess,
        Text::new("a conditional-access policy blocks the sign-in", "条件访问策略阻止了登录"),
        Text::new(
            "Find this sign-in in Entra's sign-in logs, which name the policy, and let the policy allow it (device \
             codes and workload identities have conditions of their own); where the subscription has ended, Microsoft \
             itself shuts users out: administrators can copy mail and files out until day 60, when all is deleted",
            "在 Entra 的登录日志中找到这次登录及对应策略并放行（设备代码和工作负载标识有单独的条件）；如果订阅已结束，则是 Microsoft \
             停止了用户访问：管理员可在第 60 天数据删除之前导出邮件和文件",
        ),
    ),
    misconfigured(
        53_010,
        ConditionalAccess,
        Text::new("MFA can be registered only from certain places or devices", "只能从特定位置或设备注册 MFA"),
        REGISTER_MFA,
    ),
    misconfigured(
        53_011,
        ConditionalAccess,
        Text::new("the user is blocked for risk in their home tenant", "用户因风险在其主租户中被阻止"),
        RISK,
    ),
    misconfigured(
        135_011,
        ConditionalAccess,
        Text::new("the device of the sign-in is disabled", "登录所用的设备已被禁用"),
        ALLOW_DEVICE,
    ),
    misconfigured(
        500_021,
        ConditionalAccess,
        Text::new("a tenant restriction of the network does not list this tenant", "网络的租户限制列表中没有该租户"),
        TENANT_RESTRICTION,
    ),
    misconfigured(
        500_022,
        ConditionalAccess,
        Text::new("a tenant restriction of the network denies this tenant", "网络的租户限制拒绝了该租户"),
        TENANT_RESTRICTION,
    ),
    misconfigured(
        500_212,
        ConditionalAccess,
        Text::new("the user's own tenant does not let the user into this tenant", "用户的主租户不允许其访问该租户"),
        CROSS_TENANT,
    ),
    misconfigured(
        500_213,
        ConditionalAccess,
        Text::new("this tenant does not let users of the other tenant in", "该租户不允许其他租户的用户访问"),
        CROSS_TENANT,
    ),
    misconfigured(
        530_003,
        ConditionalAccess,
        Text::new("a conditional-access policy asks for a managed device", "条件访问策略要求受管理的设备"),
        ALLOW_DEVICE,
    ),
    misconfigured(
        530_032,
        ConditionalAccess,
        Text::new("a security policy of the tenant blocks the sign-in", "租户的安全策略阻止了登录"),
        ALLOW_IN_POLICY,
    ),
    misconfigured(
        530_034,
        ConditionalAccess,
        Text::new("a delegated administrator is blocked for suspicious activity", "委派管理员因可疑活动被阻止"),
        RISK,
    ),
    misconfigured(
        530_035,
        ConditionalAccess,
        Text::new("security defaults block the sign-in", "安全默认值阻止了登录"),
        Text::new(
            "Run the action `sign_in` for this account and pass MFA in the browser; where that is blocked too, \
             replace security defaults by conditional access in Entra, or use the app's own credential",
            "对该账户执行 `sign_in` 并在浏览器中通过 MFA；若仍被阻止，请在 Entra 中用条件访问取代安全默认值，或使用应用自身的凭据",
        ),
    ),
    misconfigured(
        530_084,
        ConditionalAccess,
        Text::new(
            "a conditional-access policy asks for tokens that are bound to a device",
            "条件访问策略要求绑定设备的 token（令牌保护）",
        ),
        ALLOW_DEVICE,
    ),
    misconfigured(
        700_003,
        ConditionalAccess,
        Text::new("the device of the sign-in was removed from the tenant", "登录所用的设备已从租户中删除"),
        ALLOW_DEVICE,
    ),
];
