//! `grant`: adds what the policy needs to the app registration and consents to it for the tenant, with the account's own
//! token. Says what it would do; does it only when told to. Each request stands by itself: what a failure leaves undone,
//! the next `grant` does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::access::default_policy;
use crate::access::token;
use crate::actions::check::{WITHIN, ask};
use crate::actions::{ActionError, get};
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::{AccountId, Status};
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::catalogue::{self, Access, Operation};
use crate::domain::outcome::Outcome;
use crate::domain::permissions::diff::{Diff, GRAPH, Registration, Step, Tenant, diff, missing_admin_permissions};
use crate::domain::permissions::required;
use crate::domain::plan::Payload;
use crate::domain::secret::AccountSecret;
use crate::ports::{BatchItem, BatchReply};
use crate::run::read_secret;

/// Steps in one batch, each waiting for the one before.
const MOST_STEPS: usize = 20;

/// Pages that a list is followed for: a thousand consents and more.
const MOST_PAGES: usize = 20;

/// Says so in each answer: what the program will not do.
const NEVER: &str = "Nothing beyond the policy's needs is ever granted, and never the administrative permissions that \
                     this takes: take those away again when it is done.";

/// Whose token it is and what it is to do.
struct Grantor<'a> {
    app: &'a App,
    id: &'a AccountId,
    secret: &'a AccountSecret,
    access: &'a AccessToken,
    subject: Access,
    wanted: Vec<&'static Operation>,
}

/// What would be granted, or with `apply` what was.
pub async fn grant(app: &App, id: &AccountId, apply: bool, deadline: DateTime<Utc>) -> Result<Value, ActionError> {
    let mut account = get(app, id).await?.account;
    let (name, text) = default_policy::with_account(app, &account).await?;
    let unusable = |outcome: Outcome| ActionError::Unusable {
        account: id.clone(),
        why: outcome.reason().unwrap_or_else(|| outcome.as_str().to_owned()),
    };
    let (secret, text) = read_secret(app, &account, &name, text).map_err(unusable)?;
    let access = token::get(app, &account, &secret, &text).await.map_err(unusable)?;
    token::save_outside_a_run(app, &mut account, &secret, &text).await?;
    let subject = secret.credential.access();
    let wanted = required::wanted(&secret.policy, subject, secret.user_id.as_deref());
    let grantor = Grantor { app, id, secret: &secret, access: &access, subject, wanted };
    let missing_admin_permissions = missing_admin_permissions(subject, &access.granted);
    if !missing_admin_permissions.is_empty() {
        return Ok(grantor.may_not(&missing_admin_permissions));
    }
    let tenant = match grantor.look().await {
        Ok(tenant) => tenant,
        Err(why) => return Ok(grantor.answer(json!({"applied": false, "message": why}))),
    };
    let found = diff(&grantor.wanted, subject, &tenant);
    let mut answer = json!({
        "applied": false,
        "add_to_registration": found.register,
        "consent_to": found.consent,
        "not_offered": found.not_offered,
    });
    if tenant.registration.is_none() {
        answer["registration"] =
            json!("The app is registered in another tenant: its list of permissions is kept there.");
    }
    if apply {
        grantor.apply(&found, &tenant, deadline, &mut answer).await?;
    } else if found.is_empty() {
        answer["message"] = json!("Nothing to do: all that the policy needs is granted.");
    } else {
        answer["message"] = json!("Nothing was changed. Send it again with \"apply\": true to do this.");
    }
    Ok(grantor.answer(answer))
}

