//! `consent_url`: links by which the owner agrees to just the permissions that the policy needs.
//!
//! Source: learn.microsoft.com/entra/identity-platform/v2-admin-consent, and "Grant tenant-wide admin consent".

use serde_json::{Value, json};
use url::Url;

use crate::actions::{ActionError, secret};
use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::catalogue::Access;
use crate::domain::permissions::required;
use crate::domain::secret::AccountSecret;

/// Microsoft's own page for public clients that have no address to come back to.
const COME_BACK: &str = "/common/oauth2/nativeclient";

/// The links, and the permissions that they are for.
pub async fn consent_url(app: &App, id: &AccountId) -> Result<Value, ActionError> {
    let (secret, _) = secret(app, id).await?;
    let subject = secret.credential.access();
    let operations = required::wanted(&secret.policy, subject, secret.user_id.as_deref());
    let permissions: Vec<&str> = required::permissions(&operations, subject).into_iter().collect();
    let mut answer = json!({
        "account": id,
        "for": match subject { Access::AppOnly => "application permissions", Access::Delegated => "delegated permissions" },
        "permissions": permissions,
        "operations": operations.len(),
    });
    match links(&secret, &permissions) {
        Links::App { admin } => {
            answer["admin_consent_url"] = json!(admin);
            answer["message"] = json!(
                "First add these application permissions of Microsoft Graph to the app registration (API permissions), \
                 then open the link as an administrator: it consents to all that stands in the registration."
            );
        }
        Links::User { admin, own } => {
            answer["admin_consent_url"] = json!(admin);
            answer["user_consent_url"] = json!(own);
            answer["message"] = json!(
                "Open the first link as an administrator to consent for everybody, or the second as the account's user \
                 (permissions for the whole organization need an administrator). Add the address in `redirect_uri` to \
                 the registration under Mobile and desktop applications; an empty page at the end is right."
            );
            answer["redirect_uri"] = json!(format!("{}{COME_BACK}", secret.cloud.login()));
        }
    }
    Ok(answer)
}

enum Links {
    /// Consents to what is in the registration.
    App { admin: String },
    /// For the whole tenant, or for the user who opens it.
    User { admin: String, own: String },
}

fn links(secret: &AccountSecret, permissions: &[&str]) -> Links {
    let (login, tenant) = (secret.cloud.login(), &secret.tenant_id);
    let client = ("client_id", secret.client_id.as_str());
    if secret.credential.access() == Access::AppOnly {
        return Links::App { admin: link(&format!("{login}/{tenant}/adminconsent"), &[client]) };
    }
    let graph = secret.cloud.graph();
    let wanted: Vec<String> = permissions.iter().map(|name| format!("{graph}/{name}")).collect();
    let wanted = wanted.join(" ");
    let come_back = format!("{login}{COME_BACK}");
    let come_back = ("redirect_uri", come_back.as_str());
    let admin = link(&format!("{login}/{tenant}/v2.0/adminconsent"), &[client, ("scope", &wanted), come_back]);
    let own = format!("openid profile offline_access {wanted}");
    let own = link(
        &format!("{login}/{tenant}/oauth2/v2.0/authorize"),
        &[client, ("response_type", "code"), come_back, ("scope", &own), ("prompt", "consent")],
    );
    Links::User { admin, own }
}

/// The base and what of a secret stands in it fit into a path as they are.
fn link(base: &str, query: &[(&str, &str)]) -> String {
    match Url::parse_with_params(base, query) {
        // In a scope, what is not a plus sign to everybody is a space to everybody.
        Ok(url) => url.as_str().replace('+', "%20"),
        Err(_) => base.to_owned(),
    }
}
