//! Codes about the login service itself: they pass.

use super::remedies::WAIT;
use super::row::{LoginCode, long_backoff, transient};
use crate::domain::cause::kind::CauseKind::Service;
use crate::domain::language::Text;

/// The login service has an error of its own.
const fn passing(code: u32, en: &'static str, zh: &'static str) -> LoginCode {
    transient(code, Service, Text::new(en, zh), WAIT)
}

pub(super) const ROWS: &[LoginCode] = &[
    passing(50_000, "the login service could not issue a token", "登录服务无法签发 token"),
    passing(50_033, "the login service has a passing error", "登录服务暂时出错"),
    passing(50_087, "multi-factor authentication is unavailable for now", "多重身份验证服务暂时不可用"),
    passing(50_166, "the provider of external claims is overloaded", "外部声明提供方过载"),
    long_backoff(
        50_196,
        Service,
        Text::new("the login service saw a request loop", "登录服务检测到循环请求"),
        Text::new(
            "Nothing is tried for a day; check that no other program uses the same app and user in a loop",
            "一天内不会再尝试；请检查是否有其他程序在循环使用同一应用和用户",
        ),
    ),
    passing(51_005, "the login service sends the request elsewhere for now", "登录服务暂时把请求转到别处"),
    passing(70_012, "the login service for personal accounts has an error", "个人账户的登录服务出错"),
    passing(90_006, "a server behind the login service is unavailable", "登录服务依赖的服务器不可用"),
    passing(90_012, "the login service took too long", "登录服务超时"),
    passing(90_024, "the login service has no room for the request for now", "登录服务暂时无法处理该请求"),
    passing(90_033, "the directory of the login service is unavailable", "登录服务的目录不可用"),
    passing(90_036, "the directory of the login service failed", "登录服务的目录出错"),
    passing(90_055, "the tenant sends too many requests to the login service", "该租户向登录服务发送的请求过多"),
    passing(90_090, "Graph is unavailable to the login service", "登录服务暂时无法访问 Graph"),
    passing(90_091, "Graph cannot be reached by the login service", "登录服务连接不到 Graph"),
    passing(90_092, "Graph refused a request of the login service", "Graph 拒绝了登录服务的请求"),
    passing(90_121, "the request arrived empty at the login service", "到达登录服务的请求是空的"),
    passing(230_109, "the login service's backup answered instead of itself", "应答的是登录服务的备用系统"),
    passing(
        900_561,
        "the request arrived changed at the login service, not as a POST",
        "请求在途中被改写，到达登录服务时不是 POST",
    ),
];
