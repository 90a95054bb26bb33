//! The local program on its machine: network, proxy, damaged state, and the service that starts it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::local_program::{App, Finished, SECRET};

/// An address of loopback on which nothing listens.
async fn closed_endpoint() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap())
}

#[tokio::test]
async fn doctor_has_a_line_for_each_part_and_account_and_names_no_secret() {
    let app = App::new().await;
    let healthy = app.run(&["doctor"]).await;
    assert_eq!(healthy.status, Some(0), "{}{}", healthy.out, healthy.err);
    for about in ["✓ folder", "✓ login", "✓ graph", "clock", "✓ mine"] {
        assert!(healthy.out.lines().any(|line| line.contains(about)), "{about}: {}", healthy.out);
    }
    app.write("wrong", "mistyped", 0o600);
    fs::set_permissions(app.folder.path().join("evergreen-data"), fs::Permissions::from_mode(0o755)).unwrap();
    let faulty = app.run(&["doctor"]).await;
    assert_eq!(faulty.status, Some(1));
    for said in ["✗ modes", "chmod 700", "✗ wrong", "AADSTS7000215"] {
        assert!(faulty.out.contains(said), "{said}: {}", faulty.out);
    }
    let nowhere = app.run(&["doctor", "--data", "nowhere"]).await;
    assert!(nowhere.status == Some(1) && nowhere.out.contains("✗ folder"), "{}", nowhere.out);
}

#[tokio::test]
async fn without_network_nothing_is_run_and_the_host_and_the_cause_are_named() {
    let app = App::new().await;
    app.run(&["sync"]).await;
    app.run(&["resume", "mine"]).await;
    let closed = closed_endpoint().await;
    for command in [vec!["run", "mine"], vec!["once"]] {
        let output = Finished::from(app.command(&command).env("LOGIN_ENDPOINT", &closed).output().await.unwrap());
        assert_eq!(output.status, Some(1), "{command:?}: {}", output.out);
        assert!(output.err.contains(&format!("{closed}: connection refused")), "{}", output.err);
    }
    let runs = app.event(json!({"action": "history", "account": "mine"})).await;
    assert_eq!(runs["runs"], json!([]));
    let account = app.event(json!({"action": "show", "account": "mine"})).await;
    assert_eq!(account["consecutive_failures"], 0, "the next run is not put off");
}

#[tokio::test]
async fn serve_waits_for_the_network_and_says_so_once() {
    let app = App::new().await;
    app.run(&["sync"]).await;
    app.run(&["resume", "mine"]).await;
    let mut serving = app.serve_with(&[("LOGIN_ENDPOINT", &closed_endpoint().await)]);
    let line = serving.line("due accounts wait; trying again every minute").await;
    assert!(line["error"].as_str().unwrap().contains("connection refused"), "{line}");
    serving.end("-TERM").await;
}

#[tokio::test]
async fn proxy_of_the_environment_is_used_and_named_without_its_password() {
    let app = App::new().await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = proxy.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = proxy.accept().await.unwrap();
        let mut request = vec![0; 1024];
        let length = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let mut command = app.command(&["run", "mine"]);
    command.env("LOGIN_ENDPOINT", "https://login.example");
    command.env("HTTPS_PROXY", format!("http://user:{SECRET}@{at}"));
    let output = Finished::from(command.output().await.unwrap());
    assert!(asked.await.unwrap().starts_with("CONNECT login.example:443 "));
    assert!(output.err.contains("https://login.example: the proxy does not connect to it"), "{}", output.err);
    assert!(!output.err.contains(SECRET), "{}", output.err);
    let bad = app.command(&["list"]).env("HTTPS_PROXY", "socks5://planted:1").output().await.unwrap();
    let bad = Finished::from(bad);
    assert!(bad.status == Some(1) && bad.err.contains("HTTPS_PROXY") && !bad.err.contains("planted"), "{}", bad.err);
}

