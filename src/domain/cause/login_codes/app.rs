//! Codes about the app registration and the credential by which it proves itself.

use super::remedies::{
    CHECK_CERTIFICATE, CHECK_CLIENT, CHECK_TENANT, CLAIMS_MAPPING, ENABLE_APP, NEW_SECRET, SET_CLOCK, WAIT,
};
use super::row::{LoginCode, misconfigured, transient};
use crate::domain::cause::kind::CauseKind::{App, Clock};
use crate::domain::language::Text;

const OWN_APP: Text = Text::new(
    "Register an app of your own in the tenant and put its id into the secret as `client_id`",
    "在租户中自行注册一个应用，把它的 ID 填入 secret 的 `client_id`",
);
const NEW_PRINCIPAL: Text = Text::new(
    "Delete the app under Enterprise applications and consent to it again, or register a new app",
    "在“企业应用程序”中删除该应用并重新同意，或注册新应用",
);
const PUBLIC_CLIENT: Text = Text::new(
    "Allow public client flows in the app registration, or add `client_secret` to the secret",
    "在应用注册中启用“允许公共客户端流”，或在 secret 中加入 `client_secret`",
);

pub(super) const ROWS: &[LoginCode] = &[
    misconfigured(
        50_003,
        App,
        Text::new("the app has no signing key, or it has expired", "应用没有签名密钥，或密钥已过期"),
        CLAIMS_MAPPING,
    ),
    misconfigured(
        50_006,
        App,
        Text::new("the signature of the app's assertion is not valid", "应用断言的签名无效"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(
        50_012,
        App,
        Text::new("the app does not know the certificate of the client assertion", "应用不认识客户端断言所用的证书"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(
        50_013,
        App,
        Text::new("the assertion is malformed, expired or for another API", "断言格式错误、已过期或用于其他 API"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(
        50_027,
        App,
        Text::new("the JWT that proves the app is not valid", "用于证明应用身份的 JWT 无效"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(
        50_032,
        App,
        Text::new("the RSA key of the certificate is too short", "证书的 RSA 密钥太短"),
        Text::new(
            "Create a certificate with an RSA key of at least 2,048 bits and upload it to the app registration",
            "创建 RSA 密钥至少 2048 位的证书，并上传到应用注册",
        ),
    ),
    misconfigured(
        50_042,
        App,
        Text::new(
            "the tenant's entry of the app lacks a part (pairwise salt)",
            "租户中该应用的对象不完整（缺少 pairwise salt）",
        ),
        NEW_PRINCIPAL,
    ),
    misconfigured(
        50_043,
        App,
        Text::new(
            "the tenant's entry of the app has a part twice (pairwise salt)",
            "租户中该应用的对象有重复部分（pairwise salt）",
        ),
        NEW_PRINCIPAL,
    ),
    misconfigured(
        50_048,
        App,
        Text::new(
            "the subject of the client assertion does not match its issuer",
            "客户端断言的 subject 与 issuer 不一致",
        ),
        CHECK_CLIENT,
    ),
    misconfigured(
        50_120,
        App,
        Text::new("the header of the JWT that proves the app is malformed", "用于证明应用身份的 JWT 头部格式错误"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(
        50_124,
        App,
        Text::new("a claims transformation of the app has a wrong input", "应用的声明转换输入有误"),
        CLAIMS_MAPPING,
    ),
    misconfigured(
        50_146,
        App,
        Text::new(
            "the app needs a signing key of its own and has no valid one",
            "应用需要专用签名密钥，但没有有效的密钥",
        ),
        CLAIMS_MAPPING,
    ),
    misconfigured(
        51_000,
        App,
        Text::new("a feature that the app needs is switched off in the tenant", "应用所需的功能在租户中被关闭"),
        OWN_APP,
    ),
    misconfigured(
        65_002,
        App,
        Text::new(
            "`client_id` is an app of Microsoft's that may not call Graph like this",
            "`client_id` 是 Microsoft 自己的应用，不允许这样调用 Graph",
        ),
        OWN_APP,
    ),
    misconfigured(
        70_001,
        App,
        Text::new("the app is disabled, or not known in the tenant", "应用被停用，或租户中没有该应用"),
        ENABLE_APP,
    ),
    misconfigured(
        70_002,
        App,
        Text::new("the client secret does not belong to this app", "客户端密码不属于该应用"),
        NEW_SECRET,
    ),
    misconfigured(
        70_003,
        App,
        Text::new("the app may not use this way to get a token", "应用不允许用这种方式获取 token"),
        PUBLIC_CLIENT,
    ),
    misconfigured(
        90_010,
        App,
        Text::new("the algorithm of the client assertion is not supported", "不支持客户端断言所用的算法"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(
        90_016,
        App,
        Text::new("the assertion lacks a claim that the login service requires", "断言缺少登录服务要求的声明"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(500_133, Clock, Text::new("the assertion is not within its time", "断言不在有效时间内"), SET_CLOCK),
    misconfigured(
        501_461,
        App,
        Text::new("the app maps claims for a token that is not its own", "应用为不属于自己的 token 映射声明"),
        CLAIMS_MAPPING,
    ),
    transient(501_621, App, Text::new("a claims transformation of the app took too long", "应用的声明转换超时"), WAIT),
    misconfigured(700_011, App, Text::new("the app does not exist in the directory", "目录中没有该应用"), CHECK_CLIENT),
    misconfigured(700_016, App, Text::new("the app is not known in the tenant", "租户中没有该应用"), CHECK_CLIENT),
    misconfigured(
        700_021,
        App,
        Text::new("the client assertion names another app than `client_id`", "客户端断言中的应用与 `client_id` 不一致"),
        CHECK_CLIENT,
    ),
    misconfigured(
        700_023,
        App,
        Text::new("the client assertion is addressed to another tenant or cloud", "客户端断言的受众是其他租户或其他云"),
        CHECK_TENANT,
    ),
    misconfigured(
        700_024,
        Clock,
        Text::new("the client assertion is not within its time", "客户端断言不在有效时间内"),
        SET_CLOCK,
    ),
    misconfigured(
        700_025,
        App,
        Text::new(
            "the app is a public client, which may not send a credential of its own",
            "应用是公共客户端，不能发送自己的凭据",
        ),
        Text::new(
            "Remove `client_secret` from the secret, or switch off public client flows in the app registration",
            "从 secret 中删除 `client_secret`，或在应用注册中关闭“允许公共客户端流”",
        ),
    ),
    misconfigured(700_027, App, Text::new("the client assertion was refused", "客户端断言被拒绝"), CHECK_CERTIFICATE),
    misconfigured(
        700_030,
        App,
        Text::new("the subject name of the certificate is not allowed for the app", "证书的主体名称未被该应用允许"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(
        900_384,
        App,
        Text::new("the signature of the JWT that proves the app is not valid", "用于证明应用身份的 JWT 签名无效"),
        CHECK_CERTIFICATE,
    ),
    misconfigured(
        1_000_031,
        App,
        Text::new("the app cannot be used in the tenant at this time", "该应用目前在租户中无法使用"),
        ENABLE_APP,
    ),
    misconfigured(
        1_000_502,
        App,
        Text::new("the certificate is not within its time", "证书不在有效期内"),
        Text::new(
            "Create a new certificate, upload it to the app registration and put it into the secret with its key",
            "创建新证书，上传到应用注册，并连同私钥写入 secret",
        ),
    ),
    misconfigured(7_000_112, App, Text::new("the app is disabled", "应用已被停用"), ENABLE_APP),
    misconfigured(7_000_215, App, Text::new("the client secret is wrong", "客户端密码不正确"), NEW_SECRET),
    misconfigured(
        7_000_216,
        App,
        Text::new("the app sent no credential of its own", "应用没有发送自己的凭据"),
        Text::new(
            "Add `client_secret`, or `certificate` with `private_key`, to the secret",
            "在 secret 中加入 `client_secret`，或 `certificate` 与 `private_key`",
        ),
    ),
    misconfigured(
        7_000_218,
        App,
        Text::new("the app is not a public client, and needs a client secret", "应用不是公共客户端，需要客户端密码"),
        PUBLIC_CLIENT,
    ),
    misconfigured(7_000_222, App, Text::new("the client secret has expired", "客户端密码已过期"), NEW_SECRET),
];
