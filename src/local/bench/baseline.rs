//! The baselines: the same exchanges as the round, with the same concurrency and the same order per account, and no
//! logic. One uses the application's clients, with the AWS SDK for AWS; the other sends bare bytes, to show what the SDK
//! costs.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use serde::{Deserialize, Serialize};

use crate::adapters::http::{Timeouts, client};
use crate::local::bench::args::Endpoints;
use crate::local::bench::baseline_sdk::{Call, Sdk};
use crate::local::bench::recording::RecordedRequest;
use crate::local::bench::usage;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub wall_s: f64,
    pub cpu_s: f64,
    exchanges: u32,
}

impl Measured {
    /// # Errors
    /// If the baseline sent another number of requests than the round.
    pub(crate) fn check(&self, exchanges: u32) -> anyhow::Result<()> {
        let own = self.exchanges;
        anyhow::ensure!(own == exchanges, "the baseline had {own} exchanges, the round {exchanges}");
        Ok(())
    }
}

/// A prepared request that only has to be sent.
enum Prepared {
    Raw(Box<RawRequest>),
    Sdk(Call),
}

struct RawRequest {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: String,
}

/// Sends the recorded requests: those to AWS through the SDK, or all of them as bytes. Reading the recording is not counted.
pub(super) async fn measure(at: &Endpoints, through_sdk: bool) -> anyhow::Result<Measured> {
    let client = client(Timeouts::default())?;
    let sdk = if through_sdk { Some(Sdk::new(client.clone()).await) } else { None };
    let recording = client.get(&at.recording).send().await?.bytes().await.context("reading the recording")?;
    let chains = chains(serde_json::from_slice(&recording)?, sdk.as_ref())?;
    drop(recording);
    let (cpu, started) = (usage::cpu()?, Instant::now());
    let exchanges: Vec<u32> = stream::iter(chains)
        .map(|chain| send(&client, chain))
        .buffer_unordered(at.concurrency as usize)
        .try_collect()
        .await?;
    let (wall, cpu) = (started.elapsed(), usage::cpu()? - cpu);
    Ok(Measured { wall_s: wall.as_secs_f64(), cpu_s: cpu.as_secs_f64(), exchanges: exchanges.iter().sum() })
}

/// Sends the requests of one account, one after another; returns how many.
async fn send(client: &Client, chain: Vec<Prepared>) -> anyhow::Result<u32> {
    let mut sent = 0;
    for request in chain {
        match request {
            Prepared::Sdk(call) => call.send().await?,
            Prepared::Raw(request) => {
                let RawRequest { method, url, headers, body } = *request;
                let answer = client.request(method, url).headers(headers).body(body).send().await?;
                anyhow::ensure!(
                    answer.status().is_success(),
                    "a recorded request was answered with {}",
                    answer.status()
                );
                answer.bytes().await?;
            }
        }
        sent += 1;
    }
    Ok(sent)
}

/// The requests grouped by account, accounts in order of arrival; a request for many accounts is a group of its own.
fn chains(recording: Vec<RecordedRequest>, sdk: Option<&Sdk>) -> anyhow::Result<Vec<Vec<Prepared>>> {
    let mut chains: Vec<Vec<Prepared>> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for sent in recording {
        let known = sent.account.clone().and_then(|account| positions.get(&account).copied());
        let at = known.unwrap_or(chains.len());
        if known.is_none() {
            positions.extend(sent.account.clone().map(|account| (account, at)));
            chains.push(Vec::new());
        }
        let call = sdk.map_or(Ok(None), |sdk| sdk.call(&sent))?;
        chains[at].push(call.map_or_else(|| raw(sent), |call| Ok(Prepared::Sdk(call)))?);
    }
    Ok(chains)
}

fn raw(sent: RecordedRequest) -> anyhow::Result<Prepared> {
    let headers = sent
        .headers
        .iter()
        .map(|(name, value)| Ok((HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?)));
    Ok(Prepared::Raw(Box::new(RawRequest {
        method: Method::from_bytes(sent.method.as_bytes())?,
        url: sent.url.parse()?,
        headers: headers.collect::<anyhow::Result<_>>()?,
        body: sent.body,
    })))
}
