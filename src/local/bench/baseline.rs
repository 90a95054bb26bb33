//! The floors: the very same exchanges with the same concurrency and the same order in each account, and no logic. One has
//! the same clients as the house, the AWS SDK's to AWS; the other sends bytes alone, to tell what the SDK costs.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use serde::{Deserialize, Serialize};

use crate::adapters::http::{Timeouts, client};
use crate::local::bench::baseline_sdk::{Call, Sdk};
use crate::local::bench::recording::Sent;
use crate::local::bench::{Where, usage};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measured {
    pub wall_s: f64,
    pub cpu_s: f64,
    exchanges: u32,
}

impl Measured {
    /// # Errors
    /// Where not every exchange of the round was one of the floor's.
    pub fn check(&self, exchanges: u32) -> anyhow::Result<()> {
        let own = self.exchanges;
        anyhow::ensure!(own == exchanges, "the floor had {own} exchanges, the round {exchanges}");
        Ok(())
    }
}

/// A request that only needs to be sent.
enum Ready {
    Bytes(Box<Bytes>),
    Sdk(Call),
}

struct Bytes {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: String,
}

/// Sends the recording: what is AWS's through the SDK, or all as bytes. Reading it is not counted.
pub async fn measure(at: &Where, through_sdk: bool) -> anyhow::Result<Measured> {
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

/// One account's requests, one after the other.
async fn send(client: &Client, chain: Vec<Ready>) -> anyhow::Result<u32> {
    let mut sent = 0;
    for ready in chain {
        match ready {
            Ready::Sdk(call) => call.send().await?,
            Ready::Bytes(bytes) => {
                let Bytes { method, url, headers, body } = *bytes;
                let answer = client.request(method, url).headers(headers).body(body).send().await?;
                anyhow::ensure!(answer.status().is_success(), "the recording was answered with {}", answer.status());
                answer.bytes().await?;
            }
        }
        sent += 1;
    }
    Ok(sent)
}

/// The requests by account, in the order in which the accounts came; what is for many stands alone.
fn chains(recording: Vec<Sent>, sdk: Option<&Sdk>) -> anyhow::Result<Vec<Vec<Ready>>> {
    let mut chains: Vec<Vec<Ready>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for sent in recording {
        let place = sent.account.clone().and_then(|account| places.get(&account).copied());
        let at = place.unwrap_or(chains.len());
        if place.is_none() {
            places.extend(sent.account.clone().map(|account| (account, at)));
            chains.push(Vec::new());
        }
        let call = sdk.map_or(Ok(None), |sdk| sdk.call(&sent))?;
        chains[at].push(call.map_or_else(|| ready(sent), |call| Ok(Ready::Sdk(call)))?);
    }
    Ok(chains)
}

fn ready(sent: Sent) -> anyhow::Result<Ready> {
    let headers = sent
        .headers
        .iter()
        .map(|(name, value)| Ok((HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?)));
    Ok(Ready::Bytes(Box::new(Bytes {
        method: Method::from_bytes(sent.method.as_bytes())?,
        url: sent.url.parse()?,
        headers: headers.collect::<anyhow::Result<_>>()?,
        body: sent.body,
    })))
}
