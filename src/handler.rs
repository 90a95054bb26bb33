//! The handler: carries out an event, and makes JSON of its typed answer.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use thiserror::Error;

use crate::actions::check::check;
use crate::actions::consent_url::consent_url;
use crate::actions::error::ActionError;
use crate::actions::export::export;
use crate::actions::grant::grant;
use crate::actions::import::import;
use crate::actions::inspect::{history, list, show};
use crate::actions::lifecycle::{resume, stop};
use crate::actions::run_now;
use crate::actions::set_policy::set_policy;
use crate::actions::sign_in::sign_in;
use crate::app::App;
use crate::event::{self, Event, EventError};
use crate::ports::InfraError;
use crate::round::round;
use crate::round::worker::work;
use crate::sync::sync;

/// Why an event was not carried out.
#[derive(Debug, Error)]
pub enum HandlerError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Action(#[from] ActionError),
    #[error(transparent)]
    Infra(#[from] InfraError),
}

impl HandlerError {
    /// A name for the kind of error, as Lambda's `errorType`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "BadEvent",
            Self::Action(ActionError::Infra(error)) | Self::Infra(error) if error.is_misdeployed() => "Misdeployed",
            Self::Action(ActionError::Infra(_)) | Self::Infra(_) => "Infrastructure",
            Self::Action(_) => "BadAction",
        }
    }

    /// Whether every event fails until the deployment is fixed.
    pub const fn misdeployed(&self) -> bool {
        matches!(self, Self::Action(ActionError::Infra(error)) | Self::Infra(error) if error.is_misdeployed())
    }
}

/// Carries out an event and answers it by the deadline.
///
/// # Errors
/// An unknown event or account, or infrastructure that failed. An account's own failure is part of the answer.
pub async fn handle(app: &Arc<App>, event: &Value, deadline: DateTime<Utc>) -> Result<Value, HandlerError> {
    handle_event(app, event::parse(event)?, deadline).await
}

/// Carries out an event that is already read.
///
/// # Errors
/// As [`handle`].
pub async fn handle_event(app: &Arc<App>, event: Event, deadline: DateTime<Utc>) -> Result<Value, HandlerError> {
    // A tick checks the tables by the queries that it makes anyway.
    if event != Event::Tick {
        app.accounts.ready().await?;
    }
    Ok(match event {
        Event::Tick => json!(round(app, deadline).await?),
        Event::RunRequests(messages) => json!(work(app, messages, deadline).await?),
        Event::Sync => json!(sync(app).await?),
        Event::List { after } => json!(list(app, after.as_ref()).await?),
        Event::Show { account } => json!(show(app, &account).await?),
        Event::Run { account, dry_run: true, seed } => json!(run_now::plan(app, &account, seed).await?),
        Event::Run { account, dry_run: false, seed } => run_now::run(app, &account, seed, deadline).await?.value(),
        Event::Stop { account } => json!(stop(app, &account).await?),
        Event::Resume { account } => json!(resume(app, &account).await?),
        Event::History { account, limit } => json!(history(app, &account, limit).await?),
        Event::SetPolicy { account, policy } => json!(set_policy(app, &account, &policy).await?),
        Event::SignIn { account, asked } => json!(sign_in(app, &account, &asked, deadline).await?),
        Event::ConsentUrl { account } => json!(consent_url(app, &account).await?),
        Event::Grant { account, apply } => json!(grant(app, &account, apply, deadline).await?),
        Event::Check { account } => json!(check(app, &account).await?),
        Event::Import { format, text, replace } => json!(import(app, format, &text.0, replace, deadline).await?),
        Event::Export { after } => json!(export(app, after.as_ref()).await?),
    })
}
