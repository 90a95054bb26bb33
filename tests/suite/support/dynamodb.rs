//! Fake DynamoDB: an embedded one in memory behind a proxy that counts, records, fails and holds calls.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use dynoxide::Database;
use e5_evergreen::adapters::http::{Timeouts, client};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::aws_json::{Service, Traffic, serve};

pub(crate) const ACCOUNTS: &str = "evergreen-accounts";
pub(crate) const RUNS: &str = "evergreen-runs";

/// The projection of the index `due`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Projection {
    All,
    KeysOnly,
}

/// Derefs to `Traffic` for faults, holds and records.
#[derive(Clone)]
pub(crate) struct FakeDynamo {
    /// The SDK's endpoint (`AWS_ENDPOINT_URL_DYNAMODB`).
    pub endpoint: String,
    traffic: Traffic,
    upstream: Upstream,
}

impl Deref for FakeDynamo {
    type Target = Traffic;

    fn deref(&self) -> &Traffic {
        &self.traffic
    }
}

impl FakeDynamo {
    /// Without tables.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let database = Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));

        let upstream = Upstream { url, client: client(Timeouts::default()).unwrap(), units: Arc::default() };
        let traffic = Traffic::default();
        let endpoint = serve(upstream.clone(), traffic.clone()).await;
        Self { endpoint, traffic, upstream }
    }

    /// With both tables, named `ACCOUNTS` and `RUNS`; the index projects only keys.
    pub(crate) async fn with_tables() -> Self {
        let dynamo = Self::start().await;
        dynamo.create_tables(Projection::KeysOnly).await;
        dynamo
    }

    pub(crate) async fn create_tables(&self, projection: Projection) {
        let projection = match projection {
            Projection::All => "ALL",
            Projection::KeysOnly => "KEYS_ONLY",
        };
        let string = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let key = |hash: &str, range: Option<&str>| {
            let range = range.map(|range| json!({"AttributeName": range, "KeyType": "RANGE"}));
            let hash = json!({"AttributeName": hash, "KeyType": "HASH"});
            Value::from_iter([Some(hash), range].into_iter().flatten())
        };
        let accounts = json!({
            "TableName": ACCOUNTS,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [string("account_id"), string("due_shard"), string("next_run_at")],
            "KeySchema": key("account_id", None),
            "GlobalSecondaryIndexes": [{
                "IndexName": "due",
                "KeySchema": key("due_shard", Some("next_run_at")),
                "Projection": {"ProjectionType": projection},
            }],
        });
        let runs = json!({
            "TableName": RUNS,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [string("account_id"), string("started_at")],
            "KeySchema": key("account_id", Some("started_at")),
        });
        let expiry = json!({
            "TableName": RUNS,
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": true},
        });
        self.call("CreateTable", &accounts).await;
        self.call("CreateTable", &runs).await;
        self.call("UpdateTimeToLive", &expiry).await;
    }

    /// Calls the database without the proxy: neither counted, recorded nor failed.
    pub(crate) async fn call(&self, action: &str, request: &Value) -> Value {
        let (status, _, body) = self.upstream.send(action, &HeaderMap::new(), &request.to_string()).await;
        assert!(status.is_success(), "{action}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The read and write units that the calls through the proxy have used since the last call of this function.
    pub(crate) fn take_units(&self) -> f64 {
        std::mem::take(&mut self.upstream.units.lock().unwrap())
    }

    /// The account's item, with DynamoDB's types (`{"status": {"S": "active"}}`).
    pub(crate) async fn get_item(&self, account: &str) -> Option<Value> {
        let request = json!({"TableName": ACCOUNTS, "Key": {"account_id": {"S": account}}, "ConsistentRead": true});
        self.call("GetItem", &request).await.get("Item").cloned()
    }

    /// One attribute of an account as text, whether string or number.
    pub(crate) async fn attribute(&self, account: &str, name: &str) -> Option<String> {
        let item = self.get_item(account).await?;
        let value = item.get(name)?;
        value.get("S").or_else(|| value.get("N"))?.as_str().map(str::to_owned)
    }

    /// Puts an item, with DynamoDB's types, into the accounts' table.
    pub(crate) async fn put_item(&self, item: &Value) {
        self.call("PutItem", &json!({"TableName": ACCOUNTS, "Item": item})).await;
    }

    pub(crate) async fn delete_item(&self, account: &str) {
        self.call("DeleteItem", &json!({"TableName": ACCOUNTS, "Key": {"account_id": {"S": account}}})).await;
    }

    /// All items of a table, with DynamoDB's types.
    pub(crate) async fn scan(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut request = json!({"TableName": table, "ConsistentRead": true});
        loop {
            let page = self.call("Scan", &request).await;
            items.extend(page["Items"].as_array().unwrap().iter().cloned());
            match page.get("LastEvaluatedKey") {
                Some(key) => request["ExclusiveStartKey"] = key.clone(),
                None => return items,
            }
        }
    }

    /// Both tables as one text to search.
    pub(crate) async fn everything_stored(&self) -> String {
        json!([self.scan(ACCOUNTS).await, self.scan(RUNS).await]).to_string()
    }
}

#[derive(Clone)]
struct Upstream {
    url: String,
    client: Client,
    units: Arc<Mutex<f64>>,
}

impl Upstream {
    async fn send(&self, action: &str, headers: &HeaderMap, body: &str) -> (StatusCode, HeaderMap, String) {
        let header = |name: &str, default: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or(default).to_owned()
        };
        let credential = "AWS4-HMAC-SHA256 Credential=test/20200101/eu-west-1/dynamodb/aws4_request, \
                          SignedHeaders=host, Signature=00";
        let answer = self
            .client
            .post(&self.url)
            .header("content-type", Self::CONTENT_TYPE)
            .header("x-amz-target", format!("{}{action}", Self::TARGET_PREFIX))
            .header("x-amz-date", header("x-amz-date", "20200101T000000Z"))
            .header("authorization", header("authorization", credential))
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let kept = ["x-amzn-requestid", "x-amz-crc32"].map(|name| (name, answer.headers().get(name).cloned()));
        let kept = kept.into_iter().filter_map(|(name, value)| Some((name.parse().unwrap(), value?))).collect();
        (status, kept, answer.text().await.unwrap())
    }
}

