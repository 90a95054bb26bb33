//! Sign-ins outside the wire: refresh tokens issued and revoked, device codes answered.

use crate::handle::FakeTenant;
use crate::login::token;

impl FakeTenant {
    /// Issues a refresh token as an interactive sign-in does.
    pub fn issue_refresh_token(&self, tenant: &str, app: &str, user: &str) -> String {
        let (tenant, user, app) = self.with(tenant, |held| {
            let user = held.user(user).unwrap_or_else(|| panic!("no user {user}")).id.clone();
            (held.definition.id.clone(), user, held.app(app).unwrap_or_else(|| panic!("no app {app}")).clone())
        });
        let grant = token::Grant { tenant, app, user: Some(user), permissions: None };
        let now = self.shared.clock.now();
        token::refresh(
            &mut self.shared.state(),
            &grant,
            "https://graph.microsoft.com/.default offline_access",
            false,
            now,
        )
    }

    /// Revokes all refresh tokens of a user.
    pub fn revoke_refresh_tokens(&self, tenant: &str, user: &str) {
        let (tenant, user) =
            self.with(tenant, |held| (held.definition.id.clone(), held.user(user).map(|u| u.id.clone())));
        for token in self.shared.state().refresh_tokens.values_mut() {
            token.revoked |= token.tenant == tenant && Some(&token.user) == user.as_ref();
        }
    }

    /// Expires all access tokens issued so far.
    pub fn expire_access_tokens(&self) {
        let now = self.shared.clock.now();
        for token in self.shared.state().tokens.values_mut() {
            token.expires = now;
        }
    }

    /// User codes of device sign-ins without an answer yet.
    pub fn pending_device_codes(&self) -> Vec<String> {
        let state = self.shared.state();
        state.devices.values().filter(|d| d.answer.is_none()).map(|d| d.user_code.clone()).collect()
    }

    /// The user (id or UPN) enters the code and accepts.
    pub fn approve_device(&self, user_code: &str, user: &str) {
        self.answer_device(user_code, Some(user));
    }

    pub fn decline_device(&self, user_code: &str) {
        self.answer_device(user_code, None);
    }

    fn answer_device(&self, user_code: &str, user: Option<&str>) {
        let state = &mut *self.shared.state();
        let found = state.devices.values_mut().find(|d| d.user_code == user_code);
        let device = found.unwrap_or_else(|| panic!("no device code {user_code} was given out"));
        let held = &state.tenants[&device.tenant];
        let id = user.map(|u| held.user(u).unwrap_or_else(|| panic!("no user {u}")).id.clone());
        device.answer = Some(id);
    }
}
