//! Leftovers: whatever happens to a run, what it made is gone again in the end, and nothing else was touched.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::world::{Moment, Setting, World, app_only, difference, password, reads, under, user, writes};

/// Rounds until all sweeps that were called for are done.
const ENOUGH: usize = 5;

fn many(count: usize) -> Value {
    let mut policy = writes(count);
    policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
    policy
}

async fn rounds(world: &World, account: &str, count: usize) {
    for _ in 0..count {
        let report = world.next_round(account).await;
        assert_eq!(report["succeeded"], 1, "{report} {}", world.journal.text());
    }
}

fn writes_executed(world: &World) -> usize {
    let items = world.batches().into_iter().flat_map(|batch| batch.items);
    items.filter(|item| item.executed && item.method != "GET" && item.status < 300).count()
}

#[tokio::test]
async fn a_run_removes_what_it_made() {
    for (seed, secret) in [(1, app_only(0)), (2, password(0)), (3, app_only(0)), (4, password(0))] {
        let world = World::seeded(seed).await;
        world.put("a", &under(secret, many(40)));
        world.begin().await;
        let before = world.snapshot();
        let report = world.tick().await;
        assert_eq!(report["succeeded"], 1);
        assert!(writes_executed(&world) >= 20, "too little was written to prove anything");
        assert_eq!(report["calls_failed"], 0, "seed {seed}: {}", world.journal.text());
        world.assert_as_before(&before);
    }
}

/// The function dies at the nth request; gives back whether it got that far.
async fn killed(nth: usize, moment: Moment, secret: Value) -> bool {
    let mut world = World::seeded(7).await;
    world.put("a", &under(secret, many(12)));
    world.begin().await;
    let before = world.snapshot();
    let of_others = format!("{before}").matches("Evergreen trees").count();
    assert!(of_others > 0, "the tenant holds something of the user's own that is called like ours");
    world.fate.seal(nth, moment);
    let died = tokio::select! {
        report = world.tick() => {
            assert_eq!(report["succeeded"], 1);
            false
        }
        () = world.fate.struck() => true,
    };
    world.fate.spare();
    if died {
        assert_eq!(world.runs("a").await.len(), 0);
        assert!(world.attribute("a", "run_id").await.is_some(), "the dead run still holds its claim");
        world.restart();
        assert_eq!(world.tick().await["due"], 0, "before the lease ends nobody runs the account");
        world.advance(TimeDelta::minutes(15));
        let report = world.tick().await;
        assert_eq!(report["succeeded"], 1, "{moment:?} {nth}: {report}");
        rounds(&world, "a", 1).await;
    }
    let after = world.snapshot();
    assert!(after == before, "{moment:?} {nth}: {:#?}", difference("", &before, &after));
    died
}

#[tokio::test]
async fn a_run_that_dies_at_any_request_leaves_nothing_that_a_later_run_does_not_remove() {
    for (secret, moment) in [(app_only(0), Moment::Before), (password(1), Moment::After), (app_only(0), Moment::After)]
    {
        let mut nth = 1;
        while killed(nth, moment, secret.clone()).await {
            nth += 1;
        }
        assert!(nth > 4, "a run with clean-up takes at least three requests after its token");
    }
}

#[tokio::test]
async fn a_claim_that_died_before_its_token_runs_again_after_the_lease() {
    let mut world = World::new().await;
    world.put("a", &under(app_only(0), reads(3)));
    world.begin().await;
    let mut hold = world.secrets.hold("BatchGetSecretValue", "", crate::support::aws_json::At::Request);
    tokio::select! {
        _ = world.tick() => panic!("the round cannot end"),
        () = hold.reached() => {}
    }
    hold.release();
    world.restart();
    assert_eq!(world.wait("a").await, 15 * 60);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    assert_eq!(world.runs("a").await.len(), 1);
}

#[tokio::test]
async fn mail_to_oneself_goes_nowhere_else_and_is_purged_when_it_has_arrived() {
    let world = World::new().await;
    let mail = |count: usize, include: &str| {
        json!({"operations": {"include": [include]}, "calls_per_run": {"min": count, "max": count},
            "interval_seconds": {"min": 3600, "max": 3600}})
    };
    world.put("a", &under(app_only(0), mail(1, "mail.sendSelf")));
    world.begin().await;
    let before = world.snapshot();
    assert_eq!(world.tick().await["succeeded"], 1);
    let sent: Vec<_> = world
        .batches()
        .into_iter()
        .flat_map(|batch| batch.items)
        .filter(|item| item.url.contains("/sendMail"))
        .collect();
    assert_eq!(sent.len(), 1);
    let to = &sent[0].body["Message"]["toRecipients"];
    assert_eq!(*to, json!([{"emailAddress": {"address": user(0)}}]));

    world.tenant.deliver_mail();
    assert!(world.snapshot() != before, "the letter lies in the inbox");
    // From now on the account sends none.
    world.put("a", &under(app_only(0), mail(1, "user.me.get")));
    world.sync().await;
    rounds(&world, "a", 1).await;
    world.assert_as_before(&before);
}