impl Service for Upstream {
    const TARGET_PREFIX: &'static str = "DynamoDB_20120810.";
    const CONTENT_TYPE: &'static str = "application/x-amz-json-1.0";

    async fn answer(&self, action: &str, headers: &HeaderMap, body: &str) -> (StatusCode, HeaderMap, String) {
        let mut request: Value = serde_json::from_str(body).unwrap_or_default();
        request["ReturnConsumedCapacity"] = json!("TOTAL");
        let answer = self.send(action, headers, &request.to_string()).await;
        let response: Value = serde_json::from_str(&answer.2).unwrap_or_default();
        *self.units.lock().unwrap() += response["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap_or_default();
        answer
    }
}

mod tests {
    use aws_sdk_dynamodb::{
        Client,
        error::ProvideErrorMetadata,
        types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
    };

    use super::*;
    use crate::support::{
        aws_json::{At, Fault},
        sdk_config,
    };

    async fn started() -> (FakeDynamo, Client) {
        let dynamo = FakeDynamo::with_tables().await;
        let client = Client::new(&sdk_config(&dynamo.endpoint));
        (dynamo, client)
    }

    fn text(value: &str) -> AttributeValue {
        AttributeValue::S(value.to_owned())
    }

    async fn put(client: &Client, account: &str) -> Result<(), Option<String>> {
        let put = client.put_item().table_name(ACCOUNTS).item("account_id", text(account));
        let put = put.condition_expression("attribute_not_exists(account_id)");
        put.send().await.map(drop).map_err(|error| error.code().map(str::to_owned))
    }

