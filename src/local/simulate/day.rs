//! One simulated day: 288 ticks, and every run that they begin.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::account_store::{Store, time};
use super::capacity::{Capacity, SECOND, Slot, TICK, Topology};
use super::cost::Used;
use super::latency::Latency;
use super::latency_histogram::LatencyHistogram;
use crate::domain::account::{Account, AccountId};
use crate::domain::catalogue::Access;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::outcome::{self, Outcome};
use crate::domain::plan::{Plan, Scope};
use crate::domain::policy::Policy;
use crate::domain::policy::schedule;
use crate::domain::seed::{RngStream, Seed};

/// A Monday.
const START: &str = "2026-03-02T00:00:00Z";
const TICKS: i64 = 288;
/// The share of runs that end with a fault of the network or the service.
const FAULTS: f64 = 0.01;
/// One account in so many keeps office hours.
const OFFICE: u32 = 3;

/// What all days have in common.
pub struct Setting {
    policies: [Policy; 2],
    plans: Vec<Plan>,
    latency: Latency,
    ticks: i64,
    seed: u64,
}

impl Setting {
    /// With so many plans that are really drawn: each run takes one of them.
    pub fn new(plans: u64, latency: Latency, seed: u64) -> anyhow::Result<Self> {
        let office = json!({
            "timezone": "Asia/Shanghai", "working_hours": {"from": "09:00", "to": "18:30"},
            "working_days": ["mon", "tue", "wed", "thu", "fri"]
        });
        let policies = [Policy::default(), Policy::parse(office)?];
        Ok(Self { policies, plans: draw(plans)?, latency, ticks: TICKS, seed })
    }

    fn policy(&self, number: u32) -> &Policy {
        &self.policies[usize::from(number.is_multiple_of(OFFICE))]
    }
}

/// Plans of app-only and of delegated accounts, in turn, with every permission.
fn draw(count: u64) -> anyhow::Result<Vec<Plan>> {
    let (policy, set_aside, now) = (Policy::default(), std::collections::BTreeMap::new(), START.parse()?);
    let account = AccountId::parse("simulated")?;
    let plan = |number: u64| {
        let subject = if number.is_multiple_of(2) { Access::AppOnly } else { Access::Delegated };
        let scope = Scope {
            policy: &policy,
            access: subject,
            user_id: Some("megan@contoso.onmicrosoft.com"),
            granted: &GrantedPermissions::Unknown,
            set_aside: &set_aside,
            sweep: false,
            watch: None,
            now,
        };
        Plan::draw(&scope, &mut Seed::new(number).rng(&account, RngStream::Plan))
    };
    Ok((0..count).map(plan).collect())
}

/// One run of the day; times in milliseconds.
pub struct Run<'a> {
    pub number: u32,
    pub claimed: i64,
    pub begins: i64,
    pub ends: i64,
    pub seed: Seed,
    pub plan: &'a Plan,
    pub outcome: Outcome,
    policy: &'a Policy,
}

impl Run<'_> {
    /// What the outcome does to the account, with its next time.
    pub fn settle(&self, account: &mut Account) {
        let rng = &mut self.seed.rng(&account.id, RngStream::Schedule);
        outcome::settle(account, self.policy, &self.outcome, time(self.ends), rng);
    }
}

/// What came of one day. Lateness is in seconds, from the time due to the beginning of the run.
#[derive(Clone, Debug)]
pub struct Day {
    pub series: &'static str,
    pub accounts: u32,
    pub runs: u64,
    /// Accounts that ran at least once.
    pub ran: u32,
    /// Of accounts' first runs, and of all later ones.
    pub first_p99: usize,
    pub p50: usize,
    pub p99: usize,
    /// The most that waited at a tick, in the day's first half and in its second.
    pub waiting: [usize; 2],
    /// Claims whose lease ended before a worker was free.
    pub stale: usize,
    /// A month, for each account.
    pub dollars: f64,
    pub wall: Duration,
}

