//! Recorded AWS requests as calls of the SDK that only need to be sent.

use std::collections::HashMap;

use anyhow::Context;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_secretsmanager::operation::batch_get_secret_value::builders::BatchGetSecretValueFluentBuilder;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::adapters::http::sdk_config;
use crate::local::bench::recording::{RecordedRequest, Service};

pub(super) struct Sdk {
    dynamodb: aws_sdk_dynamodb::Client,
    secrets: aws_sdk_secretsmanager::Client,
}

/// The AWS calls of a round.
pub(super) enum Call {
    Query(Box<QueryFluentBuilder>),
    Update(Box<UpdateItemFluentBuilder>),
    Put(Box<PutItemFluentBuilder>),
    Secrets(Box<BatchGetSecretValueFluentBuilder>),
}

impl Sdk {
    pub(super) async fn new(client: reqwest::Client) -> Self {
        let sdk = sdk_config(client).await;
        Self { dynamodb: aws_sdk_dynamodb::Client::new(&sdk), secrets: aws_sdk_secretsmanager::Client::new(&sdk) }
    }

    /// Returns `None` for a request that does not go to AWS.
    pub(super) fn call(&self, sent: &RecordedRequest) -> anyhow::Result<Option<Call>> {
        if !matches!(sent.service, Service::Dynamodb | Service::Secrets) {
            return Ok(None);
        }
        let body: Value = serde_json::from_str(&sent.body)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let names = body.get("ExpressionAttributeNames").and_then(Value::as_object).map(|names| {
            names.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
        });
        let values = item(body.get("ExpressionAttributeValues"))?;
        let action = sent.header("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default();
        Ok(Some(match action {
            "Query" => Call::Query(Box::new(
                self.dynamodb
                    .query()
                    .set_table_name(text("TableName"))
                    .set_index_name(text("IndexName"))
                    .set_key_condition_expression(text("KeyConditionExpression"))
                    .set_projection_expression(text("ProjectionExpression"))
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .set_exclusive_start_key(item(body.get("ExclusiveStartKey"))?)
                    .set_limit(body.get("Limit").and_then(|limit| i32::try_from(limit.as_i64()?).ok())),
            )),
            "UpdateItem" => Call::Update(Box::new(
                self.dynamodb
                    .update_item()
                    .set_table_name(text("TableName"))
                    .set_key(item(body.get("Key"))?)
                    .set_update_expression(text("UpdateExpression"))
                    .set_condition_expression(text("ConditionExpression"))
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .set_return_values(text("ReturnValues").as_deref().map(Into::into))
                    .set_return_values_on_condition_check_failure(
                        text("ReturnValuesOnConditionCheckFailure").as_deref().map(Into::into),
                    ),
            )),
            "PutItem" => Call::Put(Box::new(
                self.dynamodb.put_item().set_table_name(text("TableName")).set_item(item(body.get("Item"))?),
            )),
            "BatchGetSecretValue" => {
                let ids = body["SecretIdList"].as_array().into_iter().flatten();
                let ids = ids.filter_map(Value::as_str).map(str::to_owned).collect();
                Call::Secrets(Box::new(self.secrets.batch_get_secret_value().set_secret_id_list(Some(ids))))
            }
            other => anyhow::bail!("the baseline does not know the action `{other}`"),
        }))
    }
}

impl Call {
    pub(super) async fn send(self) -> anyhow::Result<()> {
        match self {
            Self::Query(call) => drop(call.send().await?),
            Self::Update(call) => drop(call.send().await?),
            Self::Put(call) => drop(call.send().await?),
            Self::Secrets(call) => drop(call.send().await?),
        }
        Ok(())
    }
}

fn item(value: Option<&Value>) -> anyhow::Result<Option<HashMap<String, AttributeValue>>> {
    value.and_then(Value::as_object).map(fields).transpose()
}

fn fields(fields: &Map<String, Value>) -> anyhow::Result<HashMap<String, AttributeValue>> {
    fields.iter().map(|(name, value)| Ok((name.clone(), attribute(value)?))).collect()
}

fn attribute(value: &Value) -> anyhow::Result<AttributeValue> {
    let typed = value.as_object().and_then(|typed| typed.iter().next());
    Ok(match typed.map(|(kind, value)| (kind.as_str(), value)).context("an attribute has a type")? {
        ("S", Value::String(text)) => AttributeValue::S(text.clone()),
        ("N", Value::String(number)) => AttributeValue::N(number.clone()),
        ("B", Value::String(bytes)) => AttributeValue::B(Blob::new(STANDARD.decode(bytes)?)),
        ("BOOL", Value::Bool(truth)) => AttributeValue::Bool(*truth),
        ("L", Value::Array(list)) => AttributeValue::L(list.iter().map(attribute).collect::<anyhow::Result<_>>()?),
        ("M", Value::Object(map)) => AttributeValue::M(fields(map)?),
        (kind, _) => anyhow::bail!("the baseline does not know attributes of type `{kind}`"),
    })
}
