//! The CPU cost of the pure core: planning a run and reading its responses. `cargo bench --bench core`.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use chrono::{DateTime, Utc};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use e5_evergreen::adapters::microsoft::graph::{decode, encode};
use e5_evergreen::domain::account::AccountId;
use e5_evergreen::domain::account::history::CallResult;
use e5_evergreen::domain::account::recent_calls::RecentCalls;
use e5_evergreen::domain::account::set_aside::SetAside;
use e5_evergreen::domain::catalogue::generated_name::NameOwner;
use e5_evergreen::domain::catalogue::granted::GrantedPermissions;
use e5_evergreen::domain::catalogue::{self, Access};
use e5_evergreen::domain::plan::{ITEMS_PER_BATCH, Plan, Role, Scope};
use e5_evergreen::domain::policy::Policy;
use e5_evergreen::domain::policy::schedule;
use e5_evergreen::domain::seed::{RngStream, Seed};
use e5_evergreen::ports::BatchItem;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::{Value, json};

/// Seeds that are used in turn: a plan of twelve calls costs more than one of three.
const ROUNDS: u64 = 64;

/// An account with every permission that the catalogue accepts for its kind of token.
struct Caller {
    name: &'static str,
    id: AccountId,
    access: Access,
    granted: GrantedPermissions,
    policy: Policy,
    habits: RecentCalls,
    set_aside: BTreeMap<SetAside, DateTime<Utc>>,
}

impl Caller {
    fn new(name: &'static str, access: Access, policy: Value) -> Self {
        let granted: BTreeSet<String> =
            catalogue::all().flat_map(|operation| operation.accepted(access)).map(|name| (*name).to_owned()).collect();
        let mut caller = Self {
            name,
            id: AccountId::parse(name).unwrap(),
            access,
            granted: GrantedPermissions::Known(granted),
            policy: Policy::parse(policy).unwrap(),
            habits: RecentCalls::default(),
            set_aside: BTreeMap::new(),
        };
        for round in 0..ROUNDS {
            let plan = caller.draw(round);
            caller.habits.record(&plan.steps.iter().map(|step| answered(step.operation.id)).collect::<Vec<_>>());
        }
        caller
    }

    fn all() -> [Self; 2] {
        [Self::new("app-only", Access::AppOnly, json!({})), Self::new("delegated", Access::Delegated, json!({}))]
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            policy: &self.policy,
            access: self.access,
            user_id: Some("megan@contoso.onmicrosoft.com"),
            granted: &self.granted,
            set_aside: &self.set_aside,
            sweep: false,
            watch: None,
            now: now(),
            owner: NameOwner::of(self.id.as_str()),
        }
    }

    fn draw(&self, round: u64) -> Plan {
        Plan::draw(&self.scope(), &mut Seed::new(round).rng(&self.id, RngStream::Plan))
    }
}

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn answered(operation: &str) -> CallResult {
    CallResult { operation: operation.to_owned(), ok: true, status: 200, error_code: None, request_id: None }
}

fn plans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    for caller in Caller::all() {
        let mut rounds = (0..ROUNDS).cycle();
        group.bench_function(BenchmarkId::new("draw", caller.name), |bencher| {
            bencher.iter(|| caller.draw(black_box(rounds.next().unwrap())));
        });
        group.bench_function(BenchmarkId::new("seed", caller.name), |bencher| {
            bencher.iter(|| {
                let round = Seed::new(black_box(rounds.next().unwrap()));
                Plan::seed(&caller.scope(), &caller.habits, &caller.id, round)
            });
        });
    }
    group.finish();
}

fn schedules(criterion: &mut Criterion) {
    let office = json!({
        "timezone": "Asia/Shanghai", "working_hours": {"from": "09:00", "to": "18:30"},
        "working_days": ["mon", "tue", "wed", "thu", "fri"]
    });
    let mut group = criterion.benchmark_group("next_run");
    // Working hours end in half an hour, so nearly every draw falls into the next day's window.
    for (name, policy) in [("all day", json!({})), ("office hours", office)] {
        let policy = Policy::parse(policy).unwrap();
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        group.bench_function(name, |bencher| {
            bencher.iter(|| schedule::next_run(black_box(now()), &policy, &mut rng));
        });
    }
    group.finish();
}

