//! Codes about a field of the secret that names the wrong thing: tenant, cloud, user name, stray characters.

use super::remedies::{CHECK_CLOUD, CHECK_FIELDS, CHECK_TENANT, CHECK_USERNAME};
use super::row::{LoginCode, misconfigured};
use crate::domain::cause::kind::CauseKind::SecretField;
use crate::domain::language::Text;

/// For `common`, `organizations` and `consumers`.
const OWN_TENANT: Text = Text::new(
    "Set `tenant_id` in the secret to the tenant's own id or domain, not to common, organizations or consumers",
    "把 secret 中的 `tenant_id` 设为租户自己的 ID 或域名，不要用 common、organizations、consumers",
);

pub(super) const ROWS: &[LoginCode] = &[
    misconfigured(
        28_002,
        SecretField,
        Text::new(
            "the login service does not know the scope of this cloud's Graph",
            "登录服务不认识此云 Graph 的 scope",
        ),
        CHECK_CLOUD,
    ),
    misconfigured(
        50_001,
        SecretField,
        Text::new(
            "Microsoft Graph is disabled in the tenant, or belongs to another cloud",
            "租户中 Microsoft Graph 被停用，或属于其他云",
        ),
        CHECK_CLOUD,
    ),
    misconfigured(
        50_029,
        SecretField,
        Text::new("a domain name has characters that are not allowed", "域名含有不允许的字符"),
        CHECK_FIELDS,
    ),
    misconfigured(
        50_059,
        SecretField,
        Text::new("the request does not say which tenant is meant", "请求没有指明租户"),
        OWN_TENANT,
    ),
    misconfigured(
        50_107,
        SecretField,
        Text::new("the domain of the user name is not known to the login service", "登录服务不认识用户名的域"),
        CHECK_USERNAME,
    ),
    misconfigured(
        50_128,
        SecretField,
        Text::new("the domain name belongs to no tenant", "该域名不属于任何租户"),
        CHECK_TENANT,
    ),
    misconfigured(
        50_194,
        SecretField,
        Text::new(
            "the app is for one tenant, and `tenant_id` does not name it",
            "应用只属于一个租户，而 `tenant_id` 没有指明它",
        ),
        OWN_TENANT,
    ),
    misconfigured(
        70_011,
        SecretField,
        Text::new("the scope was refused as not valid", "scope 无效，被拒绝"),
        CHECK_CLOUD,
    ),
    misconfigured(
        90_002,
        SecretField,
        Text::new("the tenant does not exist", "租户不存在"),
        Text::new(
            "Check `tenant_id` and `cloud` in the secret; if both are right, Microsoft has deleted the tenant",
            "检查 secret 中的 `tenant_id` 和 `cloud`；如果都正确，说明 Microsoft 已删除该租户",
        ),
    ),
    misconfigured(
        90_004,
        SecretField,
        Text::new("the login service cannot read the request", "登录服务无法解析请求"),
        CHECK_FIELDS,
    ),
    misconfigured(
        90_013,
        SecretField,
        Text::new("a value of the request is not valid input", "请求中的某个值不是有效输入"),
        CHECK_FIELDS,
    ),
    misconfigured(
        90_014,
        SecretField,
        Text::new("a required field of the credential is empty", "凭据缺少必需的字段"),
        CHECK_FIELDS,
    ),
    misconfigured(
        90_019,
        SecretField,
        Text::new("the login service cannot tell which tenant is meant", "登录服务无法判断是哪个租户"),
        OWN_TENANT,
    ),
    misconfigured(
        90_022,
        SecretField,
        Text::new("the user name is not of the form name@domain", "用户名不是 name@domain 的格式"),
        CHECK_USERNAME,
    ),
    misconfigured(
        90_023,
        SecretField,
        Text::new("the request is not valid for this app or user", "请求对该应用或用户无效"),
        Text::new(
            "Check every field of the secret; an app that is a public client must not have `client_secret`",
            "逐一检查 secret 的字段；公共客户端应用不能带 `client_secret`",
        ),
    ),
    misconfigured(
        90_027,
        SecretField,
        Text::new("`tenant_id` is that of personal Microsoft accounts", "`tenant_id` 是个人 Microsoft 账户的租户"),
        OWN_TENANT,
    ),
    misconfigured(
        90_038,
        SecretField,
        Text::new("the tenant belongs to another national cloud", "租户属于另一个国家/地区云"),
        CHECK_CLOUD,
    ),
    misconfigured(
        90_051,
        SecretField,
        Text::new("the national cloud is not known to the login service", "登录服务不认识该国家/地区云"),
        CHECK_CLOUD,
    ),
    misconfigured(
        90_100,
        SecretField,
        Text::new("a parameter of the request is empty or not valid", "请求的某个参数为空或无效"),
        CHECK_FIELDS,
    ),
    misconfigured(
        90_101,
        SecretField,
        Text::new("the user name is not an e-mail address", "用户名不是电子邮件地址格式"),
        CHECK_USERNAME,
    ),
    misconfigured(
        90_107,
        SecretField,
        Text::new("the request has characters that are not valid", "请求含有无效字符"),
        CHECK_FIELDS,
    ),
    misconfigured(
        90_117,
        SecretField,
        Text::new("the input of the request is not valid", "请求的输入无效"),
        CHECK_FIELDS,
    ),
    misconfigured(
        90_124,
        SecretField,
        Text::new("Graph cannot be asked for through common or consumers", "不能通过 common 或 consumers 请求 Graph"),
        OWN_TENANT,
    ),
    misconfigured(
        90_130,
        SecretField,
        Text::new("the app cannot be used through common or consumers", "该应用不能通过 common 或 consumers 使用"),
        OWN_TENANT,
    ),
    misconfigured(
        500_011,
        SecretField,
        Text::new("Microsoft Graph is not known in the tenant", "租户中没有 Microsoft Graph"),
        Text::new("Check `cloud` and `tenant_id` in the secret", "检查 secret 中的 `cloud` 和 `tenant_id`"),
    ),
    misconfigured(
        900_021,
        SecretField,
        Text::new("`tenant_id` is the empty GUID", "`tenant_id` 是全零的 GUID"),
        CHECK_TENANT,
    ),
    misconfigured(900_023, SecretField, Text::new("the tenant's name is malformed", "租户名格式错误"), CHECK_TENANT),
    misconfigured(
        900_144,
        SecretField,
        Text::new(
            "the request lacks a parameter, since a field of the secret is empty",
            "请求缺少参数：secret 的某个字段为空",
        ),
        CHECK_FIELDS,
    ),
    misconfigured(
        900_382,
        SecretField,
        Text::new("an app with a credential cannot sign in across clouds", "带凭据的应用不能跨云登录"),
        CHECK_CLOUD,
    ),
    misconfigured(
        900_432,
        SecretField,
        Text::new("a confidential app cannot ask for tokens of another cloud", "机密客户端应用不能请求其他云的 token"),
        CHECK_CLOUD,
    ),
    misconfigured(
        1_000_104,
        SecretField,
        Text::new("the user's tenant does not allow the cloud that is asked for", "用户所在租户不允许访问所请求的云"),
        CHECK_CLOUD,
    ),
    misconfigured(
        1_002_012,
        SecretField,
        Text::new("the scope was refused", "登录服务拒绝了所请求的 scope"),
        CHECK_CLOUD,
    ),
    misconfigured(
        9_001_023,
        SecretField,
        Text::new(
            "a user name and password cannot be used through common or consumers",
            "不能通过 common 或 consumers 使用用户名和密码",
        ),
        OWN_TENANT,
    ),
    misconfigured(9_002_313, SecretField, Text::new("the request was malformed", "请求格式错误"), CHECK_FIELDS),
    misconfigured(
        9_002_332,
        SecretField,
        Text::new(
            "the app is for work and school users, and `tenant_id` is consumers",
            "应用只供工作或学校用户使用，而 `tenant_id` 是 consumers",
        ),
        OWN_TENANT,
    ),
];
