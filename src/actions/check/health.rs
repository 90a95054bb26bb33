//! Findings about the tenant's services, from Microsoft's service health.
//!
//! Source: learn.microsoft.com, "serviceHealth resource type", values of `serviceHealthStatus`.

use chrono::{DateTime, Utc};

use crate::actions::check::finding::Finding;
use crate::actions::check::reply::Reply;
use crate::domain::fields::printable;
use crate::domain::secret::AccountSecret;

pub(crate) const SERVICE_HEALTH: &str = "service_health";

/// States in which a service works; all others are incidents under way.
const HEALTHY: [&str; 8] = [
    "serviceOperational",
    "serviceRestored",
    "postIncidentReviewPublished",
    "falsePositive",
    "resolved",
    "resolvedExternal",
    "mitigated",
    "mitigatedExternal",
];

pub(crate) fn service_health(reply: &Reply, _: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    if !reply.succeeded() {
        return None;
    }
    let (mut services, mut incidents) = (0, Vec::new());
    for service in reply.elements() {
        let (Some(name), Some(status)) = (service["service"].as_str(), service["status"].as_str()) else { continue };
        services += 1;
        if !HEALTHY.contains(&status) {
            incidents.push(format!("{} ({})", printable(name), printable(status)));
        }
    }
    Some(match (services, incidents.is_empty()) {
        (0, _) => Finding::unknown(SERVICE_HEALTH, "Microsoft's service health lists no service."),
        (_, true) => Finding::good(SERVICE_HEALTH, "Microsoft's service health names no incident."),
        _ => Finding::bad(
            SERVICE_HEALTH,
            format!(
                "Microsoft's service health names an incident: {}. Calls of these services may fail until Microsoft has \
                 resolved it; there is nothing to do here.",
                incidents.join(", ")
            ),
        ),
    })
}
