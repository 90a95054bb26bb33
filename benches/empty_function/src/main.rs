//! A function that does nothing, with the same clients as the real one: the lower bound of a cold start.

use e5_evergreen::adapters::http::{Timeouts, client, sdk_config};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = client(Timeouts::default())?;
    let sdk = sdk_config(client.clone()).await;
    let clients = (
        client,
        aws_sdk_dynamodb::Client::new(&sdk),
        aws_sdk_secretsmanager::Client::new(&sdk),
        aws_sdk_sts::Client::new(&sdk),
    );
    let clients = &clients;
    run(service_fn(async |event: LambdaEvent<Value>| {
        std::hint::black_box(clients);
        Ok::<Value, Error>(event.payload)
    }))
    .await
}
