//! The soak: round after round in which every fifth request fails, functions crash, rounds overlap and
//! people change secrets. No account is lost, none runs twice, and no memory or state grows.
//!
//! The short form is an ordinary test. `EVERGREEN_SOAK_ROUNDS=10000` makes it longer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use e5_evergreen::app::App;
use fake_tenant::{App as TenantApp, FakeTenant, Fault as TenantFault, FaultAction, Tenant, User, When};
use rand::{RngExt, SeedableRng, rngs::ChaCha12Rng};
use serde_json::{Value, json};

use crate::support::{
    aws_json::Fault,
    dynamodb::{ACCOUNTS, RUNS},
    test_app::{
        APP, APP_SECRET, CrashPoint, PASSWORD, PUBLIC_APP, TestApp, TestAppOptions, difference, reads, with_policy,
        writes,
    },
};

/// The share of all requests that fail.
const SHARE: f64 = 0.20;

const TICK: TimeDelta = TimeDelta::minutes(5);
const LEASE: TimeDelta = TimeDelta::minutes(15);

/// The number of the account whose secret is wrong.
const WRONG: usize = 9;
const ACCOUNTS_IN_ALL: usize = 10;

/// Rounds after the last fault until all sweeps are done.
const ENOUGH: usize = 6;

struct Soak {
    seed: u64,
    app: TestApp,
    /// Another function over the same stores.
    other: Arc<App>,
    rng: ChaCha12Rng,
    round: usize,
    accounts: Vec<Account>,
    tally: BTreeMap<&'static str, usize>,
}

struct Account {
    name: String,
    tenant: String,
    secret: Value,
    /// Its secret exists in Secrets Manager.
    there: bool,
    /// Whether a person or a missing secret may have stopped it.
    stopped: bool,
    /// The crashed run that holds it, and when its lease ends.
    held: Option<(String, DateTime<Utc>)>,
}

/// Tenant, domain and user of the account with this number. Each has its own: the Retry-After of one tenant
/// never delays another, also where the response with it was lost.
fn names(number: usize) -> (String, String, String) {
    let domain = format!("soak{number}.onmicrosoft.com");
    (format!("50a50a50-0000-4000-a000-{number:012}"), domain.clone(), format!("megan@{domain}"))
}

fn secret(tenants: &FakeTenant, number: usize) -> Value {
    let (tenant, _, user) = names(number);
    let mut secret = match number % 3 {
        0 => json!({"client_id": APP, "client_secret": APP_SECRET, "user_id": user}),
        1 => json!({"client_id": PUBLIC_APP, "username": user, "password": PASSWORD}),
        _ => {
            let token = tenants.issue_refresh_token(&tenant, PUBLIC_APP, &user);
            json!({"client_id": PUBLIC_APP, "refresh_token": token})
        }
    };
    secret["tenant_id"] = json!(tenant);
    if number == WRONG {
        secret["client_secret"] = json!("mistyped");
    }
    policy(secret, number, 500)
}

fn policy(secret: Value, number: usize, least: usize) -> Value {
    let mut policy = if number.is_multiple_of(2) { writes(6) } else { reads(5) };
    policy["interval_seconds"] = json!({"min": least, "max": 2 * least});
    with_policy(secret, policy)
}

impl Soak {
    async fn begin(seed: u64) -> Self {
        let mut app = TestApp::with(TestAppOptions { seed, users: 1, ..TestAppOptions::default() }).await;
        app.tenant.set_recording(false);
        let mut accounts = Vec::new();
        for number in 0..ACCOUNTS_IN_ALL {
            let (tenant, domain, user) = names(number);
            let is = Tenant::new(&tenant, &domain)
                .with_user(User::new(&user, PASSWORD))
                .with_app(TenantApp::confidential(APP, APP_SECRET))
                .with_app(TenantApp::public(PUBLIC_APP));
            app.tenant.add_tenant(is);
            let (name, secret) = (format!("a{number}"), secret(&app.tenant, number));
            app.put(&name, &secret);
            accounts.push(Account { name, tenant, secret, there: true, stopped: false, held: None });
        }
        app.sync().await;
        let other = app.another_app();
        let rng = ChaCha12Rng::seed_from_u64(seed);
        Self { seed, app, other, rng, round: 0, accounts, tally: BTreeMap::new() }
    }

