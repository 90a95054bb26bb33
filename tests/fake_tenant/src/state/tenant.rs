//! The definition of a tenant: its users, its apps, and their consents.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::model::facts::FACTS;

#[derive(Clone, Debug)]
pub struct Tenant {
    /// A GUID.
    pub id: String,
    /// A verified domain, by which the tenant may be addressed too.
    pub domain: String,
    pub users: Vec<User>,
    pub apps: Vec<App>,
    /// Whether a refresh token is valid once only. Entra itself leaves it valid.
    pub single_use_refresh_tokens: bool,
}

#[derive(Clone, Debug)]
pub struct User {
    /// A GUID; if empty, generated from the seed.
    pub id: String,
    pub upn: String,
    pub name: String,
    pub password: String,
    pub password_expired: bool,
    pub enabled: bool,
    /// An AADSTS code (50076, 50079, 53003, ...) that answers every sign-in of this user.
    pub blocked_by: Option<u32>,
    pub mailbox: bool,
    /// OneDrive: where `false`, "User's mysite not found" until a delegated `GET /me/drive` creates it.
    pub drive: bool,
    /// Whether the user has a OneNote notebook; without one the first page creates it.
    pub notebook: bool,
    pub photo: bool,
    /// UPN of the manager.
    pub manager: Option<String>,
    /// Directory roles, e.g. `Reports Reader`, `Global Administrator`. Some calls need one.
    pub roles: BTreeSet<String>,
}

#[derive(Clone, Debug)]
pub struct App {
    pub client_id: String,
    /// A mobile or desktop app, without a credential. Other apps must present one in each token request.
    pub public: bool,
    pub secrets: Vec<Secret>,
    /// base64url SHA-256 thumbprints (`x5t#S256`) of registered certificates.
    pub thumbprints: Vec<String>,
    pub federated: Vec<Federated>,
    /// Application permissions with admin consent.
    pub roles: BTreeSet<String>,
    /// Delegated permissions consented to for all users.
    pub scopes: BTreeSet<String>,
    /// Delegated permissions that a user (by id) has consented to alone.
    pub own_scopes: BTreeMap<String, BTreeSet<String>>,
    pub registration: Registration,
    pub enabled: bool,
    /// Whether access tokens are opaque instead of a JWT.
    pub opaque_tokens: bool,
    /// `scope` lists full URIs instead of plain names.
    pub full_uri_scopes: bool,
    pub omit_expires_in: bool,
    /// Seconds that an access token lives.
    pub token_seconds: i64,
}

/// An app's registration: what it may request, whether consented to or not.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// Application permissions.
    pub roles: BTreeSet<String>,
    /// Delegated permissions.
    pub scopes: BTreeSet<String>,
    /// Addresses that a browser may be sent back to.
    pub redirect_uris: BTreeSet<String>,
}

#[derive(Clone, Debug)]
pub struct Secret {
    pub value: String,
    pub expires: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
pub struct Federated {
    pub issuer: String,
    pub subject: String,
    pub audience: String,
}

impl Tenant {
    pub fn new(id: &str, domain: &str) -> Self {
        Self {
            id: id.into(),
            domain: domain.into(),
            users: Vec::new(),
            apps: Vec::new(),
            single_use_refresh_tokens: false,
        }
    }

    /// Whether the tenant has this id or domain.
    pub fn named(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name) || self.domain.eq_ignore_ascii_case(name)
    }

    pub fn with_user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    pub fn with_app(mut self, app: App) -> Self {
        self.apps.push(app);
        self
    }
}

impl User {
    pub fn new(upn: &str, password: &str) -> Self {
        let name = upn.split('@').next().unwrap_or(upn);
        Self {
            id: String::new(),
            upn: upn.into(),
            name: name[..1].to_uppercase() + &name[1..],
            password: password.into(),
            password_expired: false,
            enabled: true,
            blocked_by: None,
            mailbox: true,
            drive: true,
            notebook: true,
            photo: true,
            manager: None,
            roles: BTreeSet::new(),
        }
    }
}

impl App {
    /// With a secret, and with consent to every permission of Graph.
    pub fn confidential(client_id: &str, secret: &str) -> Self {
        let secrets = vec![Secret { value: secret.into(), expires: None }];
        Self { public: false, secrets, ..Self::public(client_id) }
    }

    /// As the portal creates it: no credential, no consent, and the one default permission.
    pub fn registered(client_id: &str) -> Self {
        let registration = Registration { scopes: ["User.Read".to_owned()].into(), ..Registration::default() };
        let (roles, scopes) = (BTreeSet::new(), BTreeSet::new());
        Self { public: false, roles, scopes, registration, ..Self::public(client_id) }
    }

    /// Without credentials, and with consent to every permission of Graph.
    pub fn public(client_id: &str) -> Self {
        Self {
            client_id: client_id.into(),
            public: true,
            secrets: Vec::new(),
            thumbprints: Vec::new(),
            federated: Vec::new(),
            roles: FACTS.all(false),
            scopes: FACTS.all(true),
            own_scopes: BTreeMap::new(),
            registration: Registration {
                roles: FACTS.all(false),
                scopes: FACTS.all(true),
                redirect_uris: BTreeSet::new(),
            },
            enabled: true,
            opaque_tokens: false,
            full_uri_scopes: false,
            omit_expires_in: false,
            token_seconds: 3599,
        }
    }
}