#[tokio::test]
async fn mail_that_arrives_late_is_found_by_one_of_the_next_three_runs() {
    for late in 0..3 {
        let world = World::new().await;
        let policy = |include: &str| {
            json!({"operations": {"include": [include]}, "calls_per_run": {"min": 1, "max": 1},
                "interval_seconds": {"min": 500, "max": 500}})
        };
        world.put("a", &under(password(0), policy("mail.sendSelf")));
        world.begin().await;
        let before = world.snapshot();
        world.tick().await;
        world.put("a", &under(password(0), policy("user.me.get")));
        world.sync().await;
        // While the clock stands still, the fake brings no mail by itself.
        for run in 0..3 {
            world.assert_as_before(&before);
            if run == late {
                world.tenant.deliver_mail();
                assert!(world.snapshot() != before, "the letter has come");
            }
            assert_eq!(world.act("run", "a").await["outcome"], "succeeded");
        }
        world.assert_as_before(&before);
    }
}

#[tokio::test]
async fn after_a_hundred_runs_with_random_faults_and_some_without_the_tenant_is_as_it_was() {
    // One after the other, so that nobody is on the way to the tenant when another is told to wait.
    let world = World::with(Setting { seed: 11, users: 2, concurrency: 1, ..Setting::default() }).await;
    let policy = |exclude: Value| {
        json!({"operations": {"include": ["*"], "exclude": exclude}, "calls_per_run": {"min": 10, "max": 30},
            "interval_seconds": {"min": 3600, "max": 3600}})
    };
    world.put("app", &under(app_only(0), policy(json!([]))));
    world.put("user", &under(password(1), policy(json!([]))));
    world.begin().await;
    let before = world.snapshot();

    let status = |status, applied_anyway| FaultAction::Status { status, retry_after: None, applied_anyway };
    // Two accounts: a hundred runs. Answers are lost in one round and refused in the next: of a wait whose
    // telling was lost nobody could know.
    for round in 0..50 {
        world.tenant.clear_faults();
        if round % 2 == 0 {
            for act in [
                FaultAction::Reset { after: true },
                FaultAction::Reset { after: false },
                FaultAction::Truncated,
                FaultAction::Html,
                status(503, true),
            ] {
                world.tenant.inject(Fault::http(When::Chance(0.04), act));
            }
        } else {
            world.tenant.inject(Fault::http(When::Chance(0.03), FaultAction::TokenExpired));
            for method in ["GET", "POST", "PATCH", "PUT", "DELETE"] {
                world.tenant.inject(Fault::item(method, "*", When::Chance(0.03), status(500, true)));
                world.tenant.inject(Fault::item(method, "*", When::Chance(0.03), status(503, false)));
                let busy = FaultAction::Status429 { retry_after: Some(2), applied_anyway: true };
                world.tenant.inject(Fault::item(method, "*", When::Chance(0.02), busy));
            }
        }
        world.all_due().await;
        world.tick().await;
    }
    assert!(writes_executed(&world) > 300, "too little was written to prove anything");
    world.tenant.clear_faults();

    // From now on nothing goes wrong, and no mail is sent that would arrive after the end.
    world.put("app", &under(app_only(0), policy(json!(["mail.sendSelf"]))));
    world.put("user", &under(password(1), policy(json!(["mail.sendSelf"]))));
    world.sync().await;
    world.tenant.deliver_mail();
    for _ in 0..ENOUGH {
        world.all_due().await;
        assert_eq!(world.tick().await["succeeded"], 2);
    }
    world.assert_as_before(&before);
    for account in ["app", "user"] {
        assert_eq!(world.attribute(account, "sweeps").await, None, "{account} still looks for leftovers");
    }
}

#[tokio::test]
async fn a_run_without_trouble_is_not_followed_by_sweeps() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), many(12)));
    world.begin().await;
    world.tick().await;
    assert_eq!(world.attribute("a", "sweeps").await, None);
}
