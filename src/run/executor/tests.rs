//! However Graph throttles, the executor waits as it was asked: tested with a Graph that refuses at random, and a clock
//! that is set by hand.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::future::join_all;
use proptest::prelude::*;
use rand::SeedableRng;
use serde_json::json;
use serde_json::value::to_raw_value;

use super::*;
use crate::domain::account::AccountId;
use crate::domain::catalogue::generated_name::NameOwner;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::outcome::Outcome;
use crate::domain::plan::Scope;
use crate::domain::secret::SecretDocument;
use crate::domain::seed::{RngStream, Seed};
use crate::local::virtual_clock::VirtualClock;
use crate::ports::RawBody;

const DEADLINE: TimeDelta = TimeDelta::seconds(120);

fn start() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

/// What this Graph has seen of its callers.
#[derive(Default)]
struct Book {
    /// When each request left, and what it held.
    sent: Vec<(DateTime<Utc>, String, Vec<String>)>,
    /// Until when the tenant was told to wait.
    closed_until: Option<DateTime<Utc>>,
    breaches: Vec<String>,
}

/// Throttles items and whole batches at random, with and without `Retry-After`; an answer takes 0.3 s.
struct Throttling {
    clock: VirtualClock,
    rng: Mutex<ChaCha12Rng>,
    /// Of 100 items and batches, as many are refused.
    refused: u32,
    book: Mutex<Book>,
}

#[async_trait]
impl Graph for Throttling {
    async fn batch(&self, caller: &Caller<'_>, items: &[BatchItem]) -> Result<Vec<BatchReply>, GraphError> {
        use secrecy::ExposeSecret;
        let now = self.clock.now();
        {
            let mut book = self.book.lock().unwrap();
            if let Some(until) = book.closed_until.filter(|until| now < *until) {
                book.breaches.push(format!("sent at {now}, though closed until {until}"));
            }
            let ids = items.iter().map(|item| item.id.clone()).collect();
            book.sent.push((now, caller.access_token.expose_secret().to_owned(), ids));
        }
        self.clock.sleep(Duration::from_millis(300)).await;
        let mut rng = self.rng.lock().unwrap();
        let refuses = |rng: &mut ChaCha12Rng| rng.random_range(0..100) < self.refused;
        let wait = |rng: &mut ChaCha12Rng| {
            let wait = rng.random_bool(0.7).then(|| Duration::from_secs(rng.random_range(0..60)));
            if let Some(wait) = wait {
                let mut book = self.book.lock().unwrap();
                let until = self.clock.now() + TimeDelta::from_std(wait).unwrap();
                book.closed_until = book.closed_until.max(Some(until));
            }
            wait
        };
        if refuses(&mut rng) {
            return Err(match rng.random_range(0..4) {
                3 => GraphError::Unauthorized,
                0 => GraphError::Transient { what: "503".to_owned(), retry_after: wait(&mut rng) },
                _ => GraphError::Throttled { retry_after: wait(&mut rng) },
            });
        }
        let reply = |item: &BatchItem, rng: &mut ChaCha12Rng| {
            let (status, retry_after) =
                if refuses(rng) { (if rng.random_bool(0.2) { 503 } else { 429 }, wait(rng)) } else { (200, None) };
            let body = json!({"id": "x", "userPrincipalName": "u", "value": [{"id": "y", "groupTypes": ["Unified"]}]});
            let body = RawBody::new(&to_raw_value(&body).unwrap());
            BatchReply { id: item.id.clone(), status, retry_after, error_code: None, request_id: None, body }
        };
        Ok(items.iter().map(|item| reply(item, &mut rng)).collect())
    }
}

/// Gives every account a new token of the same text.
struct Renewed(AccessToken);

#[async_trait]
impl TokenSource for Renewed {
    async fn renew(&self) -> Result<AccessToken, Outcome> {
        Ok(self.0.clone())
    }
}

