//! Secrets in AWS Secrets Manager.

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use secrecy::{ExposeSecret, SecretString};

use crate::adapters::aws::sdk_error::describe;
use crate::ports::{FailureCode, InfraError, SecretEntry, SecretFault, SecretText, Secrets};

/// The secrets whose names begin with `prefix`.
pub struct SecretsManager {
    client: Client,
    prefix: String,
}

impl SecretsManager {
    pub fn new(client: Client, prefix: String) -> Self {
        Self { client, prefix }
    }
}

const CURRENT: &str = "AWSCURRENT";

/// Pages of one answer that are followed: each name on a page of its own, and some without any.
const MAX_PAGES: usize = 32;

#[async_trait]
impl Secrets for SecretsManager {
    async fn list(&self) -> Result<Vec<SecretEntry>, InfraError> {
        let filter = Filter::builder().key(FilterNameStringType::Name).values(&self.prefix).build();
        let mut pages = self.client.list_secrets().filters(filter).max_results(100).into_paginator().send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| InfraError::unavailable("listing secrets", describe(&error)))?;
            for secret in page.secret_list.unwrap_or_default() {
                let Some(name) = secret.name.filter(|name| name.starts_with(&self.prefix)) else { continue };
                let versions = secret.secret_versions_to_stages.unwrap_or_default();
                let current = versions.into_iter().find(|(_, stages)| stages.iter().any(|stage| stage == CURRENT));
                entries.push(SecretEntry { name, version: current.map(|(version, _)| version).unwrap_or_default() });
            }
        }
        Ok(entries)
    }

    async fn fetch(&self, names: &[String]) -> Result<Vec<(String, Result<SecretText, SecretFault>)>, InfraError> {
        let mut fetched: Vec<(String, Result<SecretText, SecretFault>)> = Vec::with_capacity(names.len());
        let mut next_token = None;
        for _ in 0..MAX_PAGES {
            let request = self.client.batch_get_secret_value().set_secret_id_list(Some(names.to_vec()));
            let request = request.set_next_token(next_token);
            let answer =
                request.send().await.map_err(|error| InfraError::unavailable("reading secrets", describe(&error)))?;
            for value in answer.secret_values.unwrap_or_default() {
                let text = match (value.secret_string, value.version_id) {
                    (Some(text), Some(version)) => Ok(SecretText { text: SecretString::from(text), version }),
                    _ => Err(SecretFault::Refused("it has no text".into())),
                };
                fetched.push((value.name.unwrap_or_default(), text));
            }
            for error in answer.errors.unwrap_or_default() {
                let fault = fault(error.error_code.as_deref().unwrap_or_default());
                fetched.push((error.secret_id.unwrap_or_default(), Err(fault)));
            }
            next_token = answer.next_token;
            if next_token.is_none() {
                break;
            }
        }
        // A name without an answer is not gone: a secret that is gone has an error of its own.
        for name in names {
            if !fetched.iter().any(|(fetched, _)| fetched == name) {
                fetched.push((name.clone(), Err(SecretFault::Transient("it was left unanswered".into()))));
            }
        }
        Ok(fetched)
    }

    async fn replace(&self, name: &str, version: &str, text: &SecretString) -> Result<Option<String>, InfraError> {
        let broken = |code: FailureCode| InfraError::unavailable(format!("writing secret {name}"), code);
        let now =
            self.client.get_secret_value().secret_id(name).send().await.map_err(|error| broken(describe(&error)))?;
        if now.version_id.as_deref() != Some(version) {
            return Ok(None);
        }
        let put = self.client.put_secret_value().secret_id(name).secret_string(text.expose_secret());
        let written = put.send().await.map_err(|error| broken(describe(&error)))?;
        written.version_id.map(Some).ok_or_else(|| broken("the answer names no version".into()))
    }

    async fn create(&self, name: &str, text: &SecretString) -> Result<Option<String>, InfraError> {
        let broken = |code: FailureCode| InfraError::unavailable(format!("creating secret {name}"), code);
        match self.client.create_secret().name(name).secret_string(text.expose_secret()).send().await {
            Ok(made) => made.version_id.map(Some).ok_or_else(|| broken("the answer names no version".into())),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(None),
            Err(error) => Err(broken(describe(&error))),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), InfraError> {
        let delete = self.client.delete_secret().secret_id(name).force_delete_without_recovery(true);
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(()),
            Err(error) => Err(InfraError::unavailable(format!("deleting secret {name}"), describe(&error))),
        }
    }
}

fn fault(code: &str) -> SecretFault {
    match code {
        // A secret that is scheduled for deletion answers with the second.
        "ResourceNotFoundException" | "InvalidRequestException" => SecretFault::Gone,
        "InternalServiceError" | "InternalServiceErrorException" | "ThrottlingException" | "" => {
            SecretFault::Transient(if code.is_empty() {
                "no reason given".into()
            } else {
                FailureCode::Service(code.to_owned())
            })
        }
        _ => SecretFault::Refused(FailureCode::Service(code.to_owned())),
    }
}
