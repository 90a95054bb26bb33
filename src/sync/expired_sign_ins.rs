//! Reserved secrets of sign-ins that no person ever finished: removed once their code has expired.

use tracing::warn;

use crate::app::App;
use crate::app::pending_sign_ins::PendingSignIn;
use crate::ports::{InfraError, SecretEntry};
use crate::sync::report::SyncReport;

/// How the name of such a secret begins, after the prefix.
const RESERVED: &str = "_sign_in_";

/// Secrets that one `BatchGetSecretValue` reads.
const SECRETS_PER_REQUEST: usize = 20;

/// Removes the expired ones of the listed secrets. One that cannot be removed is reported, and is tried again by the
/// next sync.
pub(crate) async fn remove_expired_sign_ins(
    app: &App,
    listed: &[SecretEntry],
    report: &mut SyncReport,
) -> Result<(), InfraError> {
    let prefix = format!("{}{RESERVED}", app.settings.secret_prefix);
    let reserved: Vec<&SecretEntry> = listed.iter().filter(|secret| secret.name.starts_with(&prefix)).collect();
    for secrets in reserved.chunks(SECRETS_PER_REQUEST) {
        let names: Vec<String> = secrets.iter().map(|secret| secret.name.clone()).collect();
        for (name, text) in app.secrets.fetch(&names).await? {
            let pending = text.ok().and_then(|text| PendingSignIn::read(&text.text));
            if pending.is_none_or(|pending| pending.expires_at > app.clock.now()) {
                continue;
            }
            let Err(error) = app.secrets.delete(&name).await else { continue };
            warn!(secret = name, %error, "the reserved secret of an expired sign-in could not be deleted");
            report.error(&name, None, "holds an expired sign-in and could not be deleted; delete it");
        }
    }
    Ok(())
}
