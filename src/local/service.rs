//! `service`: starts `evergreen serve` with the user's session, by systemd, launchd or the task scheduler of Windows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

/// The name of the unit, the agent and the task.
const NAME: &str = "evergreen";
const LAUNCHD_LABEL: &str = "e5-evergreen.serve";

/// What starts programs on this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manager {
    Systemd,
    Launchd,
    TaskScheduler,
}

impl Manager {
    /// Of the system that this program was built for.
    pub(super) const fn here() -> Self {
        if cfg!(windows) {
            Self::TaskScheduler
        } else if cfg!(target_os = "macos") {
            Self::Launchd
        } else {
            Self::Systemd
        }
    }

    /// Where the definition is written.
    pub(super) fn file(self, home: &Path, data: &Path) -> PathBuf {
        match self {
            Self::Systemd => home.join(".config/systemd/user").join(format!("{NAME}.service")),
            Self::Launchd => home.join("Library/LaunchAgents").join(format!("{LAUNCHD_LABEL}.plist")),
            Self::TaskScheduler => data.join("evergreen-task.xml"),
        }
    }

    /// The definition: it runs this program on this folder, restarts it after a fault, and gives it time to end its runs.
    pub(super) fn definition(self, program: &Path, data: &Path) -> String {
        let (program, data) = (program.display().to_string(), data.display().to_string());
        match self {
            Self::Systemd => systemd_unit(&program, &data),
            Self::Launchd => launchd_agent(&program, &data),
            Self::TaskScheduler => windows_task(&program, &data),
        }
    }

    /// The commands that start it now and with each session.
    fn install_commands(self, file: &Path) -> Vec<Vec<String>> {
        let file = file.display().to_string();
        match self {
            Self::Systemd => commands(&[
                &["systemctl", "--user", "daemon-reload"],
                &["systemctl", "--user", "enable", "--now", "evergreen.service"],
            ]),
            Self::Launchd => commands(&[&["launchctl", "load", "-w", &file]]),
            Self::TaskScheduler => commands(&[
                &["schtasks", "/Create", "/F", "/TN", NAME, "/XML", &file],
                &["schtasks", "/Run", "/TN", NAME],
            ]),
        }
    }

    fn remove_commands(self, file: &Path) -> Vec<Vec<String>> {
        let file = file.display().to_string();
        match self {
            Self::Systemd => commands(&[&["systemctl", "--user", "disable", "--now", "evergreen.service"]]),
            Self::Launchd => commands(&[&["launchctl", "unload", "-w", &file]]),
            Self::TaskScheduler => {
                commands(&[&["schtasks", "/End", "/TN", NAME], &["schtasks", "/Delete", "/F", "/TN", NAME]])
            }
        }
    }

    fn status_command(self) -> Vec<String> {
        let command: &[&str] = match self {
            Self::Systemd => &["systemctl", "--user", "--no-pager", "status", "evergreen.service"],
            Self::Launchd => &["launchctl", "list", LAUNCHD_LABEL],
            Self::TaskScheduler => &["schtasks", "/Query", "/TN", NAME, "/V", "/FO", "LIST"],
        };
        command.iter().map(|part| (*part).to_owned()).collect()
    }
}

fn commands(commands: &[&[&str]]) -> Vec<Vec<String>> {
    commands.iter().map(|command| command.iter().map(|part| (*part).to_owned()).collect()).collect()
}

/// Writes the definition and starts it. Returns what was done.
///
/// # Errors
/// If the file cannot be written, or the manager refuses; then the file stays, and the commands are named.
pub(super) fn install(manager: Manager, home: &Path, program: &Path, data: &Path) -> anyhow::Result<String> {
    let data = data.canonicalize().with_context(|| format!("finding {}", data.display()))?;
    ensure!(data.join("secrets").is_dir(), "{} is not a data folder: run `evergreen init` first", data.display());
    let file = manager.file(home, &data);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    let text = manager.definition(program, &data);
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    run_all(&manager.install_commands(&file))
        .with_context(|| format!("{} is written, but was not started", file.display()))?;
    let linger = match manager {
        Manager::Systemd => "\nTo keep it running while you are logged out: loginctl enable-linger",
        Manager::Launchd | Manager::TaskScheduler => "",
    };
    Ok(format!("{} is written and started.{linger}", file.display()))
}

/// Stops it and deletes the definition.
///
/// # Errors
/// If it is not installed, or the file cannot be deleted.
pub(super) fn remove(manager: Manager, home: &Path, data: &Path) -> anyhow::Result<String> {
    let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    let file = manager.file(home, &data);
    ensure!(file.exists(), "there is no service: {} does not exist", file.display());
    let stopped = run_all(&manager.remove_commands(&file));
    fs::remove_file(&file).with_context(|| format!("deleting {}", file.display()))?;
    Ok(match stopped {
        Ok(()) => format!("Stopped, and {} is deleted. Your data folder is unchanged.", file.display()),
        Err(error) => format!("{} is deleted. It may not have been running: {error:#}", file.display()),
    })
}

