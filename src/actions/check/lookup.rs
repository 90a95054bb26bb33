//! What `check` looks up in Graph: one batch of reads, each with the finding that its answer gives.

use chrono::{DateTime, Utc};

use crate::actions::check::expiry as expiry_findings;
use crate::actions::check::finding::Finding;
use crate::actions::check::health;
use crate::actions::check::licences;
use crate::actions::check::reply::Reply;
use crate::actions::check::user;
use crate::actions::graph_query::ask;
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::expiry;
use crate::domain::catalogue;
use crate::domain::catalogue::Access;
use crate::domain::path_segment::encode;
use crate::domain::plan::Payload;
use crate::domain::secret::{AccountSecret, Credential};
use crate::ports::BatchItem;

/// A read, the operation of the catalogue whose permissions allow it, and how its answer is judged.
struct Lookup {
    about: &'static str,
    operation: &'static str,
    url: String,
    judge: fn(&Reply, &AccountSecret, DateTime<Utc>) -> Option<Finding>,
}

fn lookups(secret: &AccountSecret, access: &AccessToken) -> Vec<Lookup> {
    let subscriptions = expiry::subscriptions();
    let registration = expiry::registration(&secret.client_id);
    let mut lookups = vec![Lookup {
        about: expiry_findings::SUBSCRIPTION,
        operation: subscriptions.operation,
        url: subscriptions.url,
        judge: expiry_findings::subscription,
    }];
    if matches!(secret.credential, Credential::Password { .. }) {
        lookups.push(Lookup {
            about: expiry_findings::SECURITY_DEFAULTS,
            operation: "securityDefaults.get",
            url: "/policies/identitySecurityDefaultsEnforcementPolicy?$select=isEnabled".to_owned(),
            judge: expiry_findings::security_defaults,
        });
    }
    lookups.push(Lookup {
        about: expiry_findings::APP_CREDENTIALS,
        operation: registration.operation,
        url: registration.url,
        judge: expiry_findings::app_credentials,
    });
    lookups.push(Lookup {
        about: health::SERVICE_HEALTH,
        operation: "health.overviews",
        url: "/admin/serviceAnnouncement/healthOverviews?$select=service,status".to_owned(),
        judge: health::service_health,
    });
    lookups.extend(of_user(secret, access));
    lookups
}

/// Reads of the user whose mailbox and drive are called; none for an app's own account without a user.
fn of_user(secret: &AccountSecret, access: &AccessToken) -> Vec<Lookup> {
    let subject = secret.credential.access();
    let user = match (subject, &secret.user_id) {
        (Access::Delegated, _) => "/me".to_owned(),
        (Access::AppOnly, Some(user_id)) => format!("/users/{}", encode(user_id)),
        (Access::AppOnly, None) => return Vec::new(),
    };
    let licences = Lookup {
        about: licences::LICENCES,
        operation: "user.licenseDetails",
        url: format!("{user}/licenseDetails?$select=skuPartNumber,servicePlans"),
        judge: licences::of_user,
    };
    let subscriptions = Lookup {
        about: licences::LICENCES,
        operation: "skus.list",
        url: "/subscribedSkus?$select=skuPartNumber,capabilityStatus,servicePlans".to_owned(),
        judge: licences::of_tenant,
    };
    let only_tenant = !is_allowed(&licences, access, subject) && is_allowed(&subscriptions, access, subject);
    vec![
        Lookup { about: user::USER, operation: "user.me.get", url: format!("{user}?$select=id"), judge: user::user },
        Lookup {
            about: user::MAILBOX,
            operation: "mail.folders.inbox",
            url: format!("{user}/mailFolders/inbox?$select=id"),
            judge: user::mailbox,
        },
        Lookup {
            about: user::DRIVE,
            // Not the drive itself: reading that creates it.
            operation: "drives.list",
            url: format!("{user}/drives?$select=id"),
            judge: user::drive,
        },
        if only_tenant { subscriptions } else { licences },
    ]
}

fn is_allowed(lookup: &Lookup, access: &AccessToken, subject: Access) -> bool {
    catalogue::find(lookup.operation).is_some_and(|operation| access.granted.allow(operation, subject))
}

/// Asks Graph what the token allows, and says of the rest which permission it needs.
pub(crate) async fn look_up(app: &App, secret: &AccountSecret, access: &AccessToken) -> Vec<Finding> {
    let subject = secret.credential.access();
    let (allowed, barred): (Vec<_>, Vec<_>) =
        lookups(secret, access).into_iter().partition(|lookup| is_allowed(lookup, access, subject));
    let mut findings: Vec<Finding> = barred.iter().map(|lookup| not_allowed(lookup, subject)).collect();
    if subject == Access::AppOnly && secret.user_id.is_none() {
        findings.push(user::without_user());
    }
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
        let reply = replies.iter().find(|reply| reply.id == lookup.about).map(Reply::of);
        let finding = reply.as_ref().and_then(|reply| (lookup.judge)(reply, secret, now));
        findings.push(finding.unwrap_or_else(|| match reply {
            Some(Reply { status: 401 | 403, .. }) => not_allowed(lookup, subject),
            reply => {
                let status = reply.map_or_else(|| "nothing".to_owned(), |reply| reply.text());
                Finding::unknown(lookup.about, format!("Graph answered {status}: `check` again later."))
            }
        }));
    }
    findings
}

/// The permission is missing, or the token has it and Graph refuses all the same.
fn not_allowed(lookup: &Lookup, subject: Access) -> Finding {
    let operation = catalogue::find(lookup.operation);
    let least = operation.and_then(|operation| operation.permission(subject)).unwrap_or("a permission");
    Finding::unknown(lookup.about, format!("Not allowed to look: grant {least} if you want to know."))
}

fn item(lookup: &Lookup) -> BatchItem {
    BatchItem {
        id: lookup.about.to_owned(),
        method: "GET",
        url: lookup.url.clone(),
        headers: &[],
        payload: Payload::None,
        depends_on: None,
    }
}
