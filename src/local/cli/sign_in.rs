//! `sign-in`: shows the address and the code, then waits until the person has signed in.

use crate::actions::sign_in::request::SignIn;
use crate::domain::account::AccountId;
use crate::event::Event;
use crate::local::cli::args::Data;
use crate::local::cli::session::Session;
use crate::local::output::answer::{self, Consent};
use crate::local::output::links;
use crate::local::print;

/// Asks again until the sign-in has ended, or a signal stops it.
pub(super) async fn sign_in(at: &Data, account: AccountId, asked: SignIn) -> anyhow::Result<()> {
    let session = Session::open(at).await?;
    let mut shown = None;
    loop {
        let answer = session.ask(Event::SignIn { account: account.clone(), asked: asked.clone() }).await?;
        let consent: Consent = answer::read(answer.clone())?;
        let waiting = consent.state.as_deref() == Some("waiting");
        if waiting && shown != consent.user_code {
            let text =
                if session.json() { format!("{answer:#}") } else { links::sign_in(&print::output_style(), &consent) };
            print::answer(&text)?;
            shown.clone_from(&consent.user_code);
        }
        if !waiting || session.stopping() {
            let signed_in = consent.state.as_deref() == Some("signed_in");
            return match (waiting, session.json()) {
                (true, _) => anyhow::bail!("the sign-in is not finished; repeat the command to continue"),
                (false, true) => print::json(&answer),
                (false, false) if signed_in => print::answer(&links::sign_in(&print::output_style(), &consent)),
                (false, false) => Err(anyhow::anyhow!(consent.message)),
            };
        }
    }
}
