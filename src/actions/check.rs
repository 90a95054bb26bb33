//! `check`: whether an account can do what its policy asks, and for how long: a verdict in a sentence each, with
//! what to do. Reads alone, in one batch.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::access::default_policy;
use crate::access::token;
use crate::actions::{ActionError, get};
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::AccountId;
use crate::domain::account::expiry::{self, ExpiryQuery as Asked, Subscription};
use crate::domain::catalogue;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::permissions::required;
use crate::domain::plan::Payload;
use crate::domain::secret::{AccountSecret, Credential};
use crate::ports::{BatchItem, BatchReply, Caller, GraphError};
use crate::run::read_secret;

/// Fewer days than this are told of as something to act on.
const SOON: i64 = 30;

/// How long Graph may take.
pub const WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

#[derive(Debug, Serialize)]
struct Finding {
    about: &'static str,
    /// `None`: it could not be found out.
    good: Option<bool>,
    verdict: String,
}

fn verdict(about: &'static str, good: impl Into<Option<bool>>, verdict: impl Into<String>) -> Finding {
    Finding { about, good: good.into(), verdict: verdict.into() }
}

/// What is looked up.
struct ExpiryQuery {
    about: &'static str,
    asked: Asked,
    judge: fn(&Value, &AccountSecret, DateTime<Utc>) -> Finding,
}

/// Tells of everything that can be found out about an account without changing anything.
pub async fn check(app: &App, id: &AccountId) -> Result<Value, ActionError> {
    let mut account = get(app, id).await?.account;
    let (name, text) = default_policy::with_account(app, &account).await?;
    let said = |verdicts: &[Finding]| json!({"account": id, "verdicts": verdicts});
    let (secret, text) = match read_secret(app, &account, &name, text) {
        Ok(read) => read,
        Err(outcome) => return Ok(said(&[verdict("secret", false, outcome.reason().unwrap_or_default())])),
    };
    let mut verdicts = vec![verdict("secret", true, format!("Secret `{name}` can be read and has no fault."))];
    let access = match token::get(app, &account, &secret, &text).await {
        Ok(access) => access,
        Err(outcome) => {
            let why = outcome.reason().unwrap_or_else(|| outcome.as_str().to_owned());
            verdicts.push(verdict("token", false, why));
            return Ok(said(&verdicts));
        }
    };
    token::save_outside_a_run(app, &mut account, &secret, &text).await?;
    verdicts.push(verdict("token", true, "The login service gives a token."));

    let (subject, user) = (secret.credential.access(), secret.user_id.as_deref());
    let wanted = required::wanted(&secret.policy, subject, user);
    let never = required::never_drawn(&secret.policy, subject, user, &access.granted);
    let missing = required::missing(&wanted, subject, &access.granted);
    verdicts.push(permissions(&access.granted, wanted.len(), never.len()));
    verdicts.extend(look(app, &secret, &access).await);
    let mut answer = said(&verdicts);
    answer["granted"] = json!(match &access.granted {
        GrantedPermissions::Known(names) => Some(names),
        GrantedPermissions::Unknown => None,
    });
    answer["missing_permissions"] = json!(missing);
    answer["never_drawn"] = json!(never.iter().map(|operation| operation.id).collect::<Vec<_>>());
    Ok(answer)
}

fn permissions(granted: &GrantedPermissions, wanted: usize, never: usize) -> Finding {
    let about = "permissions";
    match granted {
        _ if wanted == 0 => verdict(about, false, "The policy selects no operation: widen its `operations`."),
        GrantedPermissions::Unknown => {
            verdict(about, None, "The token does not say what is granted: what is refused is left out for a week.")
        }
        _ if never == 0 => verdict(about, true, format!("All {wanted} operations of the policy are allowed.")),
        _ => verdict(
            about,
            never < wanted,
            format!(
                "{never} of the policy's {wanted} operations will never be drawn for want of permissions: fewer are fine, \
                 or `consent_url` gives a link for the rest."
            ),
        ),
    }
}

fn questions(secret: &AccountSecret) -> Vec<ExpiryQuery> {
    let mut questions =
        vec![ExpiryQuery { about: "subscription", asked: expiry::subscriptions(), judge: subscription }];
    if matches!(secret.credential, Credential::Password { .. }) {
        questions.push(ExpiryQuery {
            about: "security_defaults",
            asked: Asked {
                operation: "securityDefaults.get",
                url: "/policies/identitySecurityDefaultsEnforcementPolicy?$select=isEnabled".to_owned(),
            },
            judge: security_defaults,
        });
    }
    questions.push(ExpiryQuery {
        about: "app_credentials",
        asked: expiry::registration(&secret.client_id),
        judge: app_credentials,
    });
    questions
}

