//! The outbox: what a person is to be told is told, whatever fails on the way.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use e5_evergreen::ports::{Alert, Alerts, InfraError};
use serde_json::json;
use tokio::sync::watch;

use crate::support::aws_json::At;
use crate::support::test_app::{APP, APP_SECRET, TENANT, TestApp, app_only, reads, with_policy};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Down,
    /// Publishes, and never answers.
    Hanging,
}

/// A topic that keeps what it is told.
#[derive(Clone)]
struct Topic {
    told: Arc<Mutex<Vec<Alert>>>,
    state: watch::Sender<State>,
    attempts: watch::Sender<usize>,
}

impl Topic {
    fn new(state: State) -> Self {
        Self { told: Arc::default(), state: watch::Sender::new(state), attempts: watch::Sender::new(0) }
    }

    fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    fn subjects(&self) -> Vec<String> {
        self.told.lock().unwrap().iter().map(|alert| alert.subject.clone()).collect()
    }

    /// Ids of the notices that were told.
    fn ids(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        let ids = told.iter().flat_map(|alert| alert.text.split("(message ").skip(1));
        ids.map(|rest| rest.split(')').next().unwrap().to_owned()).collect()
    }
}

#[async_trait]
impl Alerts for Topic {
    async fn publish(&self, alert: &Alert) -> Result<(), InfraError> {
        let state = *self.state.borrow();
        if state != State::Down {
            self.told.lock().unwrap().push(alert.clone());
        }
        self.attempts.send_modify(|attempts| *attempts += 1);
        match state {
            State::Up => Ok(()),
            State::Down => Err(InfraError::unavailable("publishing", "InternalFailure")),
            State::Hanging => std::future::pending().await,
        }
    }
}

/// The function starts with this topic.
fn attach(app: &mut TestApp, topic: &Topic) {
    app.restart();
    Arc::get_mut(&mut app.inner).unwrap().alerts = Some(Arc::new(topic.clone()));
}

/// An account whose next run pauses it.
async fn failing(topic: &Topic) -> TestApp {
    let mut app = TestApp::new().await;
    attach(&mut app, topic);
    let mut policy = reads(1);
    policy["pause_after"] = json!(1);
    app.put("a", &with_policy(app_only(0), policy));
    app.begin().await;
    app.tenant.expire_secret(TENANT, APP);
    app
}

#[tokio::test]
async fn pause_that_the_topic_did_not_take_is_told_once_by_the_next_sync() {
    let topic = Topic::new(State::Down);
    let app = failing(&topic).await;
    assert_eq!(app.tick().await["paused"], 1);
    assert!(app.attribute("a", "untold").await.is_some_and(|untold| untold.contains("paused")));
    app.sync().await;
    assert_eq!(*topic.attempts.borrow(), 2);
    topic.set(State::Up);
    app.sync().await;
    assert_eq!(topic.subjects(), ["E5 Evergreen: a paused"]);
    assert_eq!(app.attribute("a", "untold").await, None);
    app.sync().await;
    app.next_round("a").await;
    assert_eq!(topic.subjects().len(), 1);
}

#[tokio::test]
async fn what_a_run_left_untold_is_told_with_the_next_run_of_the_account() {
    let topic = Topic::new(State::Down);
    let app = failing(&topic).await;
    app.tick().await;
    topic.set(State::Up);
    app.next_round("a").await;
    assert_eq!(topic.subjects(), ["E5 Evergreen: a paused"]);
    assert_eq!(app.attribute("a", "untold").await, None);
}