impl Grantor<'_> {
    fn answer(&self, mut answer: Value) -> Value {
        answer["account"] = json!(self.id);
        answer["for"] = json!(match self.subject {
            Access::AppOnly => "application permissions",
            Access::Delegated => "delegated permissions",
        });
        answer["never"] = json!(NEVER);
        answer
    }

    fn may_not(&self, missing_admin_permissions: &[&str]) -> Value {
        let missing = required::missing(&self.wanted, self.subject, &self.access.granted);
        let message = if missing.is_empty() {
            "Nothing to do: the token already carries all that the policy needs.".to_owned()
        } else {
            format!(
                "The account's token may not grant anything, for want of {}. `consent_url` gives a link by which an \
                 administrator consents.",
                missing_admin_permissions.join(" and ")
            )
        };
        self.answer(
            json!({"applied": false, "consent_to": missing, "lacking": missing_admin_permissions, "message": message}),
        )
    }

    /// The tenant as it is. The error is a sentence for a person.
    async fn look(&self) -> Result<Tenant, String> {
        let client = &self.secret.client_id;
        let offers = if self.subject == Access::AppOnly { "appRoles" } else { "oauth2PermissionScopes" };
        let registrations = format!("/applications?$filter=appId%20eq%20'{client}'&$select=id,requiredResourceAccess");
        let own = format!("/servicePrincipals?$filter=appId%20eq%20'{client}'&$select=id");
        let graph = format!("/servicePrincipals?$filter=appId%20eq%20'{GRAPH}'&$select=id,{offers}");
        let [registrations, own, graph] = self.lists([registrations, own, graph]).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let first = |list: &[Value], what: &str| {
            list.first()
                .map(|found| text(&found["id"]))
                .filter(|id| is_id(id))
                .ok_or_else(|| format!("The tenant shows no {what}."))
        };
        let mut tenant = Tenant {
            registration: registrations.first().map(|found| Registration {
                id: text(&found["id"]),
                required_access: found["requiredResourceAccess"].as_array().cloned().unwrap_or_default(),
            }),
            principal: first(&own, "service principal of the app")?,
            graph: first(&graph, "service principal of Microsoft Graph")?,
            ..Tenant::default()
        };
        if tenant.registration.as_ref().is_some_and(|found| !is_id(&found.id)) {
            return Err("Graph's answer about the registration makes no sense.".to_owned());
        }
        let offered = graph[0][offers].as_array().map(Vec::as_slice).unwrap_or_default();
        let enabled = offered.iter().filter(|one| one["isEnabled"] != false);
        tenant.offered = enabled.map(|one| (text(&one["value"]), text(&one["id"]))).collect();
        self.consents(&mut tenant).await?;
        Ok(tenant)
    }

    async fn consents(&self, tenant: &mut Tenant) -> Result<(), String> {
        let url = match self.subject {
            Access::AppOnly => format!("/servicePrincipals/{}/appRoleAssignments", tenant.principal),
            Access::Delegated => format!("/oauth2PermissionGrants?$filter=clientId%20eq%20'{}'", tenant.principal),
        };
        let [found] = self.lists([url]).await?;
        let ours = found.iter().filter(|one| one["resourceId"] == tenant.graph.as_str());
        match self.subject {
            Access::AppOnly => {
                let ids: BTreeSet<&str> = ours.filter_map(|one| one["appRoleId"].as_str()).collect();
                let held = tenant.offered.iter().filter(|(_, id)| ids.contains(id.as_str()));
                tenant.consented = held.map(|(name, _)| name.clone()).collect();
            }
            Access::Delegated => {
                let all = ours.filter(|one| one["consentType"] == "AllPrincipals").find_map(|one| {
                    let id = one["id"].as_str().filter(|id| is_id(id))?;
                    Some((id.to_owned(), one["scope"].as_str().unwrap_or_default().to_owned()))
                });
                tenant.consented =
                    all.iter().flat_map(|(_, scope)| scope.split_whitespace()).map(str::to_owned).collect();
                tenant.grant = all;
            }
        }
        Ok(())
    }

    /// All elements of each list, page by page.
    async fn lists<const N: usize>(&self, urls: [String; N]) -> Result<[Vec<Value>; N], String> {
        let mut found: [Vec<Value>; N] = std::array::from_fn(|_| Vec::new());
        let mut open: BTreeMap<usize, String> = urls.into_iter().enumerate().collect();
        for _ in 0..MOST_PAGES {
            if open.is_empty() {
                return Ok(found);
            }
            let items: Vec<BatchItem> =
                open.iter().map(|(at, url)| item(*at, "GET", url.clone(), Payload::None, None)).collect();
            let replies = ask(self.app, self.secret, self.access, &items).await?;
            for (at, url) in std::mem::take(&mut open) {
                let reply = replies.iter().find(|reply| reply.id == at.to_string());
                let Some(BatchReply { status: 200, body, .. }) = reply else {
                    let path = url.split('?').next().unwrap_or_default();
                    return Err(format!("Nothing was changed: asked for {path}, Graph answered {}.", told(reply)));
                };
                let body = body.read();
                found[at].extend(body["value"].as_array().cloned().unwrap_or_default());
                let next = body["@odata.nextLink"].as_str().and_then(|link| link.split_once("/v1.0/"));
                open.extend(next.map(|(_, path)| (at, format!("/{path}"))));
            }
        }
        Err("Nothing was changed: Graph's lists do not end.".to_owned())
    }

    /// Carries the steps out, one after the other, until one fails; tells what was done and what was not.
    async fn apply(
        &self,
        found: &Diff,
        tenant: &Tenant,
        deadline: DateTime<Utc>,
        answer: &mut Value,
    ) -> Result<(), ActionError> {
        let steps = found.steps(self.subject, tenant);
        let (mut done, mut why) = (0, None);
        for part in steps.chunks(MOST_STEPS) {
            if self.app.clock.now() + TimeDelta::from_std(WITHIN).unwrap_or_default() > deadline {
                why = Some("The time was over.".to_owned());
                break;
            }
            let (count, failed) = self.carry_out(part).await;
            done += count;
            why = failed;
            if why.is_some() {
                break;
            }
        }
        let mut consented = tenant.consented.clone();
        consented.extend(steps[..done].iter().flat_map(|step| &step.consents).map(|name| (*name).to_owned()));
        let does = |steps: &[Step]| steps.iter().map(|step| step.does.clone()).collect::<Vec<_>>();
        answer["applied"] = json!(why.is_none());
        answer["done"] = json!(does(&steps[..done]));
        answer["not_done"] = json!(does(&steps[done..]));
        let mut message = match why {
            Some(why) => format!("{why} What was done stays; `grant` again does the rest."),
            None if steps.is_empty() => "Nothing to do: all that the policy needs is granted.".to_owned(),
            None => "Done. The next token carries it; Microsoft may take some minutes.".to_owned(),
        };
        self.app.token_cache.remove_access(self.id);
        if let Some(more) = self.lift(consented).await? {
            message.push_str(more);
        }
        answer["message"] = json!(message);
        Ok(())
    }

    /// How many steps were done, and why not all.
    async fn carry_out(&self, steps: &[Step]) -> (usize, Option<String>) {
        let items: Vec<BatchItem> = steps
            .iter()
            .enumerate()
            .map(|(at, step)| {
                let after = at.checked_sub(1).map(|before| before.to_string());
                item(at, step.method, step.url.clone(), Payload::Json(step.body.clone()), after)
            })
            .collect();
        let replies = match ask(self.app, self.secret, self.access, &items).await {
            Ok(replies) => replies,
            Err(why) => return (0, Some(format!("{why}: what is not told as done may have been done all the same."))),
        };
        for at in 0..steps.len() {
            let reply = replies.iter().find(|reply| reply.id == at.to_string());
            if !reply.is_some_and(|reply| (200..300).contains(&reply.status)) {
                return (at, Some(format!("Graph answered {}.", told(reply))));
            }
        }
        (steps.len(), None)
    }

    /// What was set aside since it was refused can be drawn again.
    async fn lift(&self, consented: BTreeSet<String>) -> Result<Option<&'static str>, ActionError> {
        let granted = GrantedPermissions::Known(consented);
        let mut account = get(self.app, self.id).await?.account;
        let before = account.set_aside.len();
        let refused = |key: &str| catalogue::find(key).is_some_and(|row| granted.allow(row, self.subject));
        account.set_aside.retain(|key, _| !refused(key));
        if account.set_aside.len() != before && !self.app.accounts.update(&account, self.app.clock.now()).await? {
            return Ok(Some(
                " The account is being run: `grant` again, so that what was refused before is drawn again.",
            ));
        }
        Ok((account.status == Status::Paused).then_some(" The account is paused: `resume` it."))
    }
}

fn item(at: usize, method: &'static str, url: String, payload: Payload, after: Option<String>) -> BatchItem {
    BatchItem { id: at.to_string(), method, url, headers: &[], payload, depends_on: after }
}

/// An id of Graph's that can stand in a path as it is.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

fn told(reply: Option<&BatchReply>) -> String {
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
