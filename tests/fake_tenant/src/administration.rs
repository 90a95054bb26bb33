//! Changes that an administrator or a user makes to a tenant while the fake runs.

use crate::graph::initial_data::licences::service_plans;
use crate::handle::FakeTenant;
use crate::state::tenant::{App, Secret, User};

impl FakeTenant {
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
        self.with(tenant, |held| held.definition.apps.retain(|a| a.client_id != app));
    }

    /// Any other change to an app.
    ///
    /// # Panics
    /// If the tenant has no such app.
    pub fn change_app(&self, tenant: &str, app: &str, change: impl FnOnce(&mut App)) {
        self.with(tenant, |held| {
            let found = held.definition.apps.iter_mut().find(|a| a.client_id == app);
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

    /// Blocks the user's sign-ins with this code: `Some(50076)`, `Some(50079)`, `Some(53003)`, ...
    pub fn set_mfa(&self, tenant: &str, user: &str, code: Option<u32>) {
        self.change_user(tenant, user, |u| u.blocked_by = code);
    }

    /// Any other change to a user (by id or UPN).
    ///
    /// # Panics
    /// If the tenant has no such user.
    pub fn change_user(&self, tenant: &str, user: &str, change: impl FnOnce(&mut User)) {
        self.with(tenant, |held| {
            let found = held.definition.users.iter_mut().find(|u| u.upn.eq_ignore_ascii_case(user) || u.id == user);
            change(found.unwrap_or_else(|| panic!("the tenant {tenant} has no user {user}")));
        });
    }

    /// Takes all licences from the user (by id or UPN), or switches these service plans of them off.
    ///
    /// # Panics
    /// If the tenant has no such user.
    pub fn restrict_licences(&self, tenant: &str, user: &str, plans_off: Option<&[&str]>) {
        let id = self.user_id(tenant, user);
        let (licences, licence) = (format!("users/{id}/licenseDetails"), format!("{}license", &id[..8]));
        self.with(tenant, |held| match plans_off {
            None => drop(held.store.remove(&licences, &licence)),
            Some(off) => {
                let found = held.store.get_mut(&licences, &licence);
                let found = found.unwrap_or_else(|| panic!("the user {user} has no licence"));
                found.insert("servicePlans".to_owned(), service_plans(|plan| !off.contains(&plan)));
            }
        });
    }

    /// What Microsoft's service health says of Exchange Online, e.g. `serviceDegradation`.
    ///
    /// # Panics
    /// If the tenant's service health has no such service.
    pub fn set_exchange_health(&self, tenant: &str, status: &str) {
        self.with(tenant, |held| {
            let found = held.store.get_mut("admin/serviceAnnouncement/healthOverviews", "Exchange");
            found.expect("Exchange Online has a state").insert("status".to_owned(), status.into());
        });
    }

    /// The id of a user.
    pub fn user_id(&self, tenant: &str, user: &str) -> String {
        self.with(tenant, |held| held.user(user).map(|u| u.id.clone())).unwrap_or_else(|| panic!("no user {user}"))
    }
}