    #[tokio::test]
    async fn sdk_creates_puts_and_gets_over_the_shared_http_stack() {
        let dynamo = FakeDynamo::start().await;
        let client = Client::new(&sdk_config(&dynamo.endpoint));
        let key = KeySchemaElement::builder().attribute_name("k").key_type(KeyType::Hash).build().unwrap();
        let attribute = AttributeDefinition::builder().attribute_name("k").attribute_type(ScalarAttributeType::S);
        let create = client.create_table().table_name("trial").billing_mode(BillingMode::PayPerRequest);
        create.key_schema(key).attribute_definitions(attribute.build().unwrap()).send().await.unwrap();
        client.put_item().table_name("trial").item("k", text("a")).item("v", text("1")).send().await.unwrap();
        let got = client.get_item().table_name("trial").key("k", text("a")).send().await.unwrap();
        assert_eq!(got.item.unwrap()["v"], text("1"));
        assert_eq!((dynamo.calls("PutItem"), dynamo.calls("GetItem"), dynamo.total_calls()), (1, 1, 3));
        assert!(dynamo.everything().contains(r#""v":{"S":"1"}"#));
    }

    #[tokio::test]
    async fn due_index_finds_accounts_by_shard_and_time() {
        let (dynamo, client) = started().await;
        for (account, time) in [("late", "2026-01-02T00:00:00Z"), ("early", "2026-01-01T00:00:00Z")] {
            let item = json!({"account_id": {"S": account}, "due_shard": {"S": "0"}, "next_run_at": {"S": time}});
            dynamo.put_item(&item).await;
        }
        dynamo.put_item(&json!({"account_id": {"S": "never"}})).await;
        let query = client.query().table_name(ACCOUNTS).index_name("due");
        let query = query.key_condition_expression("due_shard = :s").expression_attribute_values(":s", text("0"));
        let found = query.send().await.unwrap();
        let ids: Vec<_> = found.items().iter().map(|item| item["account_id"].as_s().unwrap().as_str()).collect();
        assert_eq!(ids, ["early", "late"]);
        assert_eq!(dynamo.scan(ACCOUNTS).await.len(), 3);
        assert_eq!(dynamo.attribute("early", "due_shard").await.as_deref(), Some("0"));
        dynamo.delete_item("early").await;
        assert_eq!(dynamo.get_item("early").await, None);
        assert!(dynamo.everything_stored().await.contains("late"));
    }

    #[tokio::test]
    async fn throttling_dropped_connections_and_server_errors_are_retried() {
        let (dynamo, client) = started().await;
        for (account, fault) in
            [("a", Fault::THROTTLED), ("b", Fault::CAPACITY), ("c", Fault::Dropped), ("d", Fault::SERVER_ERROR)]
        {
            dynamo.forget();
            dynamo.fail_next_containing(2, "PutItem", &format!("\"{account}\""), fault);
            put(&client, account).await.unwrap();
            assert_eq!(dynamo.calls("PutItem"), 3, "{fault:?}");
            assert!(dynamo.get_item(account).await.is_some());
        }
    }

    #[tokio::test]
    async fn third_failure_is_final_and_refusals_are_not_retried() {
        let (dynamo, client) = started().await;
        dynamo.fail_next(3, "PutItem", Fault::THROTTLED);
        assert_eq!(put(&client, "a").await, Err(Some("ThrottlingException".to_owned())));
        dynamo.fail_next(3, "PutItem", Fault::DENIED);
        assert_eq!(put(&client, "a").await, Err(Some("AccessDeniedException".to_owned())));
        assert_eq!(dynamo.calls("PutItem"), 4);
        dynamo.heal();
        put(&client, "a").await.unwrap();
    }

    #[tokio::test]
    async fn write_whose_answer_is_lost_is_applied() {
        let (dynamo, client) = started().await;
        dynamo.fail_next(1, "PutItem", Fault::AnswerLost);
        assert_eq!(put(&client, "a").await, Err(Some("ConditionalCheckFailedException".to_owned())));
        assert!(dynamo.get_item("a").await.is_some());
    }

    #[tokio::test]
    async fn held_call_waits_before_or_after_its_effect() {
        let (dynamo, client) = started().await;
        for (account, at, done) in [("a", At::Request, false), ("b", At::Answer, true)] {
            let mut hold = dynamo.hold("PutItem", account, at);
            let putting = tokio::spawn({
                let client = client.clone();
                async move { put(&client, account).await }
            });
            hold.reached().await;
            assert_eq!(dynamo.get_item(account).await.is_some(), done);
            assert!(!putting.is_finished());
            hold.release();
            putting.await.unwrap().unwrap();
            assert!(dynamo.get_item(account).await.is_some());
        }
    }

    #[tokio::test]
    async fn caller_that_dies_while_held_leaves_nothing_behind() {
        let (dynamo, client) = started().await;
        let mut hold = dynamo.hold("PutItem", "", At::Request);
        let putting = tokio::spawn(async move { put(&client, "a").await });
        hold.reached().await;
        putting.abort();
        let _aborted = putting.await;
        hold.left().await;
        hold.release();
        assert_eq!(dynamo.get_item("a").await, None);
    }

    #[tokio::test]
    async fn random_faults_are_reproducible_until_healed() {
        let (dynamo, client) = started().await;
        let mut drawn = Vec::new();
        for _ in 0..2 {
            dynamo.fail_randomly(7, 0.5, &[Fault::DENIED]);
            let mut outcomes = Vec::new();
            for _ in 0..20 {
                outcomes.push(client.scan().table_name(RUNS).send().await.is_ok());
            }
            drawn.push(outcomes);
        }
        assert_eq!(drawn[0], drawn[1]);
        assert!(drawn[0].contains(&true) && drawn[0].contains(&false));
        dynamo.heal();
        client.scan().table_name(RUNS).send().await.unwrap();
    }
}
