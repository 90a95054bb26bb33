//! Secrets in AWS Secrets Manager.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{ApiErrorType, Filter, FilterNameStringType, SecretValueEntry};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use secrecy::{ExposeSecret, SecretString};

use crate::adapters::aws::sdk_error::describe;
use crate::ports::{FailureCode, InfraError, SecretEntry, SecretFault, SecretText, Secrets};

/// The staging label of the version that counts.
const CURRENT: &str = "AWSCURRENT";

/// The staging label of a version that was written here and is about to become current.
const OURS: &str = "EVERGREEN";

/// Pages of one batch of values: at most 20 names are asked for, and a page may hold none of them.
const MAX_PAGES: usize = 40;

/// The secrets whose names begin with `prefix`.
pub struct SecretsManager {
    client: Client,
    prefix: String,
}

impl SecretsManager {
    pub fn new(client: Client, prefix: String) -> Self {
        Self { client, prefix }
    }

    async fn current_version(&self, name: &str) -> Result<Option<String>, FailureCode> {
        let current = self.client.get_secret_value().secret_id(name).send().await;
        current.map(|current| current.version_id).map_err(|error| describe(&error))
    }
}

type Fetched = BTreeMap<String, Result<SecretText, SecretFault>>;

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
        let mut fetched = Fetched::new();
        let mut next_token = None;
        for _ in 0..MAX_PAGES {
            let request = self.client.batch_get_secret_value().set_secret_id_list(Some(names.to_vec()));
            let answer = request.set_next_token(next_token).send().await;
            let answer = answer.map_err(|error| InfraError::unavailable("reading secrets", describe(&error)))?;
            fetched.extend(answer.secret_values.unwrap_or_default().into_iter().filter_map(named_text));
            fetched.extend(answer.errors.unwrap_or_default().into_iter().filter_map(named_fault));
            next_token = answer.next_token;
            if next_token.is_none() {
                break;
            }
        }
        // A name that is left out is not gone: a secret that is gone has an error of its own.
        let unanswered = || Err(SecretFault::Transient("it was left unanswered".into()));
        Ok(names.iter().map(|name| (name.clone(), fetched.remove(name).unwrap_or_else(unanswered))).collect())
    }

    /// AWS compares and swaps: the label `AWSCURRENT` moves to the new version only from the version that was read. What
    /// a person writes in between stays current.
    async fn replace(&self, name: &str, version: &str, text: &SecretString) -> Result<Option<String>, InfraError> {
        let failed = |code: FailureCode| InfraError::unavailable(format!("writing secret {name}"), code);
        let put = self.client.put_secret_value().secret_id(name).secret_string(text.expose_secret());
        let put = put.version_stages(OURS).send().await.map_err(|error| failed(describe(&error)))?;
        let written = put.version_id.ok_or_else(|| failed("the answer names no version".into()))?;
        let stage = self.client.update_secret_version_stage().secret_id(name).version_stage(CURRENT);
        let Err(error) = stage.remove_from_version_id(version).move_to_version_id(&written).send().await else {
            return Ok(Some(written));
        };
        // Refused where the label is elsewhere by now: at another's version, or at ours, where an answer was lost.
        match self.current_version(name).await.map_err(failed)? {
            Some(current) if current == written => Ok(Some(written)),
            Some(current) if current == version => Err(failed(describe(&error))),
            _ => Ok(None),
        }
    }

    async fn create(&self, name: &str, text: &SecretString) -> Result<Option<String>, InfraError> {
        let failed = |code: FailureCode| InfraError::unavailable(format!("creating secret {name}"), code);
        match self.client.create_secret().name(name).secret_string(text.expose_secret()).send().await {
            Ok(created) => created.version_id.map(Some).ok_or_else(|| failed("the answer names no version".into())),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(None),
            Err(error) => Err(failed(describe(&error))),
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

fn named_text(value: SecretValueEntry) -> Option<(String, Result<SecretText, SecretFault>)> {
    // A secret written by another tool may hold its text as bytes.
    let binary = value.secret_binary.and_then(|bytes| String::from_utf8(bytes.into_inner()).ok());
    let text = match (value.secret_string.or(binary), value.version_id) {
        (Some(text), Some(version)) => Ok(SecretText { text: SecretString::from(text), version }),
        _ => Err(SecretFault::Refused("it has no text".into())),
    };
    Some((value.name?, text))
}

fn named_fault(error: ApiErrorType) -> Option<(String, Result<SecretText, SecretFault>)> {
    let fault = fault(error.error_code.as_deref().unwrap_or_default(), error.message.as_deref().unwrap_or_default());
    Some((error.secret_id?, Err(fault)))
}

fn fault(code: &str, message: &str) -> SecretFault {
    match code {
        "ResourceNotFoundException" => SecretFault::Gone,
        // "… because it was marked for deletion", "… a secret that's currently marked deleted".
        "InvalidRequestException" if message.contains("marked for deletion") || message.contains("marked deleted") => {
            SecretFault::Gone
        }
        "InternalServiceError" | "InternalServiceErrorException" | "ThrottlingException" => {
            SecretFault::Transient(FailureCode::Service(code.to_owned()))
        }
        "" => SecretFault::Transient("no reason given".into()),
        _ => SecretFault::Refused(FailureCode::Service(code.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_or_deleted_secret_is_gone() {
        let marked = "You can't perform this operation on the secret because it was marked for deletion.";
        assert_eq!(fault("ResourceNotFoundException", "no such"), SecretFault::Gone);
        assert_eq!(fault("InvalidRequestException", marked), SecretFault::Gone);
        for (code, message) in [("InvalidRequestException", "invalid"), ("AccessDeniedException", marked)] {
            assert!(matches!(fault(code, message), SecretFault::Refused(_)), "{code}");
        }
        for code in ["", "ThrottlingException", "InternalServiceError"] {
            assert!(matches!(fault(code, ""), SecretFault::Transient(_)), "{code}");
        }
    }
}
