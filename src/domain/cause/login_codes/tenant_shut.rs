//! Codes of a tenant that Microsoft has shut, or whose subscription has ended.
//!
//! Sources: learn.microsoft.com/entra/fundamentals/inaccessible-tenant (20 days);
//! learn.microsoft.com/office/developer-program/microsoft-365-developer-program-faq (30 and 60 days).

use super::row::{LoginCode, misconfigured};
use crate::domain::cause::kind::CauseKind::TenantShut;
use crate::domain::language::Text;

pub(super) const ROWS: &[LoginCode] = &[
    misconfigured(
        500_014,
        TenantShut,
        Text::new(
            "the service that the token is for is disabled in the tenant: its subscription has ended, or an \
             administrator has switched the service off",
            "租户中该服务已被停用：订阅已结束，或管理员关闭了该服务",
        ),
        Text::new(
            "Look at Billing > Your products at https://admin.microsoft.com; after the end of a developer \
             subscription everybody has 30 days, then administrators alone have 30 more, to copy mail and files out, \
             and on day 60 all is deleted",
            "到 https://admin.microsoft.com 的“计费 > 你的产品”查看；开发者订阅结束后，前 30 天所有用户、之后 30 天仅管理员可以导出\
             邮件和文件，第 60 天全部删除",
        ),
    ),
    misconfigured(
        5_000_224,
        TenantShut,
        Text::new(
            "Microsoft has shut the tenant: it is blocked, or being deleted, or already gone",
            "Microsoft 已关闭该租户：被封禁、正在删除或已经删除",
        ),
        Text::new(
            "Let an administrator ask Microsoft's support at once whether the tenant can be unblocked; until then \
             nothing in it can be read, so save what other places still hold (Outlook, OneDrive folders, exports)",
            "请管理员立即联系 Microsoft 支持，询问能否解封；在此之前租户内的数据无法读取，请先保存其他地方的副本（Outlook、OneDrive \
             本地文件夹、以往的导出）",
        ),
    ),
    misconfigured(
        5_000_225,
        TenantShut,
        Text::new("Microsoft has blocked the whole tenant for inactivity", "Microsoft 因不活跃封禁了整个租户"),
        Text::new(
            "Let an administrator phone Microsoft's support (https://aka.ms/TenantLifecycle) within 20 days of the \
             block and ask to reactivate the tenant, then copy mail and files out; after 20 days it is deleted and \
             nothing can be saved",
            "请管理员在封禁后 20 天内致电 Microsoft 支持（https://aka.ms/TenantLifecycle）要求重新激活，随后导出邮件和文件；\
             超过 20 天租户会被删除，数据无法挽回",
        ),
    ),
];
