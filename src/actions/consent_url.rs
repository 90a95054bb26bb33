//! `consent_url`: links by which the owner consents to exactly the permissions that the policy needs.
//!
//! Source: learn.microsoft.com/entra/identity-platform/v2-admin-consent, and "Grant tenant-wide admin consent".

use serde::Serialize;
use url::Url;

use crate::actions::authenticated::load_secret;
use crate::actions::error::ActionError;
use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::catalogue::Access;
use crate::domain::permissions::required;
use crate::domain::secret::AccountSecret;

/// Microsoft's own redirect page for public clients without an address of their own.
const REDIRECT_PATH: &str = "/common/oauth2/nativeclient";

/// The answer to `consent_url`.
#[derive(Debug, Serialize)]
pub(crate) struct ConsentUrl {
    account: AccountId,
    #[serde(rename = "for")]
    permission_kind: &'static str,
    permissions: Vec<&'static str>,
    /// How many operations of the policy need them.
    operations: usize,
    #[serde(flatten)]
    links: Links,
    message: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Links {
    /// Consents to what is in the registration.
    AppOnly { admin_consent_url: String },
    /// For the whole tenant, or for the user who opens it.
    Delegated { admin_consent_url: String, user_consent_url: String, redirect_uri: String },
}

/// The name of the kind of permissions that an account uses, in answers.
pub(crate) const fn permission_kind(subject: Access) -> &'static str {
    match subject {
        Access::AppOnly => "application permissions",
        Access::Delegated => "delegated permissions",
    }
}

/// Gives the links, and the permissions that they are for.
pub(crate) async fn consent_url(app: &App, id: &AccountId) -> Result<ConsentUrl, ActionError> {
    let unusable = |why| ActionError::Unusable { account: id.clone(), why };
    let secret = load_secret(app, id).await.map_err(|error| error.into_action_error(unusable))?.secret;
    let subject = secret.credential.access();
    let operations = required::wanted(&secret.policy, subject, secret.user_id.as_deref());
    let permissions: Vec<&str> = required::permissions(&operations, subject).into_iter().collect();
    let links = links(&secret, &permissions);
    let message = match links {
        Links::AppOnly { .. } => {
            "First add these application permissions of Microsoft Graph to the app registration (API permissions), \
             then open the link as an administrator: it consents to all that the registration lists."
        }
        Links::Delegated { .. } => {
            "Open the first link as an administrator to consent for all users, or the second as the account's user \
             (permissions for the whole organization need an administrator). Add the address in `redirect_uri` to \
             the registration under Mobile and desktop applications. An empty page at the end is expected."
        }
    };
    Ok(ConsentUrl {
        account: id.clone(),
        permission_kind: permission_kind(subject),
        permissions,
        operations: operations.len(),
        links,
        message,
    })
}

fn links(secret: &AccountSecret, permissions: &[&str]) -> Links {
    let (login, tenant) = (secret.cloud.login(), &secret.tenant_id);
    let client = ("client_id", secret.client_id.as_str());
    if secret.credential.access() == Access::AppOnly {
        return Links::AppOnly { admin_consent_url: link(&format!("{login}/{tenant}/adminconsent"), &[client]) };
    }
    let graph = secret.cloud.graph();
    let scope: Vec<String> = permissions.iter().map(|name| format!("{graph}/{name}")).collect();
    let scope = scope.join(" ");
    let redirect_uri = format!("{login}{REDIRECT_PATH}");
    let redirect = ("redirect_uri", redirect_uri.as_str());
    let admin = link(&format!("{login}/{tenant}/v2.0/adminconsent"), &[client, ("scope", &scope), redirect]);
    let user_scope = format!("openid profile offline_access {scope}");
    let user = link(
        &format!("{login}/{tenant}/oauth2/v2.0/authorize"),
        &[client, ("response_type", "code"), redirect, ("scope", &user_scope), ("prompt", "consent")],
    );
    Links::Delegated { admin_consent_url: admin, user_consent_url: user, redirect_uri }
}

/// The base, and the parts of a secret in it, fit into a path as they are.
fn link(base: &str, query: &[(&str, &str)]) -> String {
    match Url::parse_with_params(base, query) {
        // Some readers of a scope take `+` literally; all of them take `%20` for a space.
        Ok(url) => url.as_str().replace('+', "%20"),
        Err(_) => base.to_owned(),
    }
}