#[tokio::test]
async fn damaged_state_is_explained_and_repaired_from_the_secret_files() {
    let app = App::new().await;
    app.run(&["sync"]).await;
    let folder = app.folder.path().join("evergreen-data");
    let sound = app.run(&["repair"]).await;
    assert!(sound.status == Some(0) && sound.out.contains("sound"), "{}{}", sound.out, sound.err);
    for companion in ["state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(folder.join(companion));
    }
    fs::write(folder.join("state.db"), "not a database, and long enough to be read as one".repeat(100)).unwrap();
    let damaged = app.run(&["list"]).await;
    assert!(damaged.status == Some(1) && damaged.err.contains("is damaged"), "{}", damaged.err);
    assert!(damaged.err.contains("`evergreen repair`"), "{}", damaged.err);
    let repaired = app.run(&["repair"]).await;
    assert!(repaired.status == Some(0) && repaired.out.contains("1 account"), "{}{}", repaired.out, repaired.err);
    assert!(app.run(&["list"]).await.out.contains("mine"));
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().any(|name| name.to_string_lossy().starts_with("state.db.damaged-")), "{names:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn service_is_written_started_shown_and_removed() {
    let app = App::new().await;
    let (home, tools) = (app.folder.path().join("home"), app.folder.path().join("tools"));
    fs::create_dir_all(&tools).unwrap();
    let log = app.folder.path().join("systemctl.log");
    let script = format!("#!/bin/sh\necho \"$@\" >> {}\necho active\n", log.display());
    fs::write(tools.join("systemctl"), script).unwrap();
    fs::set_permissions(tools.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let service = async |action: &str| -> Finished {
        let mut command = app.command(&["service", action]);
        command.env("HOME", &home).env("PATH", &tools);
        Finished::from(command.output().await.unwrap())
    };
    let unit = home.join(".config/systemd/user/evergreen.service");
    let data = app.folder.path().canonicalize().unwrap().join("evergreen-data");

    assert!(service("status").await.out.contains("There is no service"));
    let installed = service("install").await;
    assert_eq!(installed.status, Some(0), "{}", installed.err);
    let text = fs::read_to_string(&unit).unwrap();
    assert!(text.contains(&format!("serve --data \"{}\"", data.display())), "{text}");
    assert_eq!(service("status").await.out, "active\n");
    assert_eq!(service("print").await.out, text);
    assert_eq!(service("remove").await.status, Some(0));
    assert!(!unit.exists() && data.exists());
    let asked = fs::read_to_string(&log).unwrap();
    for line in
        ["--user daemon-reload", "--user enable --now evergreen.service", "--user disable --now evergreen.service"]
    {
        assert!(asked.lines().any(|found| found == line), "{line}: {asked}");
    }
    fs::remove_file(tools.join("systemctl")).unwrap();
    let without = service("install").await;
    assert!(
        without.status == Some(1) && without.err.contains("daemon-reload"),
        "what to run is named: {}",
        without.err
    );
}

#[test]
fn container_stops_as_slowly_as_a_round_ends_and_is_built_by_the_compiler_of_the_release() {
    let compose = include_str!("../../infra/compose.yml");
    let grace = compose.lines().find_map(|line| line.trim().strip_prefix("stop_grace_period: ")?.strip_suffix('s'));
    let grace: u64 = grace.unwrap().parse().unwrap();
    assert!(grace > e5_evergreen::config::LOCAL_ROUND.as_secs());
    let release = include_str!("../../.github/workflows/release.yml");
    let version = release.lines().find_map(|line| line.trim().strip_prefix("RUST_VERSION: \"")).unwrap();
    let (version, _) = version.rsplit_once('.').unwrap();
    let container = include_str!("../../infra/Containerfile");
    assert!(container.contains(&format!("library/rust:{version}-slim")), "{version}");
    assert!(container.contains("USER 1000:1000") && container.contains("STOPSIGNAL SIGTERM"));
}