#[tokio::test]
async fn topic_that_is_down_for_a_day_loses_nothing_and_then_tells_each_change_once() {
    let topic = Topic::new(State::Down);
    let app = failing(&topic).await;
    for number in 1..3 {
        let mut policy = reads(1);
        policy["pause_after"] = json!(1);
        app.put(&format!("b{number}"), &with_policy(app_only(number), policy));
    }
    app.sync().await;
    let end = app.now() + TimeDelta::days(1);
    while app.now() < end {
        app.sync().await;
        app.tick().await;
        app.advance(TimeDelta::minutes(15));
    }
    app.tenant.set_secret(TENANT, APP, APP_SECRET);
    app.all_due().await;
    assert_eq!(app.tick().await["resumed"], 3);
    topic.set(State::Up);
    app.sync().await;
    let mut subjects = topic.subjects();
    subjects.sort();
    let expected =
        ["a", "b1", "b2"].map(|account| ["paused", "resumed"].map(|what| format!("E5 Evergreen: {account} {what}")));
    assert_eq!(subjects, expected.concat());
    app.sync().await;
    assert_eq!(topic.subjects().len(), 6);
}

#[tokio::test]
async fn without_a_topic_nothing_is_kept() {
    let mut app = TestApp::new().await;
    Arc::get_mut(&mut app.inner).unwrap().alerts = None;
    let mut policy = reads(1);
    policy["pause_after"] = json!(1);
    app.put("a", &with_policy(app_only(0), policy));
    app.begin().await;
    app.tenant.expire_secret(TENANT, APP);
    assert_eq!(app.tick().await["paused"], 1);
    assert_eq!(app.attribute("a", "untold").await, None);
}

/// A round that is killed at its nth write of an account; `false` where it makes fewer.
async fn killed_at_write(app: &TestApp, nth: usize, at: At) -> bool {
    let mut hold = app.dynamo.hold("UpdateItem", "", at);
    let (inner, deadline) = (Arc::clone(&app.inner), app.now() + TimeDelta::minutes(5));
    let mut round = tokio::spawn(async move { handle(&inner, &json!({"action": "tick"}), deadline).await });
    for write in 1..=nth {
        tokio::select! {
            () = hold.reached() => {}
            _ = &mut round => return false,
        }
        if write < nth {
            let next = app.dynamo.hold("UpdateItem", "", at);
            hold.release();
            hold = next;
        }
    }
    round.abort();
    assert!(round.await.unwrap_err().is_cancelled());
    hold.left().await;
    true
}

#[tokio::test]
async fn round_that_is_killed_at_any_write_loses_no_notice_and_a_second_one_has_the_same_id() {
    for at in [At::Request, At::Answer] {
        for nth in 1.. {
            let topic = Topic::new(State::Up);
            let mut app = failing(&topic).await;
            if !killed_at_write(&app, nth, at).await {
                assert!(nth > 3, "claim, record and removal are writes");
                break;
            }
            attach(&mut app, &topic);
            app.advance(TimeDelta::minutes(20));
            app.sync().await;
            // Where the record was never written, the next run pauses the account.
            if app.status("a").await != "paused" {
                app.tick().await;
            }
            assert_eq!(app.status("a").await, "paused", "{at:?} {nth}");
            app.sync().await;
            let ids = topic.ids();
            assert!((1..=2).contains(&ids.len()), "{at:?} {nth}: {:?}", topic.subjects());
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1, "{at:?} {nth}: {ids:?}");
            assert_eq!(app.attribute("a", "untold").await, None, "{at:?} {nth}");
        }
    }
}

#[tokio::test]
async fn round_that_is_killed_while_it_publishes_tells_it_again_with_the_same_id() {
    let topic = Topic::new(State::Hanging);
    let mut app = failing(&topic).await;
    let (inner, deadline) = (Arc::clone(&app.inner), app.now() + TimeDelta::minutes(5));
    let round = tokio::spawn(async move { handle(&inner, &json!({"action": "tick"}), deadline).await });
    topic.attempts.subscribe().wait_for(|attempts| *attempts == 1).await.unwrap();
    round.abort();
    assert!(round.await.unwrap_err().is_cancelled());
    topic.set(State::Up);
    attach(&mut app, &topic);
    app.sync().await;
    let ids = topic.ids();
    assert_eq!((ids.len(), ids[0] == ids[1]), (2, true));
}
