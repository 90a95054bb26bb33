//! One simulated day: 288 ticks, and every run that they start.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::account_store::Store;
use super::capacity::{Capacity, SECOND_MS, Slot, TICK_MS, Topology};
use super::cost::Usage;
use super::latency::Latency;
use super::latency_histogram::LatencyHistogram;
use super::run::Run;
use crate::domain::account::AccountId;
use crate::domain::catalogue::Access;
use crate::domain::catalogue::generated_name::NameOwner;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Plan, Scope};
use crate::domain::policy::Policy;
use crate::domain::policy::schedule;
use crate::domain::seed::{RngStream, Seed};

/// A Monday.
const START: &str = "2026-03-02T00:00:00Z";
const TICKS_PER_DAY: i64 = 288;
/// The share of runs that end with a transient fault of the network or the service.
const FAULT_PROBABILITY: f64 = 0.01;
/// One account in this many has working hours.
const ACCOUNTS_PER_OFFICE_POLICY: u32 = 3;

/// The settings that all days share.
pub(super) struct Setting {
    policies: [Policy; 2],
    plans: Vec<Plan>,
    latency: Latency,
    ticks: i64,
    seed: u64,
}

impl Setting {
    /// Draws this many real plans; each run takes one of them.
    pub(super) fn new(plans: u64, latency: Latency, seed: u64) -> anyhow::Result<Self> {
        let office = json!({
            "timezone": "Asia/Shanghai", "working_hours": {"from": "09:00", "to": "18:30"},
            "working_days": ["mon", "tue", "wed", "thu", "fri"]
        });
        let policies = [Policy::default(), Policy::parse(office)?];
        Ok(Self { policies, plans: draw(plans)?, latency, ticks: TICKS_PER_DAY, seed })
    }

    fn policy(&self, number: u32) -> &Policy {
        &self.policies[usize::from(number.is_multiple_of(ACCOUNTS_PER_OFFICE_POLICY))]
    }
}

/// Draws plans of app-only and of delegated accounts in turn, with every permission granted.
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
            owner: NameOwner::of(account.as_str()),
        };
        Plan::draw(&scope, &mut Seed::new(number).rng(&account, RngStream::Plan))
    };
    Ok((0..count).map(plan).collect())
}

/// The figures of one day. Lateness is in seconds, from the time due to the start of the run.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub series: &'static str,
    pub accounts: u32,
    pub runs: u64,
    /// Accounts that ran at least once.
    pub ran: u32,
    /// Lateness of the accounts' first runs; `p50` and `p99` are of all later ones.
    pub first_p99: usize,
    pub p50: usize,
    pub p99: usize,
    /// The largest number of accounts waiting at a tick, in the day's first and second half.
    pub waiting: [usize; 2],
    /// Claims whose lease ended before a worker was free.
    pub stale: usize,
    /// Per month and account.
    pub dollars: f64,
    pub wall: Duration,
}

