//! A stand-in for the Microsoft login service and Microsoft Graph: in this process, on loopback, with state and a
//! clock of the caller's choosing. The demonstration, the tests and the benchmarks run against it.
//!
//! It is the judge of the client, so it owes nothing to the client's catalogue: what exists, what a body may hold and
//! who may call what comes from Microsoft's own model and permission table (`facts.rs` names the sources). Where the real service's
//! mind is not known, it is the stricter of the two. What a well-behaved client never does, but the real service
//! would let pass, is collected in [`FakeTenant::violations`].

mod aadsts;
mod assertion;
mod batch;
mod exchange;
mod facts;
mod fault;
mod filter;
mod generic;
mod graph;
mod guard;
mod login;
mod mailboxes;
mod mishap;
mod pages;
mod path;
mod place;
mod query;
mod recorded;
mod schema;
mod seed;
mod server;
mod service;
mod services;
mod socket;
mod store;
mod tenant;
#[cfg(test)]
mod tests;
mod throttle;
mod token;
mod wire;
mod world;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

pub use fault::{Act, Fault, On, Stage, When};
pub use recorded::{Recorded, RecordedItem};
pub use tenant::{App, Federated, Registration, Secret, Tenant, User};

use crate::ports::Clock;
use server::Shared;
use socket::{Cut, Door};
use store::Store;
use world::{Held, World};

/// A handle; clones share one fake, which serves until the last of them is dropped.
#[derive(Clone)]
pub struct FakeTenant {
    shared: Arc<Shared>,
    server: Arc<Server>,
}

struct Server(AbortHandle);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Every application permission that a served path names.
pub fn application_permissions() -> BTreeSet<String> {
    facts::FACTS.all(false)
}

/// Every delegated permission that a served path names.
pub fn delegated_permissions() -> BTreeSet<String> {
    facts::FACTS.all(true)
}

