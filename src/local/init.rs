//! `init`: creates a data folder, with a commented example of a secret, and a first secret file.

use std::fs;
use std::io::{IsTerminal, Read, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use clap::builder::PossibleValuesParser;
use console::Term;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::domain::account::AccountId;
use crate::domain::secret::SecretDocument;
use crate::local::app::secrets_folder;
use crate::local::secret_files::write::write_private;

/// Its name begins with `_` and does not end in `.json`: it is never read as a secret.
const EXAMPLE: &str = "_example.jsonc";
/// The longest secret that is read from standard input.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

/// The first secret file. Without any of these, and without a terminal to ask on, only the folder is created.
#[derive(Clone, Debug, Default, Args)]
pub struct InitArgs {
    /// Name of the account and of its file
    #[arg(value_parser = crate::local::init::account)]
    account: Option<AccountId>,
    /// Directory (tenant) ID, or a domain of the tenant
    #[arg(long)]
    tenant_id: Option<String>,
    /// Application (client) ID of the app registration
    #[arg(long)]
    client_id: Option<String>,
    /// How the account gets a token
    #[arg(long, value_parser = PossibleValuesParser::new(["client_secret", "certificate", "refresh_token", "password"]))]
    auth: Option<String>,
    /// The user whose mailbox and drive an app calls
    #[arg(long)]
    user_id: Option<String>,
    /// The user who signs in, for --auth password
    #[arg(long)]
    username: Option<String>,
    /// The certificate, for --auth certificate
    #[arg(long, value_name = "PEM_FILE")]
    certificate: Option<PathBuf>,
    /// Its private key, for --auth certificate
    #[arg(long, value_name = "PEM_FILE")]
    private_key: Option<PathBuf>,
    /// global, us_gov, us_gov_dod or china
    #[arg(long, value_parser = PossibleValuesParser::new(["global", "us_gov", "us_gov_dod", "china"]))]
    cloud: Option<String>,
}

/// Reads an account's id.
fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|_| "use 1 to 128 letters, digits and . _ @ + - only".to_owned())
}

/// Creates what is missing and changes nothing that exists. Returns what to do next.
///
/// # Errors
/// If the folder or a file cannot be created, the secret would be faulty, or its file exists.
pub(super) fn init(data: &Path, args: InitArgs) -> anyhow::Result<String> {
    let secrets = create_folders(data)?;
    let wanted = args.account.is_some() || args.tenant_id.is_some() || args.client_id.is_some() || args.auth.is_some();
    let terminal = stdin().is_terminal().then(Term::stderr).filter(Term::is_term);
    let answers = match &terminal {
        Some(terminal) => ask(terminal, args)?,
        None if wanted => Some(args),
        None => None,
    };
    let Some(args) = answers else { return Ok(advice(data, &secrets)) };
    let account = args.account.clone().map_or_else(|| AccountId::parse("mine"), Ok)?;
    let file = secrets.join(format!("{account}.json"));
    ensure!(!file.exists(), "{} exists already and is left as it is", file.display());
    if args.auth.as_deref() == Some("refresh_token") {
        let (tenant, client) = (args.tenant_id.unwrap_or_default(), args.client_id.unwrap_or_default());
        return Ok(format!(
            "Now sign in; this writes {}:\n  evergreen sign-in {account} --tenant-id {tenant} --client-id {client}{}",
            file.display(),
            data_flag(data)
        ));
    }
    let text = secret(&account, args, terminal.as_ref())?;
    write_private(&file, text.expose_secret()).with_context(|| format!("writing {}", file.display()))?;
    let flag = data_flag(data);
    Ok(format!(
        "{} is written, readable only by you. Next:\n  evergreen check {account}{flag}\n  evergreen run {account}{flag}\n  \
         evergreen serve{flag}",
        file.display()
    ))
}

fn create_folders(data: &Path) -> anyhow::Result<PathBuf> {
    let secrets = secrets_folder(data);
    private_folder(data)?;
    private_folder(&secrets)?;
    let example = secrets.join(EXAMPLE);
    if !example.exists() {
        write_private(&example, include_str!("example.jsonc"))
            .with_context(|| format!("writing {}", example.display()))?;
    }
    Ok(secrets)
}

fn advice(data: &Path, secrets: &Path) -> String {
    let flag = data_flag(data);
    format!(
        "{example} explains every field. Write {secrets}/mine.json like it, readable only by you (chmod 600), or let\n\
         `evergreen init mine --tenant-id ID --client-id ID{flag}` write it. Then `evergreen check mine{flag}` tests it,\n\
         and `evergreen serve{flag}` runs it from then on.",
        example = secrets.join(EXAMPLE).display(),
        secrets = secrets.display(),
    )
}

/// The flag that later commands need.
fn data_flag(data: &Path) -> String {
    if data == Path::new("evergreen-data") { String::new() } else { format!(" --data {}", data.display()) }
}

