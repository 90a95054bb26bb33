//! Remedies that several codes or words share.
//!
//! Each is true for every credential that can meet its codes: none sends a person to what they already have.

use crate::domain::language::Text;

pub(in crate::domain::cause) const NEW_SECRET: Text = Text::new(
    "Create a client secret in the app registration, copy the column Value, which is shown only once, right after \
     creation (not the Secret ID), and put it into the secret as `client_secret`",
    "在应用注册中新建客户端密码，复制“值（Value）”一列（只在创建后显示一次，不是“机密 ID”），填入账户 secret 的 \
     `client_secret`",
);
pub(in crate::domain::cause) const CHECK_CERTIFICATE: Text = Text::new(
    "Check the certificate in the app registration: it must be the one of the secret's `certificate`, uploaded and \
     still valid",
    "检查应用注册中的证书：必须已上传 secret 中 `certificate` 对应的证书，且仍在有效期内",
);
pub(in crate::domain::cause) const CHECK_TENANT: Text = Text::new(
    "Check `tenant_id` in the secret: the tenant's own id, or one of its domains",
    "检查 secret 中的 `tenant_id`：应为该租户自己的 ID 或域名",
);
pub(in crate::domain::cause) const CHECK_CLIENT: Text = Text::new(
    "Check `client_id` (the Application ID, not the Object ID) and `tenant_id` in the secret",
    "检查 secret 中的 `client_id`（应用程序 ID，不是对象 ID）和 `tenant_id`",
);
pub(in crate::domain::cause) const CHECK_CLOUD: Text = Text::new(
    "Check `cloud` in the secret: it must be the cloud that the tenant of `tenant_id` belongs to",
    "检查 secret 中的 `cloud`：必须是 `tenant_id` 所属的云",
);
pub(in crate::domain::cause) const CHECK_USERNAME: Text = Text::new(
    "Check `username` and `tenant_id` in the secret, or run the action `sign_in` with a user of this tenant",
    "检查 secret 中的 `username` 和 `tenant_id`，或用该租户的用户执行 `sign_in`",
);
pub(in crate::domain::cause) const CHECK_PASSWORD: Text = Text::new(
    "Put the user's current password into the secret as `password`",
    "把该用户当前的密码填入 secret 的 `password`",
);
pub(in crate::domain::cause) const CHECK_FIELDS: Text = Text::new(
    "Check every field of the secret for stray characters and empty values",
    "逐一检查 secret 的字段，是否有多余字符或空值",
);
pub(in crate::domain::cause) const ENABLE_APP: Text = Text::new(
    "Enable it under Enterprise applications > Properties > Enabled for users to sign in; an app that Microsoft has \
     disabled has to be registered again",
    "在“企业应用程序 > 属性”中启用该应用；若由 Microsoft 停用，则需重新注册应用",
);
pub(in crate::domain::cause) const CLAIMS_MAPPING: Text = Text::new(
    "Remove the claims-mapping policy and the single sign-on settings from the app, or register a plain app",
    "移除该应用的声明映射策略和单一登录设置，或另注册一个普通应用",
);
pub(in crate::domain::cause) const SIGN_IN: Text = Text::new(
    "Run the action `sign_in` for this account and sign in with a browser; it stores the new refresh token itself",
    "对该账户执行 `sign_in` 并在浏览器中登录；新的 refresh token 会自动保存",
);
pub(in crate::domain::cause) const PASS_MFA: Text = Text::new(
    "Run the action `sign_in` for this account and pass MFA once in the browser; an app's own credential \
     (`client_secret`, `certificate`, `federated`) never meets MFA",
    "对该账户执行 `sign_in`，在浏览器中通过一次 MFA；应用自身的凭据（`client_secret`、`certificate`、`federated`）不需要 MFA",
);
pub(in crate::domain::cause) const REGISTER_MFA: Text = Text::new(
    "Let the user register MFA at https://aka.ms/mfasetup, then run the action `sign_in` for this account; an app's \
     own credential (`client_secret`, `certificate`, `federated`) never meets MFA",
    "让该用户在 https://aka.ms/mfasetup 注册 MFA，再对该账户执行 `sign_in`；应用自身的凭据（`client_secret`、\
     `certificate`、`federated`）不需要 MFA",
);
pub(in crate::domain::cause) const NEW_CODE: Text = Text::new(
    "Run the action `sign_in` again for a new code, and enter it in time",
    "重新执行 `sign_in` 获取新的代码，并及时输入",
);
pub(in crate::domain::cause) const DESKTOP_APP: Text = Text::new(
    "Move the redirect URI in the app registration from Single-page application to Mobile and desktop applications, \
     then run the action `sign_in`; a new sign-in alone does not help",
    "在应用注册的“身份验证”中，把重定向 URI 从“单页应用程序”改到“移动和桌面应用程序”，再执行 `sign_in`；只重新登录没有用",
);
pub(in crate::domain::cause) const ALLOW_IN_POLICY: Text = Text::new(
    "Find this sign-in in Entra's sign-in logs, which name the policy, and let the policy allow this user and app \
     from where the program runs",
    "在 Entra 的登录日志中找到这次登录及所触发的策略，让该策略放行此用户、此应用和程序所在的位置",
);
pub(in crate::domain::cause) const ALLOW_DEVICE: Text = Text::new(
    "Exclude this user or app from the policy that asks for a device (Entra's sign-in logs name it); the program has \
     no device to register, but an app's own credential is not asked for one",
    "把此用户或此应用从要求设备的策略中排除（Entra 登录日志会写明策略名）；程序没有可注册的设备，应用自身的凭据则不受设备条件限制",
);
pub(in crate::domain::cause) const CROSS_TENANT: Text = Text::new(
    "Use a user who is a member of the tenant of `tenant_id`, or allow the access under External Identities > \
     Cross-tenant access settings",
    "改用 `tenant_id` 所指租户自己的用户，或在“外部标识 > 跨租户访问设置”中放行",
);
pub(in crate::domain::cause) const TENANT_RESTRICTION: Text = Text::new(
    "Run the program from a network whose proxy does not restrict tenants, or add this tenant to the proxy's list",
    "让程序使用没有租户限制的网络，或把该租户加入代理的允许列表",
);
pub(in crate::domain::cause) const GRANT_CONSENT: Text = Text::new(
    "Grant consent to the app's permissions: open the link of the action `consent_url` as an administrator",
    "授予应用所需权限的同意：以管理员身份打开 `consent_url` 给出的链接",
);
pub(in crate::domain::cause) const ADD_PERMISSIONS: Text = Text::new(
    "Add the permissions of Microsoft Graph to the app registration (the action `consent_url` names them), then \
     grant admin consent",
    "在应用注册中添加 Microsoft Graph 权限（`consent_url` 会列出），再授予管理员同意",
);
pub(in crate::domain::cause) const ADD_FEDERATED: Text = Text::new(
    "Add one to the app registration: the AWS account's issuer URL, the function's role as subject, audience \
     api://AzureADTokenExchange",
    "在应用注册中添加联合凭据：颁发者为 AWS 账户的 issuer URL，主体为函数的角色 ARN，受众为 api://AzureADTokenExchange",
);
pub(in crate::domain::cause) const SET_CLOCK: Text = Text::new(
    "Set the clock of the machine that the program runs on (NTP), and check that the certificate is valid now",
    "校准运行本程序的机器的时钟（NTP），并确认证书当前有效",
);
pub(in crate::domain::cause) const MEMBER_USER: Text = Text::new(
    "Use a work or school user who is a member of the tenant of `tenant_id`, not a guest or a personal Microsoft \
     account",
    "请使用 `tenant_id` 所指租户中的工作或学校用户，不要用来宾或个人 Microsoft 账户",
);
pub(in crate::domain::cause) const WAIT: Text =
    Text::new("Nothing has to be done; the next run tries again", "无需处理；下次运行会自动重试");
pub(in crate::domain::cause) const CHECK_ON_PREMISES: Text = Text::new(
    "Check the authentication agents and Active Directory of your own network; a user who exists only in the cloud \
     does not need them",
    "检查本地网络中的身份验证代理和 Active Directory；纯云用户不依赖它们",
);
