//! The grantor: whose token grants permissions, and to what app.

use crate::actions::graph_query::ask;
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::AccountId;
use crate::domain::catalogue::{Access, Operation};
use crate::domain::plan::Payload;
use crate::domain::secret::AccountSecret;
use crate::ports::{BatchItem, BatchReply};

/// An account with a token, and the operations that its policy wants.
pub(crate) struct Grantor<'a> {
    pub app: &'a App,
    pub id: &'a AccountId,
    pub secret: &'a AccountSecret,
    pub access: &'a AccessToken,
    pub subject: Access,
    pub wanted: Vec<&'static Operation>,
}

impl Grantor<'_> {
    /// As [`ask`], with the grantor's token.
    pub(super) async fn ask(&self, items: &[BatchItem]) -> Result<Vec<BatchReply>, String> {
        ask(self.app, self.secret, self.access, items).await
    }
}

/// One request of a batch; its id is its index. With `after`, it waits for that one.
pub(crate) fn item(
    index: usize,
    method: &'static str,
    url: String,
    payload: Payload,
    after: Option<usize>,
) -> BatchItem {
    let depends_on = after.map(|index| index.to_string());
    BatchItem { id: index.to_string(), method, url, headers: &[], payload, depends_on }
}

/// What Graph answered, in words.
pub(crate) fn status_text(reply: Option<&BatchReply>) -> String {
    let Some(reply) = reply else { return "nothing".to_owned() };
    let code = reply.error_code.as_deref().unwrap_or("no code");
    let hint = if reply.status == 403 {
        ": a user needs an administrator's role beside the permission, and an app its consent; else `consent_url` \
         gives a link for an administrator"
    } else {
        ""
    };
    format!("{} {code}{hint}", reply.status)
}
