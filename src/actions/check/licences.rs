//! Findings about licences: which services the user's licences include, by their service plans.
//!
//! Source: learn.microsoft.com/entra/identity/users/licensing-service-plan-reference.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::actions::check::finding::Finding;
use crate::actions::check::reply::Reply;
use crate::domain::secret::AccountSecret;

pub(crate) const LICENCES: &str = "licences";

/// A service, and how the names of its service plans begin.
const SERVICES: [(&str, &[&str]); 8] = [
    ("Exchange", &["EXCHANGE_S_STANDARD", "EXCHANGE_S_ENTERPRISE", "EXCHANGE_S_DESKLESS", "EXCHANGE_L_STANDARD"]),
    ("SharePoint", &["SHAREPOINTENTERPRISE", "SHAREPOINTSTANDARD", "SHAREPOINTDESKLESS"]),
    // OneDrive is part of SharePoint's plans, or has one of its own.
    ("OneDrive", &["ONEDRIVE", "SHAREPOINTENTERPRISE", "SHAREPOINTSTANDARD", "SHAREPOINTDESKLESS"]),
    ("Teams", &["TEAMS1", "TEAMS_GOV", "TEAMS_AR_", "MCOTEAMS"]),
    ("Intune", &["INTUNE_A", "INTUNE_O365"]),
    ("Planner", &["PROJECTWORKMANAGEMENT", "PROJECT_O365_"]),
    ("Entra ID P1", &["AAD_PREMIUM"]),
    ("Entra ID P2", &["AAD_PREMIUM_P2"]),
];

/// Services that most operations call.
const ESSENTIAL: [&str; 3] = ["Exchange", "SharePoint", "OneDrive"];

/// By the user's licences: `licenseDetails`.
pub(crate) fn of_user(reply: &Reply, _: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    reply.succeeded().then(|| judge(reply.elements(), "the user's licences", "assign a licence in the admin center"))
}

/// By what the tenant has bought: `subscribedSkus`. Whether the user has any of it is not seen.
pub(crate) fn of_tenant(reply: &Reply, _: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    let active = reply.elements().filter(|sku| matches!(sku["capabilityStatus"].as_str(), Some("Enabled" | "Warning")));
    if !reply.succeeded() {
        return None;
    }
    let found = judge(active, "the tenant's subscriptions", "see the subscriptions in the admin center");
    let unseen = " Which of them the user has is not seen: grant LicenseAssignment.Read.All if you want to know.";
    // What is missing in the tenant is missing for the user; what the tenant has, the user may lack.
    let good = found.good.filter(|good| !good);
    Some(Finding { good, verdict: found.verdict + unseen, ..found })
}

fn judge<'a>(skus: impl Iterator<Item = &'a Value>, whose: &str, remedy: &str) -> Finding {
    let (mut names, mut plans, mut listed) = (BTreeSet::new(), BTreeSet::new(), true);
    for sku in skus {
        names.insert(sku["skuPartNumber"].as_str().unwrap_or("a licence").to_owned());
        let Some(list) = sku["servicePlans"].as_array() else {
            listed = false;
            continue;
        };
        let on = list.iter().filter(|plan| plan["provisioningStatus"] != "Disabled");
        plans.extend(on.filter_map(|plan| plan["servicePlanName"].as_str()).map(str::to_owned));
    }
    if names.is_empty() {
        return Finding::bad(LICENCES, format!("There is no licence among {whose}: {remedy}."));
    }
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    if !listed || plans.is_empty() {
        return Finding::unknown(LICENCES, format!("Graph does not list the services of {whose} ({names})."));
    }
    let (with, without): (Vec<_>, Vec<_>) = SERVICES.iter().partition(|(_, begin)| includes(&plans, begin));
    let list = |services: &[&(&str, &[&str])]| services.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if without.is_empty() {
        return Finding::good(LICENCES, format!("Services of {whose} ({names}): {}.", list(&with)));
    }
    if with.is_empty() {
        return Finding::bad(LICENCES, format!("None of {} is among {whose} ({names}): {remedy}.", list(&without)));
    }
    let verdict = format!(
        "Services of {whose} ({names}): {}. Not among them: {}, so calls of these are refused.",
        list(&with),
        list(&without)
    );
    let essential = without.iter().any(|(name, _)| ESSENTIAL.contains(name));
    if essential {
        Finding::bad(LICENCES, format!("{verdict} To call them, {remedy}."))
    } else {
        Finding::good(LICENCES, verdict)
    }
}

/// Whether one of the plans begins so. The plan of Entra ID P2 begins like that of P1, and includes it.
fn includes(plans: &BTreeSet<String>, begin: &[&str]) -> bool {
    plans.iter().any(|plan| begin.iter().any(|begin| plan.starts_with(begin)))
}
