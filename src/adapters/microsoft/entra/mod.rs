//! The login service (Entra ID): one token request is one form POST.
//!
//! Source: learn.microsoft.com/entra/identity-platform, "OAuth 2.0 and OpenID Connect in the Microsoft identity platform".

mod client_assertion;
mod device_code;
mod refusal;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::adapters::http::{join, read_bounded};
use crate::adapters::microsoft::retry_after::retry_after;
use crate::adapters::transport::host_and_cause;
use crate::domain::catalogue::Access;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::cause::LoginError;
use crate::domain::cloud::Cloud;
use crate::domain::secret::{AccountSecret, Credential};
use crate::ports::{self, Clock, DeviceCode, Login, Poll, Token, WebIdentity};

/// An answer is a few KiB; a token with very many groups somewhat more.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// The audience that a federated credential in Entra expects.
const TOKEN_EXCHANGE: &str = "api://AzureADTokenExchange";

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) struct Entra {
    client: Client,
    /// Used instead of the clouds' own hosts.
    endpoint: Option<Url>,
    clock: Arc<dyn Clock>,
    identity: Arc<dyn WebIdentity>,
}

impl Entra {
    pub(crate) fn new(
        client: Client,
        endpoint: Option<Url>,
        clock: Arc<dyn Clock>,
        identity: Arc<dyn WebIdentity>,
    ) -> Self {
        Self { client, endpoint, clock, identity }
    }

    fn url(&self, cloud: Cloud, tenant_id: &str, what: &str) -> Result<Url, LoginError> {
        let base = self.endpoint.as_ref().map_or(cloud.login(), Url::as_str);
        join(base, &path(tenant_id, what))
            .map_err(|_| LoginError::Transient("the login service's address is malformed".to_owned()))
    }

    /// The app's client assertion, for credentials that have one.
    async fn assertion(&self, secret: &AccountSecret) -> Result<Option<SecretString>, LoginError> {
        match &secret.credential {
            Credential::Certificate { certificate, private_key } => {
                let audience = audience(secret.cloud, &secret.tenant_id);
                let signed =
                    client_assertion::signed(certificate, private_key, &secret.client_id, &audience, self.clock.now());
                signed.map(Some).map_err(LoginError::Misconfigured)
            }
            Credential::Federated => self.identity.token(TOKEN_EXCHANGE).await.map(Some),
            Credential::ClientSecret { .. } | Credential::RefreshToken { .. } | Credential::Password { .. } => Ok(None),
        }
    }

