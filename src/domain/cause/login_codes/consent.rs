//! Codes about consent, assignments and service principals that are missing in the tenant.

use super::remedies::{ADD_PERMISSIONS, GRANT_CONSENT};
use super::row::{LoginCode, misconfigured};
use crate::domain::cause::kind::CauseKind::Consent;
use crate::domain::language::Text;

pub(super) const ROWS: &[LoginCode] = &[
    misconfigured(
        50_105,
        Consent,
        Text::new("the user is not assigned to the app, and the app requires it", "应用要求分配用户，而该用户未被分配"),
        Text::new(
            "Assign the user under Enterprise applications > Users and groups, or switch Assignment required off",
            "在“企业应用程序 > 用户和组”中分配该用户，或关闭“需要分配”",
        ),
    ),
    misconfigured(
        65_001,
        Consent,
        Text::new("consent to the app's permissions is missing", "尚未同意应用所需的权限"),
        GRANT_CONSENT,
    ),
    misconfigured(
        65_005,
        Consent,
        Text::new("the app registration does not list what the app asks for", "应用注册中没有列出它所请求的资源"),
        ADD_PERMISSIONS,
    ),
    misconfigured(
        90_093,
        Consent,
        Text::new("the directory does not allow this user to consent to the app", "目录不允许该用户同意此应用"),
        Text::new(
            "Open the link of the action `consent_url` as an administrator, or allow user consent in Entra under \
             Consent and permissions",
            "以管理员身份打开 `consent_url` 给出的链接，或在 Entra 的“同意和权限”中允许用户同意",
        ),
    ),
    misconfigured(
        90_094,
        Consent,
        Text::new("an administrator has to consent to the app's permissions", "需要管理员同意应用的权限"),
        GRANT_CONSENT,
    ),
    misconfigured(
        90_095,
        Consent,
        Text::new("consent waits for an administrator's approval", "同意请求正等待管理员批准"),
        Text::new(
            "Approve the request in Entra under Enterprise applications > Admin consent requests",
            "在 Entra 的“企业应用程序 > 管理员同意请求”中批准",
        ),
    ),
    misconfigured(
        90_099,
        Consent,
        Text::new("the app is not authorised in this customer's tenant", "应用未在该客户租户中获得授权"),
        GRANT_CONSENT,
    ),
    misconfigured(
        501_051,
        Consent,
        Text::new("the app is not assigned to a role of the service that it calls", "应用没有被分配所调用服务的角色"),
        GRANT_CONSENT,
    ),
    misconfigured(
        650_052,
        Consent,
        Text::new(
            "the tenant has not subscribed to a service that the app asks for, or has not enabled it",
            "租户没有订阅或启用应用所请求的服务",
        ),
        Text::new(
            "Remove that API's permissions from the app registration, or buy or enable the service at \
             https://admin.microsoft.com",
            "从应用注册中删除该 API 的权限，或在 https://admin.microsoft.com 购买或启用该服务",
        ),
    ),
    misconfigured(
        650_054,
        Consent,
        Text::new("the app asks for an API that was removed from the tenant", "应用请求的 API 已从租户中移除"),
        Text::new(
            "Remove that API's permissions from the app registration, and consent again",
            "从应用注册中删除该 API 的权限，然后重新同意",
        ),
    ),
    misconfigured(
        650_056,
        Consent,
        Text::new(
            "the app registration lists no permissions, or an administrator has not consented to them",
            "应用注册没有列出权限，或管理员尚未同意",
        ),
        ADD_PERMISSIONS,
    ),
    misconfigured(
        650_057,
        Consent,
        Text::new(
            "Microsoft Graph is not among the app registration's permissions",
            "应用注册的权限中没有 Microsoft Graph",
        ),
        ADD_PERMISSIONS,
    ),
    misconfigured(
        7_000_229,
        Consent,
        Text::new(
            "the app is registered, but has no service principal in the tenant",
            "应用已注册，但租户中没有它的服务主体",
        ),
        Text::new(
            "Create it by opening the link of the action `consent_url` as an administrator, or with `az ad sp create \
             --id CLIENT_ID`",
            "以管理员身份打开 `consent_url` 给出的链接即可创建，或运行 `az ad sp create --id CLIENT_ID`",
        ),
    ),
];