/// What the manager says of it.
///
/// # Errors
/// If the manager cannot be asked.
pub(super) fn status(manager: Manager, home: &Path, data: &Path) -> anyhow::Result<String> {
    let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    let file = manager.file(home, &data);
    if !file.exists() {
        return Ok("There is no service; `evergreen service install` makes one.".to_owned());
    }
    let command = manager.status_command();
    let output = Command::new(&command[0])
        .args(&command[1..])
        .output()
        .with_context(|| format!("{} exists, but {} cannot be asked", file.display(), command[0]))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(if said.trim().is_empty() {
        format!("{} exists, but is not running.", file.display())
    } else {
        said.trim_end().to_owned()
    })
}

fn run_all(commands: &[Vec<String>]) -> anyhow::Result<()> {
    for command in commands {
        let line = command.join(" ");
        let output = Command::new(&command[0]).args(&command[1..]).output();
        let output = output.with_context(|| format!("{} is not there; once it is, run: {line}", command[0]))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{line}` failed: {}", said.trim().lines().next().unwrap_or_default());
        }
    }
    Ok(())
}

fn systemd_unit(program: &str, data: &str) -> String {
    format!(
        "[Unit]
Description=E5 Evergreen: keeps Microsoft 365 developer tenants in regular use
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={} serve --data {}
Restart=on-failure
RestartSec=60
# Runs under way clean up and are recorded.
TimeoutStopSec=330
NoNewPrivileges=true

[Install]
WantedBy=default.target
",
        systemd_quoted(program),
        systemd_quoted(data)
    )
}

/// An argument of `ExecStart`: quoted, with `%` and `$` as themselves.
fn systemd_quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{escaped}\"")
}

fn launchd_agent(program: &str, data: &str) -> String {
    let (program, log) = (xml(program), xml(&format!("{data}/serve.log")));
    let data = xml(data);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
  <key>Label</key><string>{LAUNCHD_LABEL}</string>
  <key>ProgramArguments</key>
  <array>
    <string>{program}</string>
    <string>serve</string>
    <string>--data</string>
    <string>{data}</string>
  </array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>ThrottleInterval</key><integer>60</integer>
  <key>ExitTimeOut</key><integer>330</integer>
  <key>StandardOutPath</key><string>{log}</string>
  <key>StandardErrorPath</key><string>{log}</string>
</dict>
</plist>
"
    )
}

fn windows_task(program: &str, data: &str) -> String {
    let (program, data) = (xml(program), xml(data));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">
  <RegistrationInfo><Description>E5 Evergreen: keeps Microsoft 365 developer tenants in regular use</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions><Exec><Command>{program}</Command><Arguments>serve --data &quot;{data}&quot;</Arguments></Exec></Actions>
</Task>
"
    )
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "/opt/my tools/evergreen";
    const DATA: &str = "/home/megan/100% \"mine\" & <more>";

    fn definition(manager: Manager) -> String {
        manager.definition(Path::new(PROGRAM), Path::new(DATA))
    }

    #[test]
    fn systemd_unit_runs_serve_on_the_folder_and_escapes_its_name() {
        let unit = definition(Manager::Systemd);
        let start = r#"ExecStart="/opt/my tools/evergreen" serve --data "/home/megan/100%% \"mine\" & <more>""#;
        assert!(unit.lines().any(|line| line == start), "{unit}");
        for line in ["Restart=on-failure", "TimeoutStopSec=330", "WantedBy=default.target", "[Service]"] {
            assert!(unit.lines().any(|found| found == line), "{line}: {unit}");
        }
    }

    #[test]
    fn launchd_agent_and_windows_task_escape_xml() {
        let data = "/home/megan/100% &quot;mine&quot; &amp; &lt;more&gt;";
        let agent = definition(Manager::Launchd);
        assert!(agent.contains(&format!("<string>{data}</string>")) && agent.contains("<key>RunAtLoad</key><true/>"));
        let task = definition(Manager::TaskScheduler);
        assert!(task.contains(&format!("<Arguments>serve --data &quot;{data}&quot;</Arguments>")), "{task}");
        assert!(task.contains("<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>"));
        for text in [agent, task] {
            assert_eq!(text.matches('<').count(), text.matches('>').count(), "{text}");
        }
    }

    #[test]
    fn each_manager_reads_its_definition_where_it_is_written() {
        let file = |manager: Manager| manager.file(Path::new("/home/megan"), Path::new("/data"));
        assert_eq!(file(Manager::Systemd), Path::new("/home/megan/.config/systemd/user/evergreen.service"));
        assert_eq!(file(Manager::Launchd), Path::new("/home/megan/Library/LaunchAgents/e5-evergreen.serve.plist"));
        for manager in [Manager::Launchd, Manager::TaskScheduler] {
            let commands = manager.install_commands(&file(manager));
            assert!(commands.iter().flatten().any(|part| *part == file(manager).display().to_string()));
        }
    }
}
