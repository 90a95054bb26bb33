//! The handle of a running fake: start, tenants, faults, recorded requests and violations.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::graph::{crud, initial_data};
use crate::model::schema::is_guid;
use crate::server;
use crate::state::fault::{Fault, FaultAction, Stage};
use crate::state::recorded::Recorded;
use crate::state::service_state::ServiceState;
use crate::state::shared::Shared;
use crate::state::store::Store;
use crate::state::tenant::Tenant;
use crate::state::tenant_state::TenantState;
use crate::wire::socket::{BreakableListener, ResetSwitch};

/// A handle; clones share one fake, which serves until the last of them is dropped.
#[derive(Clone)]
pub struct FakeTenant {
    pub(crate) shared: Arc<Shared>,
    server: Arc<Server>,
}

struct Server(AbortHandle);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl FakeTenant {
    /// Listens on a free port of 127.0.0.1. The same seed gives the same ids, tokens, orders and random faults.
    pub async fn start(clock: Arc<dyn Clock>, seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared { state: Mutex::new(ServiceState::new(endpoint, seed)), clock });
        let service = server::router(Arc::clone(&shared)).into_make_service_with_connect_info::<ResetSwitch>();
        let serving = tokio::spawn(async move { axum::serve(BreakableListener(listener), service).await });
        Ok(Self { shared, server: Arc::new(Server(serving.abort_handle())) })
    }

    /// `http://127.0.0.1:PORT`, for login and Graph alike.
    pub fn endpoint(&self) -> String {
        self.shared.state().endpoint.clone()
    }

    /// Stops accepting connections, for all handles.
    pub fn stop(&self) {
        self.server.0.abort();
    }

    /// Adds a tenant with its initial data.
    ///
    /// # Panics
    /// If a tenant has that id or domain already, or the id is not a GUID.
    pub fn add_tenant(&self, tenant: Tenant) {
        let now = self.shared.clock.now();
        let state = &mut *self.shared.state();
        assert!(is_guid(&tenant.id), "the tenant id {} is no GUID", tenant.id);
        let known = state
            .tenants
            .values()
            .any(|held| held.definition.named(&tenant.id) || held.definition.named(&tenant.domain));
        assert!(!known, "there already is a tenant {} or {}", tenant.id, tenant.domain);
        let rng = ChaCha12Rng::from_rng(&mut state.rng);
        let mut held = TenantState { store: Store::default(), rng, post: Vec::new(), definition: tenant };
        initial_data::fill(&mut held, now);
        state.tenants.insert(held.definition.id.clone(), held);
    }

    /// Adds a fault; those added earlier come first.
    ///
    /// # Panics
    /// If the fault cannot happen at its stage: a request inside a batch has no connection to reset.
    pub fn inject(&self, fault: Fault) {
        let whole = matches!(
            fault.action,
            FaultAction::Reset { .. }
                | FaultAction::Hang { .. }
                | FaultAction::Truncated
                | FaultAction::Html
                | FaultAction::Slow(_)
        );
        assert!(
            !(whole && fault.requests.stage == Stage::Item),
            "{:?} cannot happen to one item of a batch",
            fault.action
        );
        let login = matches!(fault.action, FaultAction::Aadsts(_));
        assert!(!login || fault.requests.stage == Stage::Login, "{:?} is an error of the login service", fault.action);
        self.shared.state().faults.add(fault);
    }

    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// Every HTTP exchange so far, in the order in which they ended.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.state().recorded.clone()
    }

    pub fn clear_requests(&self) {
        self.shared.state().recorded.clear();
    }

    /// Turns the record of requests off or on; long benchmarks do without.
    pub fn set_recording(&self, on: bool) {
        self.shared.state().recording = on;
    }

    /// Everything done so far that a well-behaved client never does, in plain words.
    pub fn violations(&self) -> Vec<String> {
        self.shared.state().violations.clone()
    }

    pub fn clear_violations(&self) {
        self.shared.state().violations.clear();
    }

    /// All objects of a tenant, in canonical order.
    pub fn snapshot(&self, tenant: &str) -> Value {
        self.with(tenant, |held| held.snapshot())
    }

    /// Delivers all mail that is on its way.
    pub fn deliver_mail(&self) {
        let now = self.shared.clock.now();
        for held in self.shared.state().tenants.values_mut() {
            crud::deliver(held, now, true);
        }
    }

    /// Whether to refuse batches whose dependencies are neither all serial nor all the same, as Graph once did.
    pub fn demand_one_dependency_pattern(&self, on: bool) {
        self.shared.state().depends_on_one_pattern = on;
    }

    pub(crate) fn with<T>(&self, tenant: &str, act: impl FnOnce(&mut TenantState) -> T) -> T {
        let state = &mut *self.shared.state();
        let held: Option<&mut TenantState> = state.tenant_mut(tenant);
        act(held.unwrap_or_else(|| panic!("there is no tenant {tenant}")))
    }

    /// The time of the fake's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }
}
