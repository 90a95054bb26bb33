//! `sign-in`, `consent-url`, `grant` and `import` for people: links on lines of their own, permissions one per line.

use crate::local::output::answer::{Consent, Import, ImportedLine};
use crate::local::output::style::{Paint, Style};
use crate::local::output::text::{count, hanging, printable};

/// The links and the permissions that they are for.
pub(crate) fn consent_url(style: &Style, answer: &Consent) -> String {
    let mut lines = list(&format!("{}:", answer.permission_kind), &answer.permissions);
    lines.push(hanging("", &printable(&answer.message), style.width));
    let links = [
        ("as an administrator", &answer.admin_consent_url),
        ("as the account's user", &answer.user_consent_url),
        ("redirect_uri", &answer.redirect_uri),
    ];
    for (title, link) in links {
        lines.extend(link.iter().map(|link| format!("{title}:\n{}", printable(link))));
    }
    lines.join("\n")
}

/// What would be granted, or what was.
pub(crate) fn grant(style: &Style, answer: &Consent) -> String {
    let lists = [
        ("to add to the registration:", &answer.add_to_registration),
        ("to consent to:", &answer.consent_to),
        ("not offered by this cloud:", &answer.not_offered),
        ("the token lacks:", &answer.lacking),
        ("done:", &answer.done),
        ("not done:", &answer.not_done),
    ];
    let mut lines: Vec<String> =
        lists.iter().filter(|(_, names)| !names.is_empty()).flat_map(|(title, names)| list(title, names)).collect();
    let message = answer.message.replace("Send it again with \"apply\": true", "Repeat the command with --apply");
    lines.push(hanging("", &printable(&message), style.width));
    lines.extend(answer.never.as_deref().map(|never| hanging("", &printable(never), style.width)));
    lines.join("\n")
}

fn list(title: &str, names: &[String]) -> Vec<String> {
    let names = names.iter().map(|name| format!("  {}", printable(name)));
    std::iter::once(title.to_owned()).chain(names).collect()
}

/// The address and the code that a person enters, or how the sign-in ended.
pub(crate) fn sign_in(style: &Style, answer: &Consent) -> String {
    match (&answer.verification_uri, &answer.user_code) {
        (Some(uri), Some(code)) => {
            let code = style.paint(&printable(code), Paint::Heading);
            format!(
                "Open {} in a browser and enter {code}\nWaiting until you have signed in; Ctrl-C leaves it.",
                printable(uri)
            )
        }
        _ => hanging("", &printable(&answer.message), style.width),
    }
}

/// What an import did, line by line where something was left out.
pub(crate) fn import(style: &Style, answer: &Import) -> String {
    let mut lines = vec![format!(
        "{} created, {} replaced, {} left as they are, {} refused",
        count(answer.created.len(), "account"),
        answer.replaced.len(),
        answer.existing.len(),
        answer.failed.len()
    )];
    let line = |entry: &ImportedLine, what: &str| {
        let account = entry.account.as_deref().map(|account| format!(" ({account})")).unwrap_or_default();
        hanging(&format!("  line {}: ", entry.line), &printable(&format!("{what}{account}")), style.width)
    };
    lines.extend(answer.understood.iter().map(|entry| line(entry, entry.kind.as_deref().unwrap_or("account"))));
    let existing = "has a secret, which is left as it is; --replace replaces it";
    lines.extend(answer.existing.iter().map(|entry| line(entry, existing)));
    lines.extend(answer.failed.iter().map(|entry| line(entry, entry.reason.as_deref().unwrap_or("refused"))));
    if answer.not_reached > 0 {
        lines.push(format!(
            "{} left out for lack of time: import the same text again",
            count(answer.not_reached, "line")
        ));
    }
    lines.join("\n")
}
