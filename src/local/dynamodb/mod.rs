//! DynamoDB without AWS: an embedded database, called through the same adapter as in production.

pub(super) mod error;
mod in_process;

use std::path::Path;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use dynoxide::Database;

use crate::local::dynamodb::error::{LocalDynamoDbError, cannot_open, failed};
use crate::local::dynamodb::in_process::InProcess;

pub(super) const ACCOUNTS: &str = "accounts";
pub(super) const RUNS: &str = "runs";

/// Never resolved: requests are answered in this process.
const ENDPOINT: &str = "http://database.invalid";

/// An open database, out of reach of other programs. It never contains a secret.
pub(super) struct LocalDynamoDb {
    pub client: Client,
    database: Database,
}

impl LocalDynamoDb {
    /// Opens a database in memory.
    pub(super) async fn in_memory() -> Result<Self, LocalDynamoDbError> {
        Self::start(Database::memory().map_err(failed("cannot be opened"))?).await
    }

    /// Opens a database file; creates it if it is missing.
    pub(super) async fn open(path: &Path) -> Result<Self, LocalDynamoDbError> {
        let database = Database::new(&path.to_string_lossy());
        let database = database.map_err(|error| cannot_open(path, &error.to_string()))?;
        // Reads the file: whether it is a database shows only now.
        database.table_count().map_err(|error| cannot_open(path, &error.to_string()))?;
        Self::start(database).await
    }

    async fn start(database: Database) -> Result<Self, LocalDynamoDbError> {
        let opened = Self { client: Client::new(&sdk_config(&database)), database };
        opened.create_tables().await?;
        Ok(opened)
    }

    /// The database itself, for the benchmark's server.
    pub(super) fn database(&self) -> Database {
        self.database.clone()
    }

    /// Removes expired history, as the table's time to live does on AWS.
    pub(super) fn sweep(&self) -> Result<usize, LocalDynamoDbError> {
        self.database.sweep_ttl().map_err(failed("cannot be swept"))
    }

    async fn create_tables(&self) -> Result<(), LocalDynamoDbError> {
        let made = self.client.list_tables().send().await.map_err(failed("does not answer"))?;
        let missing = |table: &str| !made.table_names().iter().any(|name| name == table);
        if missing(ACCOUNTS) {
            let index = GlobalSecondaryIndex::builder()
                .index_name("due")
                .key_schema(key("due_shard", KeyType::Hash))
                .key_schema(key("next_run_at", KeyType::Range))
                .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
                .build()
                .map_err(failed("cannot make its index"))?;
            let create = self
                .client
                .create_table()
                .table_name(ACCOUNTS)
                .billing_mode(BillingMode::PayPerRequest)
                .attribute_definitions(string("account_id"))
                .attribute_definitions(string("due_shard"))
                .attribute_definitions(string("next_run_at"))
                .key_schema(key("account_id", KeyType::Hash))
                .global_secondary_indexes(index);
            create.send().await.map_err(failed("cannot make its tables"))?;
        }
        if missing(RUNS) {
            let create = self
                .client
                .create_table()
                .table_name(RUNS)
                .billing_mode(BillingMode::PayPerRequest)
                .attribute_definitions(string("account_id"))
                .attribute_definitions(string("started_at"))
                .key_schema(key("account_id", KeyType::Hash))
                .key_schema(key("started_at", KeyType::Range));
            create.send().await.map_err(failed("cannot make its tables"))?;
            let expiry = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build();
            let expiry = expiry.map_err(failed("cannot make its tables"))?;
            let update = self.client.update_time_to_live().table_name(RUNS).time_to_live_specification(expiry);
            update.send().await.map_err(failed("cannot make its tables"))?;
        }
        Ok(())
    }
}

// Every required part is set: building cannot fail.
fn string(name: &str) -> AttributeDefinition {
    let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
    definition.build().unwrap_or_else(|error| unreachable!("{error}"))
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .unwrap_or_else(|error| unreachable!("{error}"))
}

/// The SDK requires region and credentials; the embedded database looks at neither.
fn sdk_config(database: &Database) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(InProcess(database.clone()))
        .region(Region::new("local"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "local", "local", None, None, "embedded",
        )))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .endpoint_url(ENDPOINT)
        .build()
}