    fn count(&mut self, what: &'static str, by: usize) {
        *self.tally.entry(what).or_default() += by;
    }

    /// Responses are lost in one round and refused in the next: a lost Retry-After could not be respected.
    fn faults(&mut self) {
        let (app, seed) = (&self.app, self.rng.random());
        app.tenant.clear_faults();
        let lost = self.round.is_multiple_of(2);
        let status = |status, applied_anyway| FaultAction::Status { status, retry_after: None, applied_anyway };
        let acts = if lost {
            vec![
                FaultAction::Reset { after: true },
                FaultAction::Reset { after: false },
                FaultAction::Truncated,
                FaultAction::Html,
                status(503, true),
            ]
        } else {
            let wait = |retry_after| FaultAction::Status429 { retry_after, applied_anyway: false };
            vec![status(500, false), status(502, false), status(503, false), wait(Some(2)), wait(None)]
        };
        for act in acts {
            let chance = When::Chance(SHARE / 5.0);
            app.tenant.inject(TenantFault::http(chance, act.clone()));
            app.tenant.inject(TenantFault::login(chance, act));
        }
        if !lost {
            app.tenant.inject(TenantFault::http(When::Chance(0.02), FaultAction::TokenExpired));
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                let busy = FaultAction::Status429 { retry_after: Some(2), applied_anyway: true };
                app.tenant.inject(TenantFault::item(method, "*", When::Chance(SHARE / 4.0), status(500, true)));
                app.tenant.inject(TenantFault::item(method, "*", When::Chance(SHARE / 4.0), busy));
            }
        }
        let aws = [Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost];
        app.dynamo.fail_randomly(seed, SHARE, &[&aws[..], &[Fault::CAPACITY, Fault::SERVER_ERROR]].concat());
        app.secrets.fail_randomly(seed, SHARE, &[&aws[..], &[Fault::SERVICE_ERROR]].concat());
    }

    /// Only infrastructure may fail an event, an account never does.
    async fn ask(&mut self, event: Value, time: TimeDelta) -> Option<Value> {
        let deadline = self.app.now() + time;
        let answer = self.app.on(&self.app.inner, &event, deadline).await;
        self.count(if answer.is_ok() { "events answered" } else { "events failed by infrastructure" }, 1);
        answer.ok()
    }

    async fn round(&mut self) {
        self.faults();
        match self.rng.random_range(0..100) {
            0..=9 => self.previous_run_crashed().await,
            10..=19 => self.overlap().await,
            20..=24 => drop(self.ask(json!({"action": "tick"}), TimeDelta::seconds(9)).await),
            25..=29 => drop(self.ask(json!({"action": "sync"}), TICK).await),
            30..=33 => self.change_a_secret().await,
            34..=36 => self.manual().await,
            _ => drop(self.ask(json!({"action": "tick"}), TICK).await),
        }
        self.assert_none_ran_twice();
        self.assert_none_is_lost().await;
        self.round += 1;
        self.app.advance(TICK);
        self.app.forget();
        self.app.log.clear();
        if self.round.is_multiple_of(500) {
            self.forget_history().await;
        }
    }

    /// The function crashes at one of its requests to Microsoft; mostly a new process replaces it.
    async fn previous_run_crashed(&mut self) {
        let moment = if self.rng.random() { CrashPoint::Before } else { CrashPoint::After };
        self.app.crash_plan.crash_at(self.rng.random_range(1..8), moment);
        let tick = json!({"action": "tick"});
        let died = tokio::select! {
            _ = self.app.on(&self.app.inner, &tick, self.app.now() + TICK) => false,
            () = self.app.crash_plan.crashed() => true,
        };
        self.app.crash_plan.cancel();
        if !died {
            return;
        }
        self.count("rounds crashed", 1);
        if self.rng.random_bool(0.7) {
            self.app.restart();
        }
        // The accounts claimed by then are held: no other run may have them before the lease ends.
        for item in self.app.dynamo.scan(ACCOUNTS).await {
            let text = |name: &str| item[name]["S"].as_str().map(str::to_owned);
            let (Some(id), Some(run), Some(end)) = (text("account_id"), text("run_id"), text("next_run_at")) else {
                continue;
            };
            let account = self.accounts.iter_mut().find(|account| account.name == id).unwrap();
            account.held = Some((run, end.parse().unwrap()));
            self.count("claims of crashed rounds", 1);
        }
    }

    async fn overlap(&mut self) {
        self.count("rounds that overlapped", 1);
        let (event, deadline) = (json!({"action": "tick"}), self.app.now() + TICK);
        let (_, _) =
            tokio::join!(self.app.on(&self.app.inner, &event, deadline), self.app.on(&self.other, &event, deadline));
    }

    /// Deletes, restores or changes a secret; the sync that follows may fail.
    async fn change_a_secret(&mut self) {
        let number = self.rng.random_range(0..ACCOUNTS_IN_ALL);
        let (put, least) = (self.rng.random_bool(0.5), self.rng.random_range(500..900));
        let account = &mut self.accounts[number];
        let name = format!("evergreen/{}", account.name);
        if account.there && !put {
            // Keeps what the app has written since: a rotated refresh token.
            account.secret = self.app.secrets.value(&name).unwrap();
            self.app.secrets.purge(&name);
            (account.there, account.stopped) = (false, true);
        } else {
            let now = self.app.secrets.value(&name).unwrap_or_else(|| account.secret.clone());
            self.app.put(&account.name, &policy(now, number, least));
            account.there = true;
        }
        // A changed secret may reactivate an account that a crashed run still holds.
        self.ask(json!({"action": "sync"}), TICK).await;
        self.count("secrets changed", 1);
    }

    async fn manual(&mut self) {
        let number = self.rng.random_range(0..ACCOUNTS_IN_ALL);
        let action = ["stop", "resume", "run"][self.rng.random_range(0..3)];
        self.accounts[number].stopped |= action == "stop";
        let name = self.accounts[number].name.clone();
        self.ask(json!({"action": action, "account": name}), TICK).await;
        self.count("actions by hand", 1);
    }

    /// An account makes its calls at most once per round, and not at all while a crashed run holds it.
    fn assert_none_ran_twice(&mut self) {
        let mut ran = BTreeSet::new();
        for line in self.app.log.of("run") {
            self.count("runs", 1);
            let calls = ["calls_ok", "calls_failed", "calls_throttled"].map(|name| line[name].as_u64().unwrap());
            if calls == [0; 3] {
                continue;
            }
            self.count("runs with calls", 1);
            self.count("calls", calls.iter().sum::<u64>() as usize);
            let name = line["account"].as_str().unwrap();
            assert!(ran.insert(name.to_owned()), "{} ran twice: {:#?}", self.context(name), self.app.log.of("run"));
            let account = self.accounts.iter_mut().find(|account| account.name == name).unwrap();
            if let Some((run, end)) = account.held.take_if(|(run, _)| line["run_id"].as_str() != Some(run)) {
                assert!(self.app.now() >= end, "seed {}, round {}: {name} was held by {run}", self.seed, self.round);
                self.count("claims taken over", 1);
            }
        }
    }

    async fn assert_none_is_lost(&mut self) {
        let mut items = BTreeMap::new();
        for item in self.app.dynamo.scan(ACCOUNTS).await {
            let name = item["account_id"]["S"].as_str().unwrap().to_owned();
            assert!(items.insert(name, item).is_none());
        }
        assert_eq!(items.len(), ACCOUNTS_IN_ALL, "seed {}, round {}", self.seed, self.round);
        for number in 0..ACCOUNTS_IN_ALL {
            let item = &items[&self.accounts[number].name];
            // A record in flight when its function crashed may have arrived; a person may have ended the claim.
            self.accounts[number].held.take_if(|(run, _)| item["run_id"]["S"].as_str() != Some(run));
            let account = &self.accounts[number];
            let context = self.context(&account.name);
            let (status, next) = (item["status"]["S"].as_str().unwrap(), item["next_run_at"]["S"].as_str());
            match status {
                "active" => assert!(next.is_some() && item["due_shard"]["S"] == "0", "{context} is lost: {item}"),
                "paused" => assert!(number == WRONG, "{context} was paused by a transient fault: {item}"),
                _ => assert!(account.stopped && next.is_none(), "{context} is stopped without a reason: {item}"),
            }
            if let (Some(_), Some(next)) = (item.get("run_id"), next) {
                let end: DateTime<Utc> = next.parse().unwrap();
                assert!(end <= self.app.now() + LEASE, "{context} is held for longer than a lease: {item}");
            }
        }
    }

    fn context(&self, account: &str) -> String {
        format!("seed {}, round {}: {account}", self.seed, self.round)
    }

    /// AWS deletes expired rows automatically.
    async fn forget_history(&self) {
        for row in self.app.dynamo.scan(RUNS).await {
            let key = json!({"account_id": row["account_id"], "started_at": row["started_at"]});
            self.app.dynamo.call("DeleteItem", &json!({"TableName": RUNS, "Key": key})).await;
        }
    }

    /// Without further faults every claim ends, every account runs, and no tenant holds an orphan.
    async fn end(self, before: &[Value]) {
        self.app.tenant.clear_faults();
        self.app.dynamo.heal();
        self.app.secrets.heal();
        for account in &self.accounts {
            if !account.there {
                self.app.put(&account.name, &account.secret);
            }
        }
        self.app.advance(LEASE);
        self.app.sync().await;
        for account in &self.accounts {
            if self.app.status(&account.name).await == "stopped" {
                self.app.act("resume", &account.name).await;
            }
        }
        for _ in 0..ENOUGH {
            self.app.all_due().await;
            self.app.tick().await;
        }
        for (number, account) in self.accounts.iter().enumerate() {
            let context = self.context(&account.name);
            assert_eq!(self.app.attribute(&account.name, "run_id").await, None, "{context} is still held");
            let outcome = self.app.last_run(&account.name).await.outcome;
            assert_eq!(outcome, if number == WRONG { "misconfigured" } else { "succeeded" }, "{context}");
            let now = self.app.tenant.snapshot(&account.tenant);
            assert!(now == before[number], "{context} left something: {:#?}", difference("", &before[number], &now));
        }
    }
}

