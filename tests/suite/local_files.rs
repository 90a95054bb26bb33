//! Secret files as people leave them: named, written and protected in every way.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::local_program::{APP, App, SECRET, TENANT, USER};

fn secret() -> Value {
    json!({"tenant_id": TENANT, "client_id": APP, "client_secret": SECRET, "user_id": USER})
}

#[tokio::test]
async fn comments_trailing_commas_and_byte_order_marks_are_read() {
    let app = App::new().await;
    let text = format!(
        "\u{feff}// my tenant\r\n{{\"tenant_id\": \"{TENANT}\", /* the app */ \"client_id\": \"{APP}\", \"client_secret\": \"{SECRET}\",\r\n}}\r\n"
    );
    let path = app.secret_file("mine");
    fs::write(&path, &text).unwrap();
    assert!(app.run(&["check", "mine"]).await.out.contains("✓ token"));
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&path, utf_16).unwrap();
    assert!(app.run(&["check", "mine"]).await.out.contains("✓ token"));
}

#[tokio::test]
async fn files_that_are_not_used_are_named_with_what_to_do() {
    let app = App::new().await;
    let folder = app.folder.path().join("evergreen-data/secrets");
    for name in ["two.txt", "three.jsonc", "four", "Five.JSON", "_six.json", "my tenant.json", ".hidden"] {
        fs::write(folder.join(name), secret().to_string()).unwrap();
    }
    for command in ["list", "once"] {
        let output = app.run(&[command]).await;
        for renamed in ["two.json", "three.json", "four.json", "Five.json", "six.json", "my-tenant.json"] {
            assert!(output.err.contains(&format!("rename it to {renamed}")), "{command}, {renamed}: {}", output.err);
        }
        assert!(!output.err.contains("hidden") && !output.err.contains("_example"), "{}", output.err);
    }
    let check = app.run(&["check", "mine"]).await;
    assert_eq!(check.err, "", "files of other accounts are not named");
    let unknown = app.run(&["run", "two"]).await;
    assert!(unknown.err.contains("rename it to two.json"), "{}", unknown.err);
}

#[tokio::test]
async fn account_of_a_faulty_file_is_not_shown_as_working() {
    let app = App::new().await;
    app.run(&["run", "mine"]).await;
    fs::write(app.secret_file("mine"), r#"{"tenant_id": 1}"#).unwrap();
    let list = app.run(&["list"]).await.out;
    assert!(list.contains("mine     faulty file") && list.contains("`tenant_id`"), "{list}");
}

#[tokio::test]
async fn fifo_in_the_folder_stops_nothing() {
    let app = App::new().await;
    let fifo = app.folder.path().join("evergreen-data/secrets/pipe.json");
    if !Command::new("mkfifo").arg("-m").arg("600").arg(&fifo).status().is_ok_and(|status| status.success()) {
        return;
    }
    let output = app.run(&["once"]).await;
    assert!(output.status == Some(0) && output.err.contains("pipe.json: not a file"), "{}", output.err);
}

#[tokio::test]
async fn wrong_data_folder_is_answered_with_the_right_one() {
    let app = App::new().await;
    app.run(&["sync"]).await;
    let inside = app.run(&["list", "--data", "evergreen-data/secrets"]).await;
    assert!(inside.err.contains("did you mean --data evergreen-data?"), "{}", inside.err);
    let other = app.run(&["list", "--data", "elsewhere"]).await;
    assert!(other.err.contains("EVERGREEN_DATA") && other.err.contains("init"), "{}", other.err);
}

#[tokio::test]
async fn control_characters_of_a_file_name_do_not_reach_the_terminal() {
    let app = App::new().await;
    fs::write(app.folder.path().join("evergreen-data/secrets/a\u{1b}[2Jb.txt"), "").unwrap();
    let output = app.run(&["list"]).await;
    assert!(output.err.contains(r"\u{1b}[2J") && !output.err.contains('\u{1b}'), "{:?}", output.err);
}

#[tokio::test]
async fn no_port_is_open_while_the_program_serves() {
    let app = App::new().await;
    let mut serving = app.serve();
    serving.line("round").await;
    let pid = serving.child.id().unwrap();
    let listening = listening_sockets(pid);
    assert_eq!(listening, Some(0));
    serving.end("-TERM").await;
}

/// TCP sockets on which the process listens; `None` where the system does not tell.
fn listening_sockets(pid: u32) -> Option<usize> {
    let inodes: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?;
            target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned)
        })
        .collect();
    const LISTEN: &str = "0A";
    let mut count = 0;
    for table in ["tcp", "tcp6"] {
        let rows = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        count += rows
            .lines()
            .skip(1)
            .filter(|row| {
                let columns: Vec<&str> = row.split_whitespace().collect();
                columns.get(3) == Some(&LISTEN)
                    && columns.get(9).is_some_and(|inode| inodes.iter().any(|own| own == inode))
            })
            .count();
    }
    Some(count)
}
