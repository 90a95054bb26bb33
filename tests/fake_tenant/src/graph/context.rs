//! The context of a request: what a service is given to answer it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::graph::ownership;
use crate::graph::query::Query;
use crate::graph::resource_path::{self, ResourcePath};
use crate::model::route::{Kind, Route};
use crate::model::service::Service;
use crate::state::issued::Token;
use crate::state::store::Object;
use crate::state::tenant_state::TenantState;
use crate::wire::call::Call;
use crate::wire::reply::Reply;

/// A permitted request, with the state that it may read and change.
pub(crate) struct Context<'a> {
    pub tenant: &'a mut TenantState,
    pub token: &'a Token,
    pub now: DateTime<Utc>,
    pub endpoint: &'a str,
    pub call: &'a Call,
    pub route: &'static Route,
    pub service: Service,
    pub query: Query,
    /// The path's segments, the user as an id.
    pub segments: Vec<String>,
    /// Arguments of a function in the path.
    pub arguments: BTreeMap<String, String>,
    /// The services' part in the handling that they share.
    pub hooks: &'static Hooks,
    pub violations: &'a mut Vec<String>,
}

/// The services' part in `crud`: they use it, so it reaches them by these functions only.
pub(crate) struct Hooks {
    /// Completes an object of this type before it is created, or refuses it.
    pub complete: fn(&mut Context<'_>, &ResourcePath, &str, &mut Object) -> Result<(), Reply>,
    /// Refuses a change that the object does not allow.
    pub check_change: fn(&mut Context<'_>, &ResourcePath, &Object) -> Result<(), Reply>,
    /// An object as it is answered, with its collection and its id.
    pub shown: fn(&Context<'_>, &str, &str, &Object) -> Object,
}

impl Context<'_> {
    pub(crate) fn template(&self) -> &'static str {
        &self.route.template
    }

    /// The id in the second segment, often a user's.
    pub(crate) fn user(&self) -> String {
        self.segments.get(1).cloned().unwrap_or_default()
    }

    /// The resource that the path addresses.
    pub(crate) fn resource(&self) -> ResourcePath {
        self.resource_at(self.segments.len())
    }

    /// The resource that the first `n` segments address.
    pub(crate) fn resource_at(&self, n: usize) -> ResourcePath {
        let shift = self.route.segments.len() - self.segments.len();
        debug_assert_eq!(shift, 0, "segments and template run in step");
        let segments = &self.segments[..n];
        let store = &self.tenant.store;
        match self.route.segments[n - 1].as_str() {
            "{}" => resource_path::keyed(store, segments),
            "calendar" | "drive" | "root" | "manager" | "photo" | "presence" | "primaryChannel" => {
                resource_path::single(store, segments)
            }
            _ if n == self.segments.len() && matches!(self.route.kind, Kind::Entity) => {
                resource_path::single(store, segments)
            }
            _ => resource_path::locate(store, segments),
        }
    }

    /// Refuses a path that leads through a missing object.
    pub(crate) fn check_parents(&self) -> Result<(), Reply> {
        for n in 2..self.segments.len() {
            let key = self.route.segments[n - 1] == "{}";
            let places = self.route.template.starts_with("/places/");
            if !key || places || (n == 2 && self.segments[0] == "users") {
                continue;
            }
            let resource = self.resource_at(n);
            if self.tenant.store.get(&resource.collection, resource.id.as_deref().unwrap_or_default()).is_none() {
                return Err(self.service.not_found(&self.segments[n - 1]));
            }
        }
        Ok(())
    }

    /// Completes an object that the request creates.
    pub(crate) fn complete(&mut self, resource: &ResourcePath, of: &str, object: &mut Object) -> Result<(), Reply> {
        (self.hooks.complete)(self, resource, of, object)
    }

    /// Refuses a change that the object does not allow.
    pub(crate) fn check_change(&mut self, resource: &ResourcePath, patch: &Object) -> Result<(), Reply> {
        (self.hooks.check_change)(self, resource, patch)
    }

    /// The object as it is answered.
    pub(crate) fn shown(&self, collection: &str, id: &str, object: &Object) -> Object {
        (self.hooks.shown)(self, collection, id, object)
    }

    pub(crate) fn report_offence(&mut self, what: &str) {
        let account = self.token.user.as_deref().unwrap_or(&self.token.app);
        self.violations.push(format!("{} {} by {account}: {what}", self.call.method, self.call.url()));
    }

    /// Records an offence unless a request created the object.
    pub(crate) fn must_be_own(&mut self, collection: &str, id: &str) {
        if !ownership::made(&self.tenant.store, collection, id) {
            self.report_offence("changes what no run has made");
        }
    }
}