/// Runs of three accounts of one tenant side by side; their secrets write its name in different letters.
async fn send(seed: u64, refused: u32, policy: serde_json::Value) -> (Book, DateTime<Utc>) {
    let clock = VirtualClock::new(start());
    let graph = Throttling {
        clock: clock.clone(),
        rng: Mutex::new(ChaCha12Rng::seed_from_u64(seed)),
        refused,
        book: Mutex::default(),
    };
    let (throttle, stop) = (Throttle::default(), StopSignal::default());
    let runs = ["contoso.com", "Contoso.com", "CONTOSO.COM"].into_iter().enumerate().map(|(number, tenant)| {
        let (graph, clock, throttle, stop) = (&graph, &clock, &throttle, &stop);
        let text = json!({"tenant_id": tenant, "client_id": "c", "refresh_token": "r", "policy": policy}).to_string();
        async move {
            let id = AccountId::parse(&format!("a{number}")).unwrap();
            let secret = SecretDocument::parse(&text.into()).unwrap().account(&id).unwrap();
            let scope = Scope {
                policy: &secret.policy,
                access: secret.credential.access(),
                user_id: None,
                granted: &GrantedPermissions::Unknown,
                set_aside: &BTreeMap::new(),
                sweep: seed.is_multiple_of(2),
                watch: seed.is_multiple_of(3).then_some(&secret),
                now: start(),
                owner: NameOwner::of(id.as_str()),
            };
            let plan = Plan::draw(&scope, &mut Seed::new(seed).rng(&id, RngStream::Plan));
            let access = AccessToken {
                user: Vec::new(),
                token: id.as_str().to_owned().into(),
                granted: GrantedPermissions::Unknown,
                expires_at: start() + TimeDelta::hours(1),
            };
            let executor = Executor {
                graph,
                clock,
                throttle,
                stop,
                tokens: &Renewed(access.clone()),
                secret: &secret,
                access,
                deadline: start() + DEADLINE,
                reserve: TimeDelta::seconds(8),
                orphans: Orphans { before: start(), owner: NameOwner::of(id.as_str()) },
                rng: Seed::new(seed).rng(&id, RngStream::Execution),
            };
            executor.send(&plan).await;
        }
    });
    join_all(runs).await;
    let book = std::mem::take(&mut *graph.book.lock().unwrap());
    (book, clock.now())
}

fn check(seed: u64, refused: u32, policy: serde_json::Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (book, ended) = runtime.block_on(send(seed, refused, policy));
    assert_eq!(book.breaches, [""; 0], "seed {seed}");
    let mut times: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (_, account, ids) in &book.sent {
        for id in ids {
            *times.entry((account, id)).or_default() += 1;
        }
    }
    assert!(times.values().all(|times| *times <= 2), "seed {seed}: {times:?}");
    assert!(book.sent.iter().all(|(at, ..)| *at < start() + DEADLINE), "seed {seed}");
    assert!(ended <= start() + DEADLINE, "seed {seed}: ended {ended}");
    assert!(!book.sent.is_empty(), "seed {seed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn under_any_throttling_no_item_is_sent_early_or_a_third_time_and_every_run_ends_in_time(seed: u64, refused in 0_u32..=100) {
        check(seed, refused, json!({"calls_per_run": {"min": 1, "max": 40}}));
    }

    #[test]
    fn the_same_holds_with_pacing(seed: u64, refused in 0_u32..=60) {
        let pacing = json!({"min_ms": 500, "max_ms": 5000});
        check(seed, refused, json!({"calls_per_run": {"min": 1, "max": 12}, "pacing": pacing}));
    }
}

#[test]
fn a_paced_run_sends_small_batches_with_gaps() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let policy = json!({
        "calls_per_run": {"min": 30, "max": 30}, "writes": false, "pacing": {"min_ms": 2000, "max_ms": 2000}
    });
    let (book, _) = runtime.block_on(send(1, 0, policy));
    for account in ["a0", "a1", "a2"] {
        let own: Vec<_> = book.sent.iter().filter(|(_, token, _)| token == account).collect();
        assert!(own.len() >= 8 && own.iter().all(|(_, _, ids)| ids.len() <= 4));
        assert!(own.windows(2).all(|pair| pair[1].0 - pair[0].0 >= TimeDelta::seconds(2)));
    }
}