    /// The body of a good answer; of any other also the word that the service refuses with.
    async fn post(&self, url: Url, form: &[(&'static str, String)]) -> Result<Vec<u8>, (String, LoginError)> {
        let unreachable = |error: reqwest::Error| (String::new(), LoginError::Transient(unreachable(&error)));
        let response = self.client.post(url).form(form).send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let wait = retry_after(response.headers());
        let transient = |what: String| (String::new(), LoginError::Transient(what));
        let body = read_bounded(response, MAX_RESPONSE_BYTES)
            .await
            .map_err(|_| transient("the login service's answer broke off or is too large".to_owned()))?;
        if status == 200 {
            return Ok(body);
        }
        if status == 429 {
            return Err((String::new(), LoginError::Throttled { retry_after: wait }));
        }
        Err(refusal::read(status, &body))
    }
}

fn path(tenant_id: &str, what: &str) -> String {
    format!("/{tenant_id}/oauth2/v2.0/{what}")
}

/// The service expects the cloud's own host as the audience, even where an endpoint replaces it.
fn audience(cloud: Cloud, tenant_id: &str) -> String {
    format!("{}{}", cloud.login(), path(tenant_id, "token"))
}

#[async_trait]
impl Login for Entra {
    async fn request_token(
        &self,
        secret: &AccountSecret,
        refresh_token: Option<&SecretString>,
        timeout: Duration,
    ) -> Result<Token, LoginError> {
        let request = async {
            let url = self.url(secret.cloud, &secret.tenant_id, "token")?;
            let assertion = self.assertion(secret).await?;
            let form = form(secret, refresh_token, assertion.as_ref());
            self.post(url, &form).await.map_err(|(_, error)| error)
        };
        let late = |_| LoginError::Transient("the login service gave no answer in time".to_owned());
        let body = tokio::time::timeout(timeout, request).await.map_err(late)??;
        token(&body, secret.credential.access())
    }

    async fn device_code(&self, client: &ports::Client) -> Result<DeviceCode, LoginError> {
        let url = self.url(client.cloud, &client.tenant_id, "devicecode")?;
        let scope = format!("{}/.default openid profile offline_access", client.cloud.graph());
        let form = [("client_id", client.client_id.clone()), ("scope", scope)];
        device_code::code(&self.post(url, &form).await.map_err(|(_, error)| error)?)
    }

    async fn poll(&self, client: &ports::Client, device_code: &SecretString) -> Result<Poll, LoginError> {
        let url = self.url(client.cloud, &client.tenant_id, "token")?;
        let form = [
            ("grant_type", device_code::GRANT.to_owned()),
            ("client_id", client.client_id.clone()),
            ("device_code", device_code.expose_secret().to_owned()),
        ];
        match self.post(url, &form).await {
            Ok(body) => {
                let username = device_code::username(&body);
                token(&body, Access::Delegated).map(|token| Poll::SignedIn { token: Box::new(token), username })
            }
            Err((word, error)) => device_code::poll(&word).ok_or(error),
        }
    }
}

fn unreachable(error: &reqwest::Error) -> String {
    let why = if error.is_timeout() {
        "did not answer in time"
    } else if error.is_connect() {
        "could not be reached"
    } else {
        "closed the connection"
    };
    format!("the login service {why} ({})", host_and_cause(error))
}

fn form(
    secret: &AccountSecret,
    newer: Option<&SecretString>,
    assertion: Option<&SecretString>,
) -> Vec<(&'static str, String)> {
    let scope = format!("{}/.default", secret.cloud.graph());
    let mut form = vec![("client_id", secret.client_id.clone())];
    let mut add = |name, value: &str| form.push((name, value.to_owned()));
    let app_secret = match &secret.credential {
        Credential::ClientSecret { client_secret } => {
            add("grant_type", "client_credentials");
            add("scope", &scope);
            Some(client_secret)
        }
        Credential::Certificate { .. } | Credential::Federated => {
            add("grant_type", "client_credentials");
            add("scope", &scope);
            None
        }
        Credential::RefreshToken { refresh_token, client_secret } => {
            add("grant_type", "refresh_token");
            add("refresh_token", newer.unwrap_or(refresh_token).expose_secret());
            add("scope", &format!("{scope} offline_access"));
            client_secret.as_ref()
        }
        Credential::Password { username, password, client_secret } => {
            add("grant_type", "password");
            add("username", username);
            add("password", password.expose_secret());
            add("scope", &scope);
            client_secret.as_ref()
        }
    };
    if let Some(app_secret) = app_secret {
        add("client_secret", app_secret.expose_secret());
    }
    if let Some(assertion) = assertion {
        add("client_assertion_type", JWT_BEARER);
        add("client_assertion", assertion.expose_secret());
    }
    form
}

#[derive(Deserialize)]
struct Answer {
    access_token: SecretString,
    /// Seconds; some services write the number as a string.
    #[serde(default)]
    expires_in: Value,
    scope: Option<String>,
    refresh_token: Option<SecretString>,
}

fn token(body: &[u8], subject: Access) -> Result<Token, LoginError> {
    let unreadable = || LoginError::Transient("the login service's answer is not a token".to_owned());
    let answer: Answer = serde_json::from_slice(body).map_err(|_| unreadable())?;
    if !is_header_value(&answer.access_token) {
        return Err(unreadable());
    }
    let seconds = answer.expires_in.as_u64().or_else(|| answer.expires_in.as_str()?.parse().ok());
    let claims = claims(&answer.access_token);
    let granted = match (subject, &answer.scope) {
        (Access::Delegated, Some(scope)) => GrantedPermissions::from_scope(scope),
        (Access::Delegated, None) => GrantedPermissions::Unknown,
        (Access::AppOnly, _) => claims
            .as_ref()
            .map_or(GrantedPermissions::Unknown, |claims| GrantedPermissions::Known(claims.roles.clone())),
    };
    let tenant = claims.as_ref().and_then(|claims| claims.tid.clone());
    let user = match (subject, claims) {
        (Access::Delegated, Some(Claims { oid, upn, .. })) => oid.into_iter().chain(upn).collect(),
        _ => Vec::new(),
    };
    Ok(Token {
        access_token: answer.access_token,
        lifetime: seconds.map(|seconds| Duration::from_secs(seconds.min(86_400))),
        granted,
        user,
        tenant,
        // An empty one would replace the only token that works.
        refresh_token: answer.refresh_token.filter(|token| !token.expose_secret().is_empty()),
    })
}

/// Whether the token can be sent: visible ASCII, since it follows `Bearer ` in a header.
fn is_header_value(token: &SecretString) -> bool {
    let token = token.expose_secret();
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The claims of an access token that are used.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: BTreeSet<String>,
    oid: Option<String>,
    upn: Option<String>,
    tid: Option<String>,
}

/// The claims of a token that is a JWT. Graph checks its signature: what is read here only decides which calls are worth
/// making, and which accounts take turns.
fn claims(token: &SecretString) -> Option<Claims> {
    let payload = token.expose_secret().split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: Value, subject: Access) -> Token {
        token(answer.to_string().as_bytes(), subject).unwrap()
    }

    fn jwt(claims: Value) -> String {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    struct NoIdentity;

    #[async_trait]
    impl WebIdentity for NoIdentity {
        async fn token(&self, _audience: &str) -> Result<SecretString, LoginError> {
            Err(LoginError::Transient("no identity".to_owned()))
        }
    }

    fn entra(endpoint: Option<&str>) -> Entra {
        let client = crate::adapters::http::client(crate::adapters::http::Timeouts::default()).unwrap();
        let endpoint = endpoint.map(|url| url.parse().unwrap());
        Entra::new(client, endpoint, Arc::new(crate::adapters::system::clock::SystemClock), Arc::new(NoIdentity))
    }

    #[test]
    fn each_cloud_has_its_login_host_and_assertions_name_it_whatever_the_endpoint() {
        let path = "/contoso.onmicrosoft.com/oauth2/v2.0/token";
        for (cloud, host) in [
            (Cloud::Global, "https://login.microsoftonline.com"),
            (Cloud::UsGov, "https://login.microsoftonline.us"),
            (Cloud::UsGovDod, "https://login.microsoftonline.us"),
            (Cloud::China, "https://login.partner.microsoftonline.cn"),
        ] {
            let url = |endpoint| entra(endpoint).url(cloud, "contoso.onmicrosoft.com", "token").unwrap().to_string();
            assert_eq!(url(None), format!("{host}{path}"));
            assert_eq!(url(Some("http://127.0.0.1:9/")), format!("http://127.0.0.1:9{path}"));
            assert_eq!(audience(cloud, "contoso.onmicrosoft.com"), url(None));
        }
    }

    #[test]
    fn each_cloud_has_its_graph_in_the_scope() {
        for (cloud, scope) in [
            ("global", "https://graph.microsoft.com/.default"),
            ("us_gov", "https://graph.microsoft.us/.default"),
            ("us_gov_dod", "https://dod-graph.microsoft.us/.default"),
            ("china", "https://microsoftgraph.chinacloudapi.cn/.default"),
        ] {
            let text = json!({"tenant_id": "t", "client_id": "c", "auth": "federated", "cloud": cloud}).to_string();
            let document = crate::domain::secret::SecretDocument::parse(&text.into()).unwrap();
            let secret = document.account(&crate::domain::account::AccountId::parse("a").unwrap()).unwrap();
            let jwt = SecretString::from("j.w.t");
            let expected = [
                ("client_id", "c"),
                ("grant_type", "client_credentials"),
                ("scope", scope),
                ("client_assertion_type", JWT_BEARER),
                ("client_assertion", "j.w.t"),
            ];
            assert_eq!(form(&secret, None, Some(&jwt)), expected.map(|(name, value)| (name, value.to_owned())));
        }
    }

    #[test]
    fn token_without_expires_in_has_no_lifetime() {
        assert_eq!(read(json!({"access_token": "t", "scope": ""}), Access::Delegated).lifetime, None);
        let lifetime = |value| read(json!({"access_token": "t", "expires_in": value}), Access::Delegated).lifetime;
        assert_eq!(lifetime(json!(3599)), Some(Duration::from_secs(3599)));
        assert_eq!(lifetime(json!("3599")), Some(Duration::from_secs(3599)));
        assert_eq!(lifetime(json!(u64::MAX)), Some(Duration::from_secs(86_400)));
    }

    #[test]
    fn an_empty_refresh_token_is_not_a_rotated_one() {
        let rotated = |token: &str| read(json!({"access_token": "t", "refresh_token": token}), Access::Delegated);
        assert!(rotated("").refresh_token.is_none());
        assert_eq!(rotated("r").refresh_token.unwrap().expose_secret(), "r");
    }

    #[test]
    fn app_only_permissions_are_the_roles_of_a_readable_token() {
        let granted = |token: String| read(json!({"access_token": token}), Access::AppOnly).granted;
        assert_eq!(granted("opaque".to_owned()), GrantedPermissions::Unknown);
        assert_eq!(granted(jwt(json!({"roles": ["Mail.Read"]}))), GrantedPermissions::from_scope("Mail.Read"));
        assert_eq!(granted(jwt(json!({}))), GrantedPermissions::from_scope(""));
    }

    #[test]
    fn readable_delegated_token_names_its_user() {
        let user = |token: String, subject| read(json!({"access_token": token, "scope": ""}), subject).user;
        let token = || jwt(json!({"oid": "o", "upn": "u@contoso.com", "roles": []}));
        assert_eq!(user(token(), Access::Delegated), ["o", "u@contoso.com"]);
        assert!(user(token(), Access::AppOnly).is_empty(), "an app's own object has no mailbox");
        assert!(user("opaque".to_owned(), Access::Delegated).is_empty());
    }

    #[test]
    fn a_token_that_can_be_read_names_its_tenant() {
        let tenant = |token: String, subject| read(json!({"access_token": token, "scope": ""}), subject).tenant;
        for subject in [Access::Delegated, Access::AppOnly] {
            assert_eq!(tenant(jwt(json!({"tid": "t"})), subject).as_deref(), Some("t"));
            assert_eq!(tenant(jwt(json!({})), subject), None);
            assert_eq!(tenant("opaque".to_owned(), subject), None);
        }
    }

    #[test]
    fn answer_that_is_not_a_token_is_transient() {
        for body in ["", "{}", "<html>", "{\"access_token\":"] {
            assert!(matches!(token(body.as_bytes(), Access::Delegated), Err(LoginError::Transient(_))), "{body}");
        }
        for access_token in ["", " ", "a b", "a\r\nb", "a\0", "\u{7f}", "töken", "a\u{feff}"] {
            let body = json!({"access_token": access_token}).to_string();
            let error = token(body.as_bytes(), Access::AppOnly).unwrap_err();
            assert_eq!(error, LoginError::Transient("the login service's answer is not a token".to_owned()), "{body}");
        }
    }
}
