//! Services that an account cannot use at all: the tenant or the user does not have them.

use chrono::TimeDelta;

use crate::domain::catalogue::{self, Service};
use crate::domain::cause::{
    NO_DRIVE, NO_SHAREPOINT_LICENCE, NOT_APPLICABLE_TO_TENANT, ONENOTE_LIBRARY_TOO_LARGE, ONENOTE_WITHOUT_ONEDRIVE,
    TENANT_WITHOUT_EXCHANGE, WITHOUT_MAILBOX,
};

/// How long something that was refused for good is left out: it may have been granted by then.
pub(super) const REFUSED_FOR: TimeDelta = TimeDelta::days(7);

/// How long something that its owner may soon change is left out: a drive not yet made, a full mailbox.
pub(super) const UNAVAILABLE_FOR: TimeDelta = TimeDelta::days(1);

/// The services that a refusal of one of `service`'s operations says are missing, and for how long they are left out.
pub(super) fn missing_services(service: Service, status: u16, code: &str) -> Option<(Vec<Service>, TimeDelta)> {
    let these = |wanted: fn(Service) -> bool, time| {
        let mut services: Vec<Service> = catalogue::all().map(|operation| operation.service).collect();
        services.retain(|service| wanted(*service));
        services.sort_unstable();
        services.dedup();
        Some((services, time))
    };
    match (status, code) {
        (_, TENANT_WITHOUT_EXCHANGE) if service.outlook() => these(Service::outlook, REFUSED_FOR),
        (_, code) if service.outlook() && WITHOUT_MAILBOX.contains(&code) => these(Service::outlook, REFUSED_FOR),
        (_, NO_DRIVE) if in_sharepoint(service) => {
            these(|service| matches!(service, Service::Files | Service::Excel), UNAVAILABLE_FOR)
        }
        (_, NO_SHAREPOINT_LICENCE) if in_sharepoint(service) => these(in_sharepoint, REFUSED_FOR),
        (423, "notAllowed") if in_sharepoint(service) => these(in_sharepoint, REFUSED_FOR),
        (400, NOT_APPLICABLE_TO_TENANT) => Some((vec![service], REFUSED_FOR)),
        (_, ONENOTE_WITHOUT_ONEDRIVE) if service == Service::Onenote => Some((vec![service], REFUSED_FOR)),
        (_, code) if service == Service::Onenote && ONENOTE_LIBRARY_TOO_LARGE.contains(&code) => {
            Some((vec![service], REFUSED_FOR))
        }
        _ => None,
    }
}

/// Whether the service's objects lie in SharePoint: without it, all of these are missing.
fn in_sharepoint(service: Service) -> bool {
    matches!(service, Service::Sites | Service::Files | Service::Excel | Service::Onenote)
}
