//! Operation: one row of the catalogue, a Graph request with its permissions, its needs and its effect.

use serde_json::Value;

use crate::domain::catalogue::contents::Contents;
use crate::domain::catalogue::service::Service;

/// A Graph request that a plan may draw.
///
/// Rows are `const`: `Operation { id: "...", ..Operation::get(Service::Users, "/me/manager") }`.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// `service.verb`, unique, stable: policies, tables and logs name it.
    pub id: &'static str,
    pub service: Service,
    pub method: Method,
    /// Path below the version, delegated form. A leading `/me` becomes `/users/{user-id}` app-only.
    /// Braces hold placeholders: those of `needs`, or those that [`Contents::fill`] knows. All else is sent
    /// as it is; the value of a placeholder is percent-encoded.
    pub path: &'static str,
    /// Query without the `?`, percent-encoded as it is sent; may hold placeholders as the path does.
    pub query: &'static str,
    /// Request headers beside `Content-Type`.
    pub headers: &'static [(&'static str, &'static str)],
    /// Delegated permissions of which one is enough, the least first; empty: not for delegated accounts.
    pub delegated: &'static [&'static str],
    /// Application permissions of which one is enough, the least first; empty: not for app-only accounts.
    pub application: &'static [&'static str],
    /// Values from earlier answers of the same run, also of objects that only have to exist and fill no placeholder.
    pub needs: &'static [Need],
    pub body: Body,
    pub effect: Effect,
    /// Statuses beside 2xx that count as success: a missing photo is not a failure.
    pub expected: &'static [u16],
    /// Relative chance of being drawn; 100 is ordinary.
    pub weight: u16,
    /// Microsoft's page on this request.
    pub doc: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One placeholder, filled from the answer to an earlier operation of the same run.
///
/// Where that answer is a list, one element is chosen at random; an empty list skips the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Name between the braces, e.g. `message-id`. It may occur in the path, the query and the strings of the body.
    pub placeholder: &'static str,
    /// Id of the operation whose answer holds it.
    pub from: &'static str,
    /// Property of that answer (or of one element of its `value`) to take.
    pub take: &'static str,
    /// Only elements whose property (first) is, or as a list contains, the value (second).
    pub only: Option<(&'static str, &'static str)>,
}

impl Need {
    /// The `id` of what `from` answered.
    pub const fn id(placeholder: &'static str, from: &'static str) -> Self {
        Self { placeholder, from, take: "id", only: None }
    }
}

/// The body of a request. It is made when the plan is drawn, so that a plan can be printed in full.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    None,
    /// `application/json`; strings may hold placeholders of `needs`.
    Json(fn(&mut Contents) -> Value),
    /// Any other content type; sent base64url-encoded inside a batch.
    Bytes {
        content_type: &'static str,
        make: fn(&mut Contents) -> Vec<u8>,
    },
}

/// The effect of a request on the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Creates an independent object: `undo` removes it and everything inside it in the same run; `orphans` is how a later
    /// run finds one that a crash left behind.
    Create { undo: &'static str, orphans: OrphanQuery },
    /// Creates or changes something inside an object of this run; it is removed with that object.
    Inside,
    /// Removes the object that the operation `made_by` created, after all other operations that use it.
    Remove { made_by: &'static str },
}

/// How a later run finds orphans, objects that an earlier one left behind: it lists them, then matches the names that
/// Evergreen gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrphanQuery {
    /// Id of the operation that lists such things (its own query is replaced by `query`).
    pub list: &'static str,
    /// Query for the list: the name and what `take` needs, newest first where Graph can sort.
    pub query: &'static str,
    /// Property that holds the name given by [`Contents::name`].
    pub name: &'static str,
    /// Property that fills the clean-up's placeholder.
    pub take: &'static str,
}

/// Whose token calls: a signed-in user (delegated) or the app itself (app-only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    Delegated,
    AppOnly,
}

impl Operation {
    /// A row with defaults: a read of `path`.
    pub const fn get(service: Service, path: &'static str) -> Self {
        Self {
            id: "",
            service,
            method: Method::Get,
            path,
            query: "",
            headers: &[],
            delegated: &[],
            application: &[],
            needs: &[],
            body: Body::None,
            effect: Effect::Read,
            expected: &[],
            weight: 100,
            doc: "",
        }
    }

    /// As [`Operation::get`], with the method given.
    pub const fn request(method: Method, service: Service, path: &'static str) -> Self {
        Self { method, ..Self::get(service, path) }
    }

    /// The least permission for this kind of token, or `None` where the operation is not for it.
    pub const fn permission(&self, access: Access) -> Option<&'static str> {
        match self.accepted(access) {
            [least, ..] => Some(least),
            [] => None,
        }
    }

    /// Every permission that Microsoft accepts for this request, the least first.
    pub const fn accepted(&self, access: Access) -> &'static [&'static str] {
        match access {
            Access::Delegated => self.delegated,
            Access::AppOnly => self.application,
        }
    }

    /// The path for this kind of token: app-only, a leading `/me` is `/users/<user>`.
    pub fn path_for(&self, access: Access, user: &str) -> String {
        match (access, self.path.strip_prefix("/me")) {
            (Access::AppOnly, Some(rest)) if rest.is_empty() || rest.starts_with('/') => format!("/users/{user}{rest}"),
            _ => self.path.to_owned(),
        }
    }

    /// Whether the path is rooted at the account's own user, so that an app-only account must name one.
    pub fn is_user_scoped(&self) -> bool {
        self.path == "/me" || self.path.starts_with("/me/")
    }

    /// Whether the request changes the tenant.
    pub const fn writes(&self) -> bool {
        !matches!(self.effect, Effect::Read)
    }
}
