//! A stand-in for Secrets Manager with what a round needs: `BatchGetSecretValue` by names.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

/// As AWS limits it.
const SECRETS_PER_REQUEST: usize = 20;

/// Serves the secrets on loopback until the process ends; returns the base URL.
pub(super) async fn serve(secrets: HashMap<String, String>) -> std::io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let router = Router::new().fallback(answer).with_state(Arc::new(secrets));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BatchGetSecretValueRequest {
    secret_id_list: Vec<String>,
}

async fn answer(State(secrets): State<Arc<HashMap<String, String>>>, headers: HeaderMap, body: String) -> Response {
    let is = |name: &str, wanted: &str| headers.get(name).is_some_and(|value| value.as_bytes() == wanted.as_bytes());
    let signed = headers.get("authorization").is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256 "));
    let request = serde_json::from_str::<BatchGetSecretValueRequest>(&body);
    let reply = |status: StatusCode, body: serde_json::Value| {
        (status, [("content-type", "application/x-amz-json-1.1")], body.to_string()).into_response()
    };
    match request {
        Ok(BatchGetSecretValueRequest { secret_id_list: names })
            if signed
                && is("x-amz-target", "secretsmanager.BatchGetSecretValue")
                && is("content-type", "application/x-amz-json-1.1")
                && (1..=SECRETS_PER_REQUEST).contains(&names.len()) =>
        {
            let (mut values, mut errors) = (Vec::new(), Vec::new());
            for name in names {
                let arn = format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf");
                match secrets.get(&name) {
                    Some(text) => values.push(json!({
                        "ARN": arn, "Name": name, "VersionId": VERSION, "SecretString": text,
                        "VersionStages": ["AWSCURRENT"], "CreatedDate": 1_700_000_000
                    })),
                    None => errors.push(json!({
                        "SecretId": name, "ErrorCode": "ResourceNotFoundException",
                        "Message": "Secrets Manager can't find the specified secret."
                    })),
                }
            }
            reply(StatusCode::OK, json!({"SecretValues": values, "Errors": errors}))
        }
        _ => reply(
            StatusCode::BAD_REQUEST,
            json!({"__type": "ValidationException", "Message": "a round sends no such request"}),
        ),
    }
}

/// The version of every secret.
pub(super) const VERSION: &str = "00000000-0000-4000-8000-000000000001";
