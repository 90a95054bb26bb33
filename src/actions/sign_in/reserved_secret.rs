//! The reserved secret that keeps a pending sign-in for whichever process answers the next call.

use tracing::warn;

use crate::app::App;
use crate::app::pending_sign_ins::PendingSignIn;
use crate::domain::account::AccountId;
use crate::ports::InfraError;

pub(crate) fn name(app: &App, id: &AccountId) -> String {
    format!("{}_sign_in_{id}", app.settings.secret_prefix)
}

/// Keeps a pending sign-in in memory, and in its reserved secret over what an earlier one left there.
pub(crate) async fn keep(app: &App, id: &AccountId, pending: &PendingSignIn) {
    app.pending_sign_ins.insert(id, pending.clone());
    if let Err(error) = write(app, id, pending).await {
        warn!(account = %id, %error, "the pending sign-in is kept in memory only");
    }
}

async fn write(app: &App, id: &AccountId, pending: &PendingSignIn) -> Result<(), InfraError> {
    let (name, text) = (name(app, id), pending.text());
    if app.secrets.create(&name, &text).await?.is_some() {
        return Ok(());
    }
    let old = app.secrets.fetch(std::slice::from_ref(&name)).await?.pop();
    if let Some((name, Ok(old))) = old {
        app.secrets.replace(&name, &old.version, &text).await?;
    }
    Ok(())
}

/// Removes a sign-in that has ended. The secret may stay behind where that fails: its code expires within minutes.
pub(crate) async fn forget(app: &App, id: &AccountId) {
    app.pending_sign_ins.remove(id);
    if let Err(error) = app.secrets.delete(&name(app, id)).await {
        warn!(account = %id, %error, "the reserved secret of a sign-in could not be deleted; its code has expired");
    }
}
