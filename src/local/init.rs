//! Makes a data folder with a commented example of a secret.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::local::app::secrets_folder;
use crate::local::secret_files::write_private;

/// Its name begins with `_` and does not end in `.json`: it is never read as a secret.
const EXAMPLE: &str = "_example.jsonc";

/// Makes what is missing, changes nothing that is there. Says what to do next.
pub fn init(data: &Path) -> anyhow::Result<String> {
    let secrets = secrets_folder(data);
    private_folder(data)?;
    private_folder(&secrets)?;
    let example = secrets.join(EXAMPLE);
    if !example.exists() {
        write_private(&example, include_str!("example.jsonc"))
            .with_context(|| format!("writing {}", example.display()))?;
    }
    Ok(format!(
        "{example} explains every field. Write {folder}/<account>.json after it, `chmod 600` it, then\n\
         `evergreen once --data {data}` runs what is due, and `evergreen serve --data {data}` goes on with it.",
        example = example.display(),
        folder = secrets.display(),
        data = data.display()
    ))
}

fn private_folder(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("making {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountId;
    use crate::domain::policy::Policy;
    use crate::domain::secret::SecretDocument;

    /// The example without its comments.
    fn example() -> String {
        let code = |line: &str| line.find("//").map_or(line.to_owned(), |comment| line[..comment].to_owned());
        include_str!("example.jsonc").lines().map(code).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_is_a_good_secret_with_every_default_spelt_out() {
        let document = SecretDocument::parse(&example().into()).unwrap();
        let secret = document.account(&AccountId::parse("a").unwrap()).unwrap();
        let Policy { timezone, working_hours, working_days, .. } = Policy::default();
        // Time zone, hours and days show a working week; everything else is the default.
        assert_eq!(serde_json::json!(secret.policy.timezone), "Europe/Berlin");
        assert_eq!(Policy { timezone, working_hours, working_days, ..secret.policy }, Policy::default());
    }

    #[test]
    fn a_second_init_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        init(&data).unwrap();
        fs::write(data.join("secrets").join(EXAMPLE), "mine").unwrap();
        init(&data).unwrap();
        assert_eq!(fs::read_to_string(data.join("secrets").join(EXAMPLE)).unwrap(), "mine");
    }
}
