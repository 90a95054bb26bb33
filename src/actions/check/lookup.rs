//! What `check` looks up in Graph: one batch of reads, each with the findings that its answer gives.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::actions::check::expiry as findings;
use crate::actions::check::finding::Finding;
use crate::actions::graph_query::ask;
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::expiry::{self, ExpiryQuery};
use crate::domain::catalogue;
use crate::domain::plan::Payload;
use crate::domain::secret::{AccountSecret, Credential};
use crate::ports::{BatchItem, BatchReply};

/// A read, and how its answer is judged.
struct Lookup {
    about: &'static str,
    query: ExpiryQuery,
    judge: fn(&Value, &AccountSecret, DateTime<Utc>) -> Finding,
}

fn lookups(secret: &AccountSecret) -> Vec<Lookup> {
    let mut lookups =
        vec![Lookup { about: findings::SUBSCRIPTION, query: expiry::subscriptions(), judge: findings::subscription }];
    if matches!(secret.credential, Credential::Password { .. }) {
        lookups.push(Lookup {
            about: findings::SECURITY_DEFAULTS,
            query: ExpiryQuery {
                row: "securityDefaults.get",
                url: "/policies/identitySecurityDefaultsEnforcementPolicy?$select=isEnabled".to_owned(),
            },
            judge: findings::security_defaults,
        });
    }
    lookups.push(Lookup {
        about: findings::APP_CREDENTIALS,
        query: expiry::registration(&secret.client_id),
        judge: findings::app_credentials,
    });
    lookups
}

/// Asks Graph what the token allows, and says of the rest which permission it needs.
pub(crate) async fn look_up(app: &App, secret: &AccountSecret, access: &AccessToken) -> Vec<Finding> {
    let subject = secret.credential.subject();
    let (allowed, barred): (Vec<_>, Vec<_>) = lookups(secret).into_iter().partition(|lookup| {
        catalogue::find(lookup.query.row).is_some_and(|operation| access.granted.allow(operation, subject))
    });
    let not_allowed = |lookup: &Lookup| {
        let operation = catalogue::find(lookup.query.row);
        let least = operation.and_then(|operation| operation.permission(subject)).unwrap_or("a permission");
        Finding::unknown(lookup.about, format!("Not allowed to look: grant {least} if you want to know."))
    };
    let mut findings: Vec<Finding> = barred.iter().map(not_allowed).collect();
    let items: Vec<BatchItem> = allowed.iter().map(item).collect();
    let replies = match ask(app, secret, access, &items).await {
        Ok(replies) => replies,
        Err(why) => {
            findings.push(Finding::unknown("graph", format!("{why}: `check` again later.")));
            return findings;
        }
    };
    let now = app.clock.now();
    for lookup in &allowed {
        findings.push(match replies.iter().find(|reply| reply.id == lookup.about) {
            Some(reply) if reply.status == 200 => (lookup.judge)(&reply.body.read(), secret, now),
            Some(BatchReply { status: 403, .. }) => not_allowed(lookup),
            reply => {
                let status = reply.map_or_else(|| "nothing".to_owned(), |reply| reply.status.to_string());
                Finding::unknown(lookup.about, format!("Graph answered {status}: `check` again later."))
            }
        });
    }
    findings
}

fn item(lookup: &Lookup) -> BatchItem {
    BatchItem {
        id: lookup.about.to_owned(),
        method: "GET",
        url: lookup.query.url.clone(),
        headers: &[],
        payload: Payload::None,
        depends_on: None,
    }
}