/// Lives through the day.
///
/// # Errors
/// Where the tables fail, or an account is not as the day left it.
pub async fn day(
    series: &'static str,
    accounts: u32,
    form: Topology,
    mut store: Store,
    setting: &Setting,
) -> anyhow::Result<Day> {
    let clock = Instant::now();
    let start = START.parse::<DateTime<Utc>>()?;
    let mut rng = ChaCha12Rng::seed_from_u64(setting.seed);
    // One sync makes them all.
    let first_run = |number| schedule::first_run(start, setting.policy(number), &mut rng);
    store.fill((0..accounts).map(first_run).collect()).await?;

    let mut capacity = Capacity::new(form);
    let mut due = VecDeque::new();
    // Since when an account has been due whose claim nobody came to.
    let mut since = HashMap::new();
    let mut begun = vec![false; accounts as usize];
    let (mut first, mut later, mut used) = (LatencyHistogram::default(), LatencyHistogram::default(), Used::default());
    let (mut waiting, mut stale) = ([0, 0], 0);
    for tick in 1..=setting.ticks {
        let now = start.timestamp_millis() + tick * TICK;
        let queued = capacity.tick(now);
        store.list(now, &mut due).await?;
        let most = &mut waiting[usize::from(tick > setting.ticks / 2)];
        *most = (*most).max(queued + due.len());
        let (mut runs, mut left) = (Vec::new(), Vec::new());
        let mut last_end = now;
        while let Some((number, at)) = due.front().copied() {
            match capacity.place() {
                Slot::Deferred => break,
                Slot::Stale { claimed } => {
                    since.entry(number).or_insert(at);
                    left.push((number, claimed));
                }
                Slot::Begins { claimed, at: begins } => {
                    let plan = &setting.plans[rng.random_range(0..setting.plans.len())];
                    let ends = begins + setting.latency.of(plan, &mut rng);
                    capacity.ends(ends);
                    last_end = last_end.max(ends);
                    used.run(ends - begins);
                    let was_due = since.remove(&number).unwrap_or(at);
                    let first_time = !std::mem::replace(&mut begun[number as usize], true);
                    let late = usize::try_from((begins - was_due) / SECOND).context("a run began before it was due")?;
                    if first_time { &mut first } else { &mut later }.note(late);
                    let faulty = rng.random_bool(FAULTS);
                    let outcome =
                        if faulty { Outcome::Transient { why: "simulated".to_owned() } } else { Outcome::Succeeded };
                    let (seed, policy) = (Seed::random(&mut rng), setting.policy(number));
                    runs.push(Run { number, claimed, begins, ends, seed, plan, outcome, policy });
                }
            }
            due.pop_front();
        }
        used.tick(capacity.busy(last_end));
        stale += left.len();
        store.leave(&left).await?;
        store.carry_out(&runs).await?;
    }
    store.close().await;
    Ok(Day {
        series,
        accounts,
        runs: first.count() + later.count(),
        ran: u32::try_from(first.count())?,
        first_p99: first.quantile(0.99),
        p50: later.quantile(0.5),
        p99: later.quantile(0.99),
        waiting,
        stale,
        dollars: used.month(accounts, form)?,
        wall: clock.elapsed(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::account_store::{Memory, Tables};
    use super::*;

    fn setting(seed: u64, graph: i64) -> Setting {
        Setting::new(16, Latency { login: 100, graph, table: 10 }, seed).unwrap()
    }

    async fn in_memory(accounts: u32, form: Topology, setting: &Setting) -> Day {
        day("memory", accounts, form, Store::Memory(Memory::default()), setting).await.unwrap()
    }

    fn figures(day: &Day) -> (u64, [usize; 3], [usize; 2], usize) {
        (day.runs, [day.first_p99, day.p50, day.p99], day.waiting, day.stale)
    }

    #[tokio::test]
    async fn the_tables_and_the_memory_live_through_the_same_day() {
        let form = Topology::OneInvocation { concurrency: 32 };
        // Nine hours of it.
        let setting = |seed| Setting { ticks: 108, ..setting(seed, 200) };
        let memory = in_memory(4, form, &setting(1)).await;
        let tables = Store::Tables(Tables::open(1).await.unwrap());
        let tables = day("tables", 4, form, tables, &setting(1)).await.unwrap();
        assert_eq!(figures(&memory), figures(&tables));
        assert_ne!(figures(&memory), figures(&in_memory(4, form, &setting(2)).await));
        assert!((8..36).contains(&memory.runs), "{memory:?}");
        // A tick comes every five minutes.
        assert!((60..240).contains(&memory.p50) && memory.p99 <= 301, "{memory:?}");
    }

    #[tokio::test]
    async fn too_few_places_show_as_lateness_and_as_a_queue_and_lose_no_account() {
        // Some twelve seconds a run: more than the day has for all.
        let slow = setting(1, 4000);
        let one = in_memory(1500, Topology::OneInvocation { concurrency: 1 }, &slow).await;
        assert!(one.p99 > 3600 && one.waiting[1] > 300, "{one:?}");
        // The first sync's do not all begin within the lease.
        let queue = in_memory(1500, Topology::FanOut { workers: 1 }, &slow).await;
        assert!(queue.stale > 0 && queue.ran == 1500, "{queue:?}");
    }
}
