//! The service plans of the developer subscription, as far as their services are modelled.
//!
//! Source: learn.microsoft.com/entra/identity/users/licensing-service-plan-reference.

use serde_json::{Value, json};

/// Name and id of each plan.
const SERVICE_PLANS: [(&str, &str); 7] = [
    ("EXCHANGE_S_ENTERPRISE", "efb87545-963c-4e0d-99df-69c6916d9eb0"),
    ("SHAREPOINTENTERPRISE", "5dbe027f-2339-4123-9542-606e4d348a72"),
    ("TEAMS1", "57ff2da0-773e-42df-b2af-ffb7a2317929"),
    ("INTUNE_A", "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"),
    ("PROJECTWORKMANAGEMENT", "b737dad2-2f6c-4c65-90e3-ca563267e8b9"),
    ("AAD_PREMIUM", "41781fb2-bc02-4b7c-bd55-b576c07bb09d"),
    ("AAD_PREMIUM_P2", "eec0eb4f-6444-4f95-aba0-50c24d67f998"),
];

/// The plans as Graph lists them; those that `is_on` refuses are switched off.
pub(crate) fn service_plans(is_on: impl Fn(&str) -> bool) -> Value {
    let plan = |(name, id): &(&str, &str)| {
        let status = if is_on(name) { "Success" } else { "Disabled" };
        json!({"servicePlanName": name, "servicePlanId": id, "provisioningStatus": status, "appliesTo": "User"})
    };
    SERVICE_PLANS.iter().map(plan).collect()
}
