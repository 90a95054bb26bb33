//! Codes about a federated credential: the app trusts a token of AWS's.

use super::remedies::{ADD_FEDERATED, WAIT};
use super::row::{LoginCode, misconfigured, not_yet, transient};
use crate::domain::cause::kind::CauseKind::{App, Service};
use crate::domain::language::Text;

pub(super) const ROWS: &[LoginCode] = &[
    not_yet(
        70_021,
        App,
        Text::new("the app has no federated credential for this function", "应用没有与此函数匹配的联合凭据"),
        ADD_FEDERATED,
    ),
    not_yet(
        70_025,
        App,
        Text::new("the app has no federated credential at all", "应用没有配置任何联合凭据"),
        ADD_FEDERATED,
    ),
    transient(
        90_061,
        Service,
        Text::new("the login service could not read the keys of AWS's issuer", "登录服务无法读取 AWS 颁发者的公钥"),
        WAIT,
    ),
    not_yet(
        700_211,
        App,
        Text::new(
            "the app has no federated credential for this AWS account's issuer",
            "应用没有针对此 AWS 账户颁发者的联合凭据",
        ),
        ADD_FEDERATED,
    ),
    not_yet(
        700_212,
        App,
        Text::new("the app's federated credential has another audience", "应用的联合凭据的受众不同"),
        ADD_FEDERATED,
    ),
    not_yet(
        700_213,
        App,
        Text::new(
            "the app's federated credential has another subject than the function's role",
            "应用的联合凭据的主体不是此函数的角色",
        ),
        ADD_FEDERATED,
    ),
    // The service's own hint that subjects are compared letter by letter.
    misconfigured(
        7_002_138,
        App,
        Text::new(
            "the federated credential's subject differs from the role's name in upper or lower case",
            "联合凭据的主体与角色名仅大小写不同",
        ),
        Text::new("Copy the role's ARN into the federated credential as it is", "把角色的 ARN 原样复制到联合凭据中"),
    ),
];