/// Simulates one day.
///
/// # Errors
/// If the tables fail, or an account is not as the day left it.
pub(super) async fn day(
    series: &'static str,
    accounts: u32,
    topology: Topology,
    mut store: Store,
    setting: &Setting,
) -> anyhow::Result<Day> {
    let clock = Instant::now();
    let start = START.parse::<DateTime<Utc>>()?;
    let mut rng = ChaCha12Rng::seed_from_u64(setting.seed);
    // One sync creates them all.
    let first_run = |number| schedule::first_run(start, setting.policy(number), &mut rng);
    store.fill((0..accounts).map(first_run).collect()).await?;

    let mut capacity = Capacity::new(topology);
    let mut due = VecDeque::new();
    // Since when an account has been due whose claim became stale.
    let mut since = HashMap::new();
    let mut begun = vec![false; accounts as usize];
    let (mut first, mut later, mut usage) =
        (LatencyHistogram::default(), LatencyHistogram::default(), Usage::default());
    let (mut waiting, mut stale) = ([0, 0], 0);
    for tick in 1..=setting.ticks {
        let now = start.timestamp_millis() + tick * TICK_MS;
        let queued = capacity.tick(now);
        store.list(now, &mut due).await?;
        let peak = &mut waiting[usize::from(tick > setting.ticks / 2)];
        *peak = (*peak).max(queued + due.len());
        let (mut runs, mut abandoned) = (Vec::new(), Vec::new());
        let mut last_end = now;
        while let Some((number, at)) = due.front().copied() {
            match capacity.assign() {
                Slot::Deferred => break,
                Slot::Stale { claimed } => {
                    since.entry(number).or_insert(at);
                    abandoned.push((number, claimed));
                }
                Slot::Begins { claimed, at: begins } => {
                    let plan = &setting.plans[rng.random_range(0..setting.plans.len())];
                    let ends = begins + setting.latency.of_run(plan, &mut rng);
                    capacity.release(ends);
                    last_end = last_end.max(ends);
                    usage.add_run(ends - begins);
                    let was_due = since.remove(&number).unwrap_or(at);
                    let first_time = !std::mem::replace(&mut begun[number as usize], true);
                    let late =
                        usize::try_from((begins - was_due) / SECOND_MS).context("a run began before it was due")?;
                    if first_time { &mut first } else { &mut later }.record(late);
                    let faulty = rng.random_bool(FAULT_PROBABILITY);
                    let outcome =
                        if faulty { Outcome::Transient { why: "simulated".to_owned() } } else { Outcome::Succeeded };
                    let (seed, policy) = (Seed::random(&mut rng), setting.policy(number));
                    runs.push(Run { number, claimed, begins, ends, seed, plan, outcome, policy });
                }
            }
            due.pop_front();
        }
        usage.add_tick(capacity.busy(last_end));
        stale += abandoned.len();
        store.abandon(&abandoned).await?;
        store.carry_out(&runs).await?;
    }
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
        dollars: usage.month(accounts, topology)?,
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

    async fn in_memory(accounts: u32, topology: Topology, setting: &Setting) -> Day {
        day("memory", accounts, topology, Store::Memory(Memory::default()), setting).await.unwrap()
    }

    fn figures(day: &Day) -> (u64, [usize; 3], [usize; 2], usize) {
        (day.runs, [day.first_p99, day.p50, day.p99], day.waiting, day.stale)
    }

    #[tokio::test]
    async fn tables_and_memory_give_the_same_day() {
        let topology = Topology::OneInvocation { concurrency: 32 };
        // Nine hours of it.
        let setting = |seed| Setting { ticks: 108, ..setting(seed, 200) };
        let memory = in_memory(4, topology, &setting(1)).await;
        let tables = Store::Tables(Tables::open(1).await.unwrap());
        let tables = day("tables", 4, topology, tables, &setting(1)).await.unwrap();
        assert_eq!(figures(&memory), figures(&tables));
        assert_ne!(figures(&memory), figures(&in_memory(4, topology, &setting(2)).await));
        assert!((8..36).contains(&memory.runs), "{memory:?}");
        // A tick comes every five minutes.
        assert!((60..240).contains(&memory.p50) && memory.p99 <= 301, "{memory:?}");
    }

    #[tokio::test]
    async fn too_few_slots_cause_lateness_and_a_queue_but_no_account_is_lost() {
        // Twelve seconds per run: more than the day has for all of them.
        let slow = setting(1, 4000);
        let one = in_memory(1500, Topology::OneInvocation { concurrency: 1 }, &slow).await;
        assert!(one.p99 > 3600 && one.waiting[1] > 300, "{one:?}");
        // Not all runs of the first sync begin within the lease.
        let queue = in_memory(1500, Topology::FanOut { workers: 1 }, &slow).await;
        assert!(queue.stale > 0 && queue.ran == 1500, "{queue:?}");
    }
}