fn lookups(criterion: &mut Criterion) {
    let ids: Vec<&str> = catalogue::all().map(|operation| operation.id).collect();
    let mut group = criterion.benchmark_group("catalogue");
    let mut wanted = ids.iter().cycle();
    group.bench_function("find", |bencher| {
        bencher.iter(|| catalogue::find(black_box(wanted.next().unwrap())));
    });
    group.bench_function("find nothing", |bencher| {
        bencher.iter(|| catalogue::find(black_box("mail.no.such.operation")));
    });
    group.finish();
}

fn batches(criterion: &mut Criterion) {
    let items = full_batch();
    let answer = answer(&items).to_string();
    let mut group = criterion.benchmark_group("batch of 20");
    group.throughput(Throughput::Bytes(encode(&items).unwrap().len() as u64));
    group.bench_function("encode", |bencher| bencher.iter(|| encode(black_box(&items)).unwrap()));
    group.throughput(Throughput::Bytes(answer.len() as u64));
    group.bench_function("decode", |bencher| bencher.iter(|| decode(black_box(answer.as_bytes())).unwrap()));
    group.finish();
}

/// The first wave of a large plan, reads and writes, up to the size of one batch.
fn full_batch() -> Vec<BatchItem> {
    let caller = Caller::new("delegated", Access::Delegated, json!({"calls_per_run": {"min": 40, "max": 40}}));
    let plan = caller.draw(1);
    let first = plan.steps.into_iter().enumerate().filter(|(_, step)| step.wave == 0 && step.role != Role::Sweep);
    let item = |(index, step): (usize, e5_evergreen::domain::plan::Step)| BatchItem {
        id: index.to_string(),
        method: step.operation.method.as_str(),
        url: step.url,
        headers: step.operation.headers,
        payload: step.payload,
        depends_on: None,
    };
    let items: Vec<BatchItem> = first.map(item).take(ITEMS_PER_BATCH).collect();
    assert_eq!(items.len(), ITEMS_PER_BATCH, "the first wave fills a batch");
    items
}

/// Graph's responses to reads: lists of five objects of a dozen fields, one or two kilobytes each, and one refusal.
fn answer(items: &[BatchItem]) -> Value {
    let thing = |number: usize| {
        json!({
            "@odata.etag": format!("W/\"CQAAABYAAAC4+{number}\""),
            "id": format!("AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLTU1OGY5OTZhYmY4OABGAAAAAAAiQ8W967B7TKBjgx9rVEURB{number:03}="),
            "createdDateTime": "2026-03-02T08:12:45Z", "lastModifiedDateTime": "2026-03-02T08:12:46Z",
            "subject": "Evergreen: the weekly figures", "bodyPreview": "Good morning, here is what was asked for.",
            "importance": "normal", "isRead": false, "hasAttachments": false, "webLink": "https://outlook.office365.com/owa/",
            "from": {"emailAddress": {"name": "Megan Bowen", "address": "megan@contoso.onmicrosoft.com"}},
            "categories": []
        })
    };
    let things: Vec<Value> = (0..5).map(thing).collect();
    let reply = |(at, item): (usize, &BatchItem)| {
        let headers = json!({"Content-Type": "application/json", "request-id": "6b6c3a4e-2f0b-4a55-9d1c-0d6f2b1c7a10"});
        if at == 7 {
            let error = json!({"code": "ErrorItemNotFound", "message": "The object was not found in the store."});
            return json!({"id": item.id, "status": 404, "headers": headers, "body": {"error": error}});
        }
        let body = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#things", "value": things});
        json!({"id": item.id, "status": 200, "headers": headers, "body": body})
    };
    json!({"responses": items.iter().enumerate().map(reply).collect::<Vec<_>>()})
}

criterion_group!(core, plans, schedules, lookups, batches);
criterion_main!(core);