impl FakeTenant {
    /// Listens on a free port of 127.0.0.1. The same seed gives the same ids, tokens, orders and strokes of bad luck.
    pub async fn start(clock: Arc<dyn Clock>, seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared { world: Mutex::new(World::new(endpoint, seed)), clock });
        let service = server::router(Arc::clone(&shared)).into_make_service_with_connect_info::<Cut>();
        let serving = tokio::spawn(async move { axum::serve(Door(listener), service).await });
        Ok(Self { shared, server: Arc::new(Server(serving.abort_handle())) })
    }

    /// `http://127.0.0.1:PORT`, for login and Graph alike.
    pub fn endpoint(&self) -> String {
        self.shared.world().endpoint.clone()
    }

    /// Stops accepting connections, for all handles.
    pub fn stop(&self) {
        self.server.0.abort();
    }

    /// Adds a tenant and fills it with what such a tenant holds.
    ///
    /// # Panics
    /// Where a tenant of that id or domain is there, or the id is no GUID.
    pub fn add_tenant(&self, tenant: Tenant) {
        let now = self.shared.clock.now();
        let world = &mut *self.shared.world();
        assert!(schema::is_guid(&tenant.id), "the tenant id {} is no GUID", tenant.id);
        let known = world.tenants.values().any(|held| held.is.named(&tenant.id) || held.is.named(&tenant.domain));
        assert!(!known, "there already is a tenant {} or {}", tenant.id, tenant.domain);
        let rng = ChaCha12Rng::from_rng(&mut world.rng);
        let mut held = Held { store: Store::default(), rng, post: Vec::new(), is: tenant };
        seed::tenant(&mut held, now);
        world.tenants.insert(held.is.id.clone(), held);
    }

    /// Misbehaves from now on as the fault says; faults added earlier come first.
    ///
    /// # Panics
    /// Where the fault cannot happen at its stage: inside a batch there is no connection to break.
    pub fn inject(&self, fault: Fault) {
        let whole =
            matches!(fault.act, Act::Reset { .. } | Act::Hang { .. } | Act::Truncated | Act::Html | Act::Slow(_));
        assert!(!(whole && fault.on.stage == Stage::Item), "{:?} cannot happen to one item of a batch", fault.act);
        let login = matches!(fault.act, Act::Aadsts(_));
        assert!(!login || fault.on.stage == Stage::Login, "{:?} is an error of the login service", fault.act);
        self.shared.world().faults.add(fault);
    }

    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// Every HTTP exchange so far, in the order in which they ended.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.world().recorded.clone()
    }

    pub fn clear_requests(&self) {
        self.shared.world().recorded.clear();
    }

    /// Turns recording off (or on again), for long benchmarks.
    pub fn set_recording(&self, on: bool) {
        self.shared.world().recording = on;
    }

    /// What a well-behaved client must never do, in plain words, as it happened.
    pub fn violations(&self) -> Vec<String> {
        self.shared.world().violations.clone()
    }

    pub fn clear_violations(&self) {
        self.shared.world().violations.clear();
    }

    /// All objects of a tenant, in canonical order.
    pub fn snapshot(&self, tenant: &str) -> Value {
        self.with(tenant, |held| held.snapshot())
    }

    /// Brings all mail that is under way.
    pub fn deliver_mail(&self) {
        let now = self.shared.clock.now();
        for held in self.shared.world().tenants.values_mut() {
            generic::deliver(held, now, true);
        }
    }

    /// All access tokens issued so far are refused as expired.
    pub fn expire_access_tokens(&self) {
        let now = self.shared.clock.now();
        for token in self.shared.world().tokens.values_mut() {
            token.expires = now;
        }
    }

    /// Replaces all secrets of the app by this one.
    pub fn set_secret(&self, tenant: &str, app: &str, secret: &str) {
        self.change_app(tenant, app, |a| a.secrets = vec![Secret { value: secret.into(), expires: None }]);
    }

    /// All secrets of the app expire now.
    pub fn expire_secret(&self, tenant: &str, app: &str) {
        let now = self.shared.clock.now();
        self.change_app(tenant, app, |a| a.secrets.iter_mut().for_each(|s| s.expires = Some(now)));
    }

    pub fn set_app_enabled(&self, tenant: &str, app: &str, enabled: bool) {
        self.change_app(tenant, app, |a| a.enabled = enabled);
    }

    /// Takes permissions away; tokens issued before keep them, as in Entra.
    pub fn revoke_consent(&self, tenant: &str, app: &str, permissions: &[&str]) {
        self.change_app(tenant, app, |a| {
            a.roles.retain(|p| !permissions.contains(&p.as_str()));
            a.scopes.retain(|p| !permissions.contains(&p.as_str()));
        });
    }

    /// Takes all permissions away.
    pub fn revoke_all_consent(&self, tenant: &str, app: &str) {
        self.change_app(tenant, app, |a| {
            a.roles.clear();
            a.scopes.clear();
        });
    }

    pub fn grant_consent(&self, tenant: &str, app: &str, permissions: &[&str]) {
        self.change_app(tenant, app, |a| {
            a.roles.extend(permissions.iter().map(|p| (*p).to_owned()));
            a.scopes.extend(permissions.iter().map(|p| (*p).to_owned()));
        });
    }

    /// Removes the app from the tenant.
    pub fn remove_app(&self, tenant: &str, app: &str) {
        self.with(tenant, |held| held.is.apps.retain(|a| a.client_id != app));
    }

    /// Any other change to an app.
    ///
    /// # Panics
    /// Where the tenant has no such app.
    pub fn change_app(&self, tenant: &str, app: &str, change: impl FnOnce(&mut App)) {
        self.with(tenant, |held| {
            let found = held.is.apps.iter_mut().find(|a| a.client_id == app);
            change(found.unwrap_or_else(|| panic!("the tenant {tenant} has no app {app}")));
        });
    }

    /// A new password also revokes the user's refresh tokens.
    pub fn set_password(&self, tenant: &str, user: &str, password: &str) {
        self.change_user(tenant, user, |u| {
            u.password = password.into();
            u.password_expired = false;
        });
        self.revoke_refresh_tokens(tenant, user);
    }

    pub fn disable_user(&self, tenant: &str, user: &str) {
        self.change_user(tenant, user, |u| u.enabled = false);
    }

    pub fn enable_user(&self, tenant: &str, user: &str) {
        self.change_user(tenant, user, |u| u.enabled = true);
    }

    /// `Some(50076)`, `Some(50079)`, `Some(53003)`, ...: what stands in the way of this user's sign-ins.
    pub fn set_mfa(&self, tenant: &str, user: &str, code: Option<u32>) {
        self.change_user(tenant, user, |u| u.blocked_by = code);
    }

    /// Any other change to a user (by id or UPN).
    ///
    /// # Panics
    /// Where the tenant has no such user.
    pub fn change_user(&self, tenant: &str, user: &str, change: impl FnOnce(&mut User)) {
        self.with(tenant, |held| {
            let found = held.is.users.iter_mut().find(|u| u.upn.eq_ignore_ascii_case(user) || u.id == user);
            change(found.unwrap_or_else(|| panic!("the tenant {tenant} has no user {user}")));
        });
    }

    /// The id of a user.
    pub fn user_id(&self, tenant: &str, user: &str) -> String {
        self.with(tenant, |held| held.user(user).map(|u| u.id.clone())).unwrap_or_else(|| panic!("no user {user}"))
    }

    /// A refresh token as an interactive sign-in would have given it.
    pub fn issue_refresh_token(&self, tenant: &str, app: &str, user: &str) -> String {
        let (tenant, user, app) = self.with(tenant, |held| {
            let user = held.user(user).unwrap_or_else(|| panic!("no user {user}")).id.clone();
            (held.is.id.clone(), user, held.app(app).unwrap_or_else(|| panic!("no app {app}")).clone())
        });
        let grant = token::Grant { tenant, app, user: Some(user), permissions: None };
        let now = self.shared.clock.now();
        token::refresh(
            &mut self.shared.world(),
            &grant,
            "https://graph.microsoft.com/.default offline_access",
            false,
            now,
        )
    }

    /// Revokes all refresh tokens of a user.
    pub fn revoke_refresh_tokens(&self, tenant: &str, user: &str) {
        let (tenant, user) = self.with(tenant, |held| (held.is.id.clone(), held.user(user).map(|u| u.id.clone())));
        for token in self.shared.world().refresh_tokens.values_mut() {
            token.revoked |= token.tenant == tenant && Some(&token.user) == user.as_ref();
        }
    }

    /// User codes of device sign-ins that nobody has answered.
    pub fn pending_device_codes(&self) -> Vec<String> {
        let world = self.shared.world();
        world.devices.values().filter(|d| d.answer.is_none()).map(|d| d.user_code.clone()).collect()
    }

    /// The user (id or UPN) types the code and agrees.
    pub fn approve_device(&self, user_code: &str, user: &str) {
        self.answer_device(user_code, Some(user));
    }

    pub fn decline_device(&self, user_code: &str) {
        self.answer_device(user_code, None);
    }

    /// Refuses batches whose dependencies are neither all serial nor all the same, as Graph once did.
    pub fn demand_one_dependency_pattern(&self, on: bool) {
        self.shared.world().depends_on_one_pattern = on;
    }

    fn answer_device(&self, user_code: &str, user: Option<&str>) {
        let world = &mut *self.shared.world();
        let found = world.devices.values_mut().find(|d| d.user_code == user_code);
        let device = found.unwrap_or_else(|| panic!("no device code {user_code} was given out"));
        let held = &world.tenants[&device.tenant];
        let id = user.map(|u| held.user(u).unwrap_or_else(|| panic!("no user {u}")).id.clone());
        device.answer = Some(id);
    }

    fn with<T>(&self, tenant: &str, act: impl FnOnce(&mut Held) -> T) -> T {
        let world = &mut *self.shared.world();
        let held: Option<&mut Held> = world.tenant_mut(tenant);
        act(held.unwrap_or_else(|| panic!("there is no tenant {tenant}")))
    }

    /// The fake's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }
}