/// Asks for what the flags leave out; `None` where no tenant is named.
fn ask(terminal: &Term, mut args: InitArgs) -> anyhow::Result<Option<InitArgs>> {
    if args.tenant_id.is_none() {
        let tenant = question(terminal, "Directory (tenant) ID, or empty to only create the folder: ")?;
        if tenant.is_empty() {
            return Ok(None);
        }
        args.tenant_id = Some(tenant);
    }
    if args.client_id.is_none() {
        args.client_id = Some(question(terminal, "Application (client) ID: ")?);
    }
    if args.auth.is_none() {
        let choice = question(terminal, "The app itself with a client secret [1], or a user who signs in [2]? ")?;
        args.auth = Some(if choice.trim() == "2" { "refresh_token" } else { "client_secret" }.to_owned());
    }
    if args.user_id.is_none() && args.auth.as_deref() == Some("client_secret") {
        let user = question(terminal, "User whose mailbox and drive are called, e.g. megan@contoso.onmicrosoft.com: ")?;
        args.user_id = (!user.is_empty()).then_some(user);
    }
    if args.account.is_none() {
        let name = question(terminal, "Name of the account [mine]: ")?;
        let name = if name.is_empty() { "mine".to_owned() } else { name };
        args.account = Some(account(&name).map_err(|error| anyhow::anyhow!(error))?);
    }
    Ok(Some(args))
}

fn question(terminal: &Term, question: &str) -> anyhow::Result<String> {
    terminal.write_str(question)?;
    Ok(terminal.read_line().context("reading the answer")?.trim().to_owned())
}

/// The secret's text, checked as the application reads it.
fn secret(account: &AccountId, args: InitArgs, terminal: Option<&Term>) -> anyhow::Result<SecretString> {
    let auth = args.auth.unwrap_or_else(|| "client_secret".to_owned());
    let mut fields = Map::new();
    let mut set = |field: &str, value: Option<String>| {
        fields.extend(value.map(|value| (field.to_owned(), json!(value))));
    };
    set("tenant_id", Some(args.tenant_id.context("--tenant-id is missing")?));
    set("client_id", Some(args.client_id.context("--client-id is missing")?));
    set("auth", Some(auth.clone()));
    match auth.as_str() {
        "certificate" => {
            set("certificate", Some(read_file(args.certificate.as_deref().context("--certificate is missing")?)?));
            set("private_key", Some(read_file(args.private_key.as_deref().context("--private-key is missing")?)?));
        }
        "password" => {
            set("username", Some(args.username.context("--username is missing")?));
            set("password", Some(read_secret(terminal, "Password")?));
        }
        _ => {
            let value = read_secret(terminal, "Client secret (the Value, not the Secret ID)")?;
            if is_guid(&value) {
                bail!(
                    "this is the Secret ID. Copy the column Value; it is shown only once, so create a new secret if it is hidden"
                );
            }
            set("client_secret", Some(value));
        }
    }
    set("user_id", args.user_id);
    set("cloud", args.cloud);
    let text: SecretString = format!("{:#}\n", Value::Object(fields)).into();
    let document = SecretDocument::parse(&text).map_err(|error| anyhow::anyhow!("nothing was written: {error}"))?;
    document.account(account).map_err(|error| anyhow::anyhow!("nothing was written: {error}"))?;
    Ok(text)
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// A secret from a hidden prompt, or from standard input.
fn read_secret(terminal: Option<&Term>, what: &str) -> anyhow::Result<String> {
    let value = match terminal {
        Some(terminal) => {
            terminal.write_str(&format!("{what}, hidden: "))?;
            terminal.read_secure_line().context("reading the secret")?
        }
        None => {
            let mut value = String::new();
            stdin().take(MAX_INPUT_BYTES).read_to_string(&mut value).context("reading standard input")?;
            value
        }
    };
    let value = value.trim().to_owned();
    ensure!(!value.is_empty(), "no secret was given: enter it at the prompt, or send it to standard input");
    Ok(value)
}

fn is_guid(value: &str) -> bool {
    let groups: Vec<usize> = value.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && value.chars().all(|character| character == '-' || character.is_ascii_hexdigit())
}

fn private_folder(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("creating {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lenient_json::lenient_json;
    use crate::domain::policy::Policy;

    #[test]
    fn the_example_is_a_good_secret_with_every_default_spelt_out() {
        let text = lenient_json(include_bytes!("example.jsonc")).unwrap();
        let document = SecretDocument::parse(&text.into()).unwrap();
        let secret = document.account(&AccountId::parse("a").unwrap()).unwrap();
        let Policy { timezone, working_hours, working_days, .. } = Policy::default();
        // Time zone, hours and days show a working week; everything else is the default.
        assert_eq!(serde_json::json!(secret.policy.timezone), "Europe/Berlin");
        assert_eq!(Policy { timezone, working_hours, working_days, ..secret.policy }, Policy::default());
    }

    #[test]
    fn second_init_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        create_folders(&data).unwrap();
        fs::write(data.join("secrets").join(EXAMPLE), "mine").unwrap();
        create_folders(&data).unwrap();
        assert_eq!(fs::read_to_string(data.join("secrets").join(EXAMPLE)).unwrap(), "mine");
    }

    #[test]
    fn secret_id_is_recognised() {
        assert!(is_guid("5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01"));
        assert!(!is_guid("abc8Q~5b1e7c52-7f0a-4d0c-8a86") && !is_guid("right-secret"));
    }
}