/// Resident memory of the process in kilobytes, where the system reports it.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

#[tokio::test]
async fn no_account_is_lost_runs_twice_or_leaves_objects_under_random_faults() {
    let rounds: usize = std::env::var("EVERGREEN_SOAK_ROUNDS").ok().map_or(40, |rounds| rounds.parse().unwrap());
    let seed = std::env::var("EVERGREEN_SOAK_SEED").ok().map_or(7, |seed| seed.parse().unwrap());
    let mut soak = Soak::begin(seed).await;
    let before: Vec<Value> = soak.accounts.iter().map(|account| soak.app.tenant.snapshot(&account.tenant)).collect();
    for _ in 0..rounds {
        soak.round().await;
        if soak.round.is_multiple_of(1000) {
            eprintln!("{} rounds: {} KB", soak.round, resident().unwrap_or_default());
        }
    }
    assert!(soak.tally["runs with calls"] > rounds / 2, "seed {seed}: too little happened: {:?}", soak.tally);
    for wanted in
        ["rounds crashed", "rounds that overlapped", "claims taken over", "secrets changed", "actions by hand"]
    {
        // Over some hundred rounds each must have occurred; over some dozens it need not.
        let count = soak.tally.get(wanted).copied().unwrap_or(0);
        assert!(count >= rounds / 500, "seed {seed}: {wanted}: {:?}", soak.tally);
    }
    eprintln!("{rounds} rounds: {:#?}", soak.tally);
    soak.end(&before).await;
}
