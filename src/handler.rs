//! The handler: picks the story for an event.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use thiserror::Error;

use crate::actions::{self, ActionError};
use crate::check::check;
use crate::consent::consent_url;
use crate::event::{self, Event, EventError};
use crate::grant::grant;
use crate::house::House;
use crate::import::{export, import};
use crate::ports::Broken;
use crate::round::round;
use crate::set_policy::set_policy;
use crate::sign_in::sign_in;
use crate::sync::sync;
use crate::worker::work;

/// Why an event was not carried out.
#[derive(Debug, Error)]
pub enum HandlerError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Action(#[from] ActionError),
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl HandlerError {
    /// A name for the kind of error, as Lambda's `errorType`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "BadEvent",
            Self::Action(ActionError::Broken(broken)) | Self::Broken(broken) if broken.unfit => "Misdeployed",
            Self::Action(ActionError::Broken(_)) | Self::Broken(_) => "Infrastructure",
            Self::Action(_) => "BadAction",
        }
    }

    /// Whether no event can go well until somebody mends the deployment.
    pub const fn unfit(&self) -> bool {
        matches!(self, Self::Action(ActionError::Broken(broken)) | Self::Broken(broken) if broken.unfit)
    }
}

/// Carries out an event, until the deadline at the latest, and answers it.
///
/// # Errors
/// An event that is not known, an account that is not, or infrastructure that failed. An account's own
/// failure is part of the answer.
pub async fn handle(house: &Arc<House>, event: &Value, deadline: DateTime<Utc>) -> Result<Value, HandlerError> {
    let event = event::parse(event)?;
    // A tick finds out by itself, by the queries that it makes anyway.
    if event != Event::Tick {
        house.accounts.ready().await?;
    }
    Ok(match event {
        Event::Tick => json!(round(house, deadline).await?),
        Event::Orders(messages) => work(house, messages, deadline).await?,
        Event::Sync => json!(sync(house).await?),
        Event::List { after } => actions::list(house, after.as_ref()).await?,
        Event::Show { account } => actions::show(house, &account).await?,
        Event::Run { account, dry_run: true, seed } => actions::plan(house, &account, seed).await?,
        Event::Run { account, dry_run: false, seed } => actions::run(house, &account, seed, deadline).await?,
        Event::Stop { account } => actions::stop(house, &account).await?,
        Event::Resume { account } => actions::resume(house, &account).await?,
        Event::History { account, limit } => actions::history(house, &account, limit).await?,
        Event::SetPolicy { account, policy } => set_policy(house, &account, &policy).await?,
        Event::SignIn { account, asked } => sign_in(house, &account, &asked, deadline).await?,
        Event::ConsentUrl { account } => consent_url(house, &account).await?,
        Event::Grant { account, apply } => grant(house, &account, apply, deadline).await?,
        Event::Check { account } => check(house, &account).await?,
        Event::Import { format, text, replace } => import(house, format, &text.0, replace, deadline).await?,
        Event::Export { after } => export(house, after.as_ref()).await?,
    })
}
