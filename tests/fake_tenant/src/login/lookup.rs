//! Finds the tenant, the app and the resource that a request names.

use crate::login::aadsts::Refusal;
use crate::model::schema::is_guid;
use crate::state::service_state::ServiceState;
use crate::state::tenant::App;

pub(super) fn one_tenant(state: &ServiceState, name: &str) -> Result<String, Refusal> {
    if matches!(name, "common" | "organizations" | "consumers") {
        return Err(Refusal::usual(50059));
    }
    if !is_guid(name) && !name.contains('.') {
        return Err(Refusal::usual(900_023));
    }
    state.tenant(name).map(|held| held.definition.id.clone()).ok_or_else(|| Refusal::usual(90002))
}

pub(super) fn app(state: &ServiceState, tenant: &str, client: &str) -> Result<App, Refusal> {
    let app = state.tenants[tenant].app(client).cloned().ok_or_else(|| Refusal::usual(700_016))?;
    if app.enabled { Ok(app) } else { Err(Refusal::usual(7_000_112)) }
}

pub(super) fn graph(state: &ServiceState, resource: &str) -> Result<(), Refusal> {
    const HOSTS: [&str; 4] = [
        "https://graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
    ];
    let resource = resource.trim_end_matches('/');
    if HOSTS.contains(&resource) || resource == state.endpoint {
        return Ok(());
    }
    Err(Refusal::new(500_011, format!("The resource principal named {resource} was not found in the tenant.")))
}