/// Asks Graph what the token lets be asked; what it does not is said so.
async fn look(app: &App, secret: &AccountSecret, access: &AccessToken) -> Vec<Finding> {
    let subject = secret.credential.access();
    let (allowed, barred): (Vec<_>, Vec<_>) = questions(secret).into_iter().partition(|question| {
        catalogue::find(question.asked.operation).is_some_and(|row| access.granted.allow(row, subject))
    });
    let not_allowed = |question: &ExpiryQuery| {
        let least =
            catalogue::find(question.asked.operation).and_then(|row| row.permission(subject)).unwrap_or("a permission");
        verdict(question.about, None, format!("Not allowed to look: grant {least} if you want to know."))
    };
    let mut verdicts: Vec<Finding> = barred.iter().map(not_allowed).collect();
    let items: Vec<BatchItem> = allowed
        .iter()
        .map(|question| BatchItem {
            id: question.about.to_owned(),
            method: "GET",
            url: question.asked.url.clone(),
            headers: &[],
            payload: Payload::None,
            depends_on: None,
        })
        .collect();
    let replies = match ask(app, secret, access, &items).await {
        Ok(replies) => replies,
        Err(why) => {
            verdicts.push(verdict("graph", None, format!("{why}: `check` again later.")));
            return verdicts;
        }
    };
    let now = app.clock.now();
    for question in &allowed {
        verdicts.push(match replies.iter().find(|reply| reply.id == question.about) {
            Some(reply) if reply.status == 200 => (question.judge)(&reply.body.read(), secret, now),
            Some(BatchReply { status: 403, .. }) => not_allowed(question),
            reply => {
                let status = reply.map_or_else(|| "nothing".to_owned(), |reply| reply.status.to_string());
                verdict(question.about, None, format!("Graph answered {status}: `check` again later."))
            }
        });
    }
    verdicts
}

/// One batch, unless Graph asked to wait; the error says why not.
pub async fn ask(
    app: &App,
    secret: &AccountSecret,
    access: &AccessToken,
    items: &[BatchItem],
) -> Result<Vec<BatchReply>, String> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, now) = (&secret.tenant_id, app.clock.now());
    if let Some(until) =
        app.throttle.blocked_until(tenant, now).max(app.throttle.blocked_until(&format!("{tenant} batch"), now))
    {
        return Err(format!("Graph asks to wait until {}", until.format("%FT%TZ")));
    }
    let caller = Caller { cloud: secret.cloud, access_token: &access.token, timeout: WITHIN };
    let answer = app.graph.batch(&caller, items).await;
    // What Graph asks to wait for, of the batch or of one item, holds for the tenant, as in a run.
    let asked = match &answer {
        Ok(replies) => replies.iter().filter(|reply| reply.status == 429).filter_map(|reply| reply.retry_after).max(),
        Err(GraphError::Throttled { retry_after }) => *retry_after,
        Err(_) => None,
    };
    if let Some(wait) = asked {
        let now = app.clock.now();
        app.throttle.block_until(tenant, now + TimeDelta::from_std(wait).unwrap_or_default(), now);
    }
    answer.map_err(|error| error.to_string())
}

fn security_defaults(answer: &Value, _: &AccountSecret, _: DateTime<Utc>) -> Finding {
    let about = "security_defaults";
    match answer["isEnabled"].as_bool() {
        Some(true) => verdict(
            about,
            false,
            "Security defaults are on, so this password will be refused once MFA is asked for: leave them on, and use \
             `sign_in` or a client secret instead.",
        ),
        Some(false) => verdict(about, true, "Security defaults are off, so they do not stand in the password's way."),
        None => verdict(about, None, "Graph does not say whether security defaults are on."),
    }
}

fn app_credentials(answer: &Value, secret: &AccountSecret, now: DateTime<Utc>) -> Finding {
    let about = "app_credentials";
    let own = match &secret.credential {
        Credential::Certificate { certificate, .. } => {
            let remedy = "make a new one, register it, and put it into the secret";
            return ends(about, "The certificate", certificate.not_after, now, remedy);
        }
        Credential::Federated => {
            return verdict(about, true, "The function proves itself by its AWS role: nothing can expire.");
        }
        credential => expiry::own_secret(credential),
    };
    match expiry::registered_end(answer, own) {
        None if !expiry::registered_here(answer) => {
            verdict(about, None, "The app is registered in another tenant, where its credentials stand.")
        }
        None if own.is_none() => verdict(about, true, "The app has no secret or certificate that could expire."),
        None => verdict(about, None, "The registration shows no secret or certificate with an end."),
        Some(end) => {
            ends(about, "The app's secret or certificate", end, now, "make a new one and put it into the secret")
        }
    }
}

fn subscription(answer: &Value, _: &AccountSecret, now: DateTime<Utc>) -> Finding {
    let about = "subscription";
    let remedy = "see the developer programme's dashboard; nobody can promise a renewal";
    match Subscription::of(answer) {
        Some(Subscription { enabled: true, changes_at: Some(end), .. }) => {
            ends(about, "The subscription", end, now, remedy)
        }
        Some(Subscription { enabled: false, changes_at, .. }) => {
            let next =
                changes_at.map(|at| format!(", and what is left changes on {}", at.format("%F"))).unwrap_or_default();
            verdict(about, false, format!("The subscription has ended{next}: {remedy}."))
        }
        _ => verdict(about, None, "No subscription of the tenant says when it ends or is renewed."),
    }
}

fn ends(about: &'static str, what: &str, end: DateTime<Utc>, now: DateTime<Utc>, remedy: &str) -> Finding {
    let (days, date) = ((end - now).num_days(), end.format("%F"));
    if end <= now {
        return verdict(about, false, format!("{what} ended on {date}: {remedy}."));
    }
    let told = format!("{what} has {days} days left, until {date}");
    if days < SOON {
        verdict(about, false, format!("{told}: {remedy}."))
    } else {
        verdict(about, true, format!("{told}."))
    }
}
