//! Fake AWS Secrets Manager: stateful, and as strict as the service in the operations that the app uses.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::http::{HeaderMap, StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    REGION,
    aws_json::{Service, Traffic, error_body, serve},
};

/// The longest value, in bytes.
const VALUE_LIMIT: usize = 65_536;
/// The maximum number of versions that a secret can have in a day.
const VERSION_LIMIT: usize = 100;
const BATCH_LIMIT: usize = 20;
const PAGE_LIMIT: usize = 100;

/// Derefs to `Traffic` for faults, holds and records.
#[derive(Clone)]
pub(crate) struct FakeSecrets {
    /// The SDK's endpoint (`AWS_ENDPOINT_URL_SECRETS_MANAGER`).
    pub endpoint: String,
    traffic: Traffic,
    store: Store,
}

impl Deref for FakeSecrets {
    type Target = Traffic;

    fn deref(&self) -> &Traffic {
        &self.traffic
    }
}

impl FakeSecrets {
    pub(crate) async fn start() -> Self {
        let (store, traffic) = (Store::default(), Traffic::default());
        let endpoint = serve(store.clone(), traffic.clone()).await;
        Self { endpoint, traffic, store }
    }

    /// Creates or overwrites a secret, as a person at the console would.
    pub(crate) fn put(&self, name: &str, value: &Value) {
        self.force_put(name, &value.to_string());
    }

    /// The same with any text, including one that the service would refuse: too long, or not JSON.
    pub(crate) fn force_put(&self, name: &str, value: &str) {
        let mut vault = self.store.vault();
        let id = vault.fresh_id();
        if vault.secrets.get(name).is_none_or(|secret| secret.deleted) {
            let secret = Secret { created: vault.counter, ..Secret::default() };
            vault.secrets.insert(name.to_owned(), secret);
        }
        vault.secrets.get_mut(name).unwrap().add(id, value.to_owned());
    }

    /// Schedules the deletion, as `DeleteSecret` does: the secret is not listed, and reading it is an invalid request.
    pub(crate) fn delete(&self, name: &str) {
        self.store.vault().secrets.get_mut(name).expect("the secret exists").deleted = true;
    }

    /// Deletes at once, as `DeleteSecret` with `ForceDeleteWithoutRecovery` does: the secret does not exist.
    pub(crate) fn purge(&self, name: &str) {
        self.store.vault().secrets.remove(name).expect("the secret exists");
    }

    /// The current value as JSON; `None` if the secret does not exist.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        let text = self.text(name)?;
        Some(serde_json::from_str(&text).expect("the value is JSON"))
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        Some(self.store.vault().secrets.get(name).filter(|secret| !secret.deleted)?.current().value.clone())
    }

    /// The current version's id.
    pub(crate) fn version(&self, name: &str) -> Option<String> {
        Some(self.store.vault().secrets.get(name).filter(|secret| !secret.deleted)?.current().id.clone())
    }

    /// How many versions were ever written, including the first and those of `put`.
    pub(crate) fn versions_written(&self, name: &str) -> usize {
        self.store.vault().secrets.get(name).map_or(0, |secret| secret.versions.len())
    }

    /// Limits the pages of lists to this many entries, whatever the request says.
    pub(crate) fn page_size(&self, entries: usize) {
        self.store.vault().page_size = Some(entries);
    }

    /// Lists are from now on as they are now: what is made or written later is missing or old in them, as with the real
    /// one for some minutes.
    pub(crate) fn lag(&self) {
        let mut vault = self.store.vault();
        let names = vault.filtered(None, false).unwrap_or_default();
        vault.lagging = Some(names.into_iter().map(|name| (name.clone(), vault.entry(&name))).collect());
    }

    /// Only reading this secret fails, e.g. with `DecryptionFailure` or `AccessDeniedException`, until `allow`.
    pub(crate) fn refuse(&self, name: &str, code: &'static str) {
        self.store.vault().refused.insert(name.to_owned(), code);
    }

    /// `BatchGetSecretValue` answers in pages: the first is empty, and each other one holds so many secrets.
    pub(crate) fn page_batches(&self, secrets: usize) {
        self.store.vault().batch_page = Some(secrets);
    }

    /// `BatchGetSecretValue` leaves this name out of its answer.
    pub(crate) fn leave_unanswered(&self, name: &str) {
        self.store.vault().unanswered.insert(name.to_owned());
    }

    /// Lists do not show the secret, as for up to five minutes after its creation, until `list_again`.
    pub(crate) fn unlist(&self, name: &str) {
        self.store.vault().unlisted.insert(name.to_owned());
    }

    /// The value of this secret is stored as bytes.
    pub(crate) fn store_as_bytes(&self, name: &str) {
        self.store.vault().binary.insert(name.to_owned());
    }

    pub(crate) fn list_again(&self, name: &str) {
        self.store.vault().unlisted.remove(name);
    }

    pub(crate) fn allow(&self, name: &str) {
        self.store.vault().refused.remove(name);
    }
}

#[derive(Clone, Default)]
struct Store(Arc<Mutex<Vault>>);

#[derive(Default)]
struct Vault {
    secrets: BTreeMap<String, Secret>,
    refused: BTreeMap<String, &'static str>,
    unlisted: BTreeSet<String>,
    unanswered: BTreeSet<String>,
    batch_page: Option<usize>,
    page_size: Option<usize>,
    binary: BTreeSet<String>,
    /// What lists show, by name, while they lag behind.
    lagging: Option<BTreeMap<String, Value>>,
    /// Grows with each version; used as the time.
    counter: usize,
}

#[derive(Default)]
struct Secret {
    created: usize,
    deleted: bool,
    /// Oldest first.
    versions: Vec<Version>,
    /// Staging labels, each at the id of one version.
    stages: BTreeMap<String, String>,
}

struct Version {
    id: String,
    value: String,
}

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

fn refuse<T>(kind: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status: StatusCode::BAD_REQUEST, kind, message: message.into() })
}

impl Secret {
    fn current(&self) -> &Version {
        let current = &self.stages[CURRENT];
        self.versions.iter().find(|version| version.id == *current).expect("the current version exists")
    }

    /// A new current version.
    fn add(&mut self, id: String, value: String) {
        self.versions.push(Version { id: id.clone(), value });
        self.label(CURRENT, id);
    }

    /// Moves a label. The version that loses `AWSCURRENT` becomes `AWSPREVIOUS`.
    fn label(&mut self, stage: &str, id: String) {
        if let Some(previous) = self.stages.insert(stage.to_owned(), id.clone())
            && stage == CURRENT
            && previous != id
        {
            self.stages.insert(PREVIOUS.to_owned(), previous);
        }
    }

    fn stages(&self, id: &str) -> Vec<&str> {
        self.stages.iter().filter(|(_, version)| *version == id).map(|(stage, _)| stage.as_str()).collect()
    }

    fn versions_to_stages(&self) -> Value {
        let staged = self.versions.iter().map(|version| (&version.id, self.stages(&version.id)));
        staged.filter(|(_, stages)| !stages.is_empty()).map(|(id, stages)| (id.clone(), json!(stages))).collect()
    }
}

impl Store {
    fn vault(&self) -> MutexGuard<'_, Vault> {
        self.0.lock().unwrap()
    }
}

impl Service for Store {
    const TARGET_PREFIX: &'static str = "secretsmanager.";
    const CONTENT_TYPE: &'static str = "application/x-amz-json-1.1";

    async fn answer(&self, action: &str, _: &HeaderMap, body: &str) -> (StatusCode, HeaderMap, String) {
        let answer = match serde_json::from_str(body) {
            Ok(Value::Object(request)) => self.vault().answer(action, &request),
            _ => refuse("SerializationException", "the body is not a JSON object"),
        };
        match answer {
            Ok(answer) => (StatusCode::OK, HeaderMap::new(), answer.to_string()),
            Err(refusal) => (refusal.status, HeaderMap::new(), error_body(refusal.kind, &refusal.message)),
        }
    }
}

impl Vault {
    fn answer(&mut self, action: &str, request: &Map<String, Value>) -> Result<Value, Refusal> {
        match action {
            "ListSecrets" => self.list(request),
            "BatchGetSecretValue" => self.batch_get(request),
            "GetSecretValue" => self.get(request),
            "DescribeSecret" => self.describe(request),
            "CreateSecret" => self.create(request),
            "PutSecretValue" => self.write(request, true),
            "UpdateSecretVersionStage" => self.move_stage(request),
            "UpdateSecret" => self.write(request, false),
            "DeleteSecret" => self.delete(request),
            _ => refuse("UnknownOperationException", action),
        }
    }

    fn fresh_id(&mut self) -> String {
        self.counter += 1;
        format!("00000000-0000-4000-8000-{:012}", self.counter)
    }

    fn list(&self, request: &Map<String, Value>) -> Result<Value, Refusal> {
        known(request, &["Filters", "MaxResults", "NextToken", "IncludePlannedDeletion", "SortOrder"])?;
        let names =
            self.filtered(request.get("Filters"), request.get("IncludePlannedDeletion") == Some(&true.into()))?;
        let listed = |name: &String| self.lagging.as_ref().is_none_or(|listed| listed.contains_key(name));
        let (page, next) = self.page(names.into_iter().filter(listed).collect(), request)?;
        let entry =
            |name: &String| self.lagging.as_ref().map_or_else(|| self.entry(name), |listed| listed[name].clone());
        let entries: Vec<_> = page.iter().map(entry).collect();
        let mut answer = json!({"SecretList": entries});
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok(answer)
    }

    /// Newest first, like the service: callers must not rely on the order of names.
    fn filtered(&self, filters: Option<&Value>, with_deleted: bool) -> Result<Vec<String>, Refusal> {
        let mut prefixes = Vec::new();
        for filter in filters.and_then(Value::as_array).into_iter().flatten() {
            if filter["Key"] != "name" {
                return refuse("ValidationException", "this fake filters by name alone");
            }
            let Some(values) = filter["Values"].as_array().filter(|values| (1..=10).contains(&values.len())) else {
                return refuse("ValidationException", "a filter has 1 to 10 values");
            };
            prefixes.push(values.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        }
        let mut found: Vec<_> = self.secrets.iter().filter(|(_, secret)| with_deleted || !secret.deleted).collect();
        found.retain(|(name, _)| prefixes.iter().all(|any| any.iter().any(|prefix| name.starts_with(prefix))));
        found.retain(|(name, _)| !self.unlisted.contains(*name));
        found.sort_by_key(|(_, secret)| std::cmp::Reverse(secret.created));
        Ok(found.into_iter().map(|(name, _)| name.clone()).collect())
    }

    fn page(&self, names: Vec<String>, request: &Map<String, Value>) -> Result<(Vec<String>, Option<String>), Refusal> {
        let asked = request.get("MaxResults").and_then(Value::as_u64).map_or(PAGE_LIMIT, |asked| asked as usize);
        if !(1..=PAGE_LIMIT).contains(&asked) {
            return refuse("ValidationException", "MaxResults is 1 to 100");
        }
        let start = match request.get("NextToken").and_then(Value::as_str) {
            None => 0,
            Some(token) => match token.strip_prefix("after:").and_then(|start| start.parse().ok()) {
                Some(start) => start,
                None => return refuse("InvalidNextTokenException", "the token is not one of ours"),
            },
        };
        let end = (start + asked.min(self.page_size.unwrap_or(PAGE_LIMIT))).min(names.len());
        let next = (end < names.len()).then(|| format!("after:{end}"));
        Ok((names.get(start..end).unwrap_or_default().to_vec(), next))
    }

    fn entry(&self, name: &str) -> Value {
        let secret = &self.secrets[name];
        let mut entry = json!({
            "ARN": arn(name),
            "Name": name,
            "CreatedDate": 1_700_000_000 + secret.created,
            "SecretVersionsToStages": secret.versions_to_stages(),
        });
        if secret.deleted {
            entry["DeletedDate"] = 1_700_000_000.into();
        }
        entry
    }

    fn batch_get(&self, request: &Map<String, Value>) -> Result<Value, Refusal> {
        known(request, &["SecretIdList", "Filters", "MaxResults", "NextToken"])?;
        let (ids, next) = match (request.get("SecretIdList"), request.get("Filters")) {
            (Some(Value::Array(ids)), None) => {
                if request.contains_key("MaxResults") || !(1..=BATCH_LIMIT).contains(&ids.len()) {
                    let message = "1 validation error detected: Value at 'secretIdList' failed to satisfy constraint: \
                                   Member must have length less than or equal to 20";
                    return refuse("ValidationException", message);
                }
                let ids: Vec<_> = ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
                if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
                    return refuse("InvalidParameterException", "an id is named twice");
                }
                self.batch_page(ids, request)?
            }
            (None, filters @ Some(_)) => self.page(self.filtered(filters, false)?, request)?,
            _ => return refuse("InvalidRequestException", "give either SecretIdList or Filters"),
        };

        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for id in ids.into_iter().filter(|id| !self.unanswered.contains(id)) {
            match self.read(&id) {
                Ok(value) => values.push(value),
                Err(refusal) => {
                    errors.push(json!({"SecretId": id, "ErrorCode": refusal.kind, "Message": refusal.message}));
                }
            }
        }
        let mut answer = json!({"SecretValues": values, "Errors": errors});
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok(answer)
    }

    /// The names that this page of a batch answers, and the token of the next.
    fn batch_page(
        &self,
        ids: Vec<String>,
        request: &Map<String, Value>,
    ) -> Result<(Vec<String>, Option<String>), Refusal> {
        let Some(size) = self.batch_page else { return Ok((ids, None)) };
        let Some(token) = request.get("NextToken").and_then(Value::as_str) else {
            return Ok((Vec::new(), Some("after:0".to_owned())));
        };
        let Some(start) = token.strip_prefix("after:").and_then(|start| start.parse::<usize>().ok()) else {
            return refuse("InvalidNextTokenException", "the token is not one of ours");
        };
        let end = (start + size).min(ids.len());
        Ok((ids[start..end].to_vec(), (end < ids.len()).then(|| format!("after:{end}"))))
    }

    fn get(&self, request: &Map<String, Value>) -> Result<Value, Refusal> {
        known(request, &["SecretId", "VersionId", "VersionStage"])?;
        let mut answer = self.read(id(request)?)?;
        let (name, secret) = self.living(id(request)?)?;
        let stage = request.get("VersionStage").and_then(Value::as_str);
        let wanted = request.get("VersionId").and_then(Value::as_str);
        let stage = stage.or(wanted.is_none().then_some(CURRENT));
        let found = secret.versions.iter().find(|version| {
            wanted.is_none_or(|wanted| version.id == wanted)
                && stage.is_none_or(|stage| secret.stages(&version.id).contains(&stage))
        });
        let Some(version) = found else {
            return refuse("ResourceNotFoundException", format!("no such version of {name}"));
        };
        answer["VersionId"] = version.id.clone().into();
        answer["SecretString"] = version.value.clone().into();
        answer["VersionStages"] = secret.stages(&version.id).into();
        Ok(answer)
    }

    fn read(&self, id: &str) -> Result<Value, Refusal> {
        let (name, secret) = self.living(id)?;
        if let Some(code) = self.refused.get(&name) {
            return refuse(code, "requested by the test");
        }
        let version = secret.current();
        let (field, value) = match self.binary.contains(&name) {
            true => ("SecretBinary", STANDARD.encode(&version.value)),
            false => ("SecretString", version.value.clone()),
        };
        Ok(json!({
            "ARN": arn(&name),
            "Name": name,
            "VersionId": version.id,
            field: value,
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": 1_700_000_000 + secret.created,
        }))
    }

    fn describe(&self, request: &Map<String, Value>) -> Result<Value, Refusal> {
        known(request, &["SecretId"])?;
        let name = name_of(id(request)?);
        if !self.secrets.contains_key(&name) {
            return not_found();
        }
        let mut answer = self.entry(&name);
        answer["VersionIdsToStages"] = answer["SecretVersionsToStages"].take();
        answer.as_object_mut().unwrap().remove("SecretVersionsToStages");
        Ok(answer)
    }

    fn create(&mut self, request: &Map<String, Value>) -> Result<Value, Refusal> {
        known(request, &["Name", "SecretString", "ClientRequestToken", "Description", "Tags", "KmsKeyId"])?;
        let Some(name) = request.get("Name").and_then(Value::as_str).map(str::to_owned) else {
            return refuse("InvalidParameterException", "Name is missing");
        };
        match self.secrets.get(&name) {
            Some(secret) if secret.deleted => {
                return refuse("InvalidRequestException", "a secret with this name is already scheduled for deletion");
            }
            Some(_) => return refuse("ResourceExistsException", format!("{name} exists already")),
            None => {}
        }
        let value = checked_value(request)?;
        let id = checked_token(request)?;
        self.counter += 1;
        let mut secret = Secret { created: self.counter, ..Secret::default() };
        secret.add(id.clone(), value);
        self.secrets.insert(name.clone(), secret);
        Ok(json!({"ARN": arn(&name), "Name": name, "VersionId": id}))
    }

    fn write(&mut self, request: &Map<String, Value>, with_stages: bool) -> Result<Value, Refusal> {
        let allowed: &[&str] = if with_stages {
            &["SecretId", "SecretString", "ClientRequestToken", "VersionStages"]
        } else {
            &["SecretId", "SecretString", "ClientRequestToken", "Description", "KmsKeyId"]
        };
        known(request, allowed)?;
        let stages = match request.get("VersionStages") {
            None => vec![CURRENT.to_owned()],
            Some(stages) => {
                stages.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            }
        };
        let (name, secret) = self.living(id(request)?)?;
        let value = checked_value(request)?;
        let token = checked_token(request)?;
        match secret.versions.iter().find(|version| version.id == token) {
            Some(version) if version.value == value => {}
            Some(_) => {
                return refuse(
                    "ResourceExistsException",
                    format!("ClientRequestToken {token} is already in use for a version of secret {name}"),
                );
            }
            None if secret.versions.len() >= VERSION_LIMIT => {
                return refuse("LimitExceededException", "the secret has too many versions");
            }
            None => {
                let secret = self.secrets.get_mut(&name).unwrap();
                secret.versions.push(Version { id: token.clone(), value });
                stages.iter().for_each(|stage| secret.label(stage, token.clone()));
            }
        }
        Ok(json!({"ARN": arn(&name), "Name": name, "VersionId": token, "VersionStages": stages}))
    }

    fn move_stage(&mut self, request: &Map<String, Value>) -> Result<Value, Refusal> {
        known(request, &["SecretId", "VersionStage", "MoveToVersionId", "RemoveFromVersionId"])?;
        let text = |field| request.get(field).and_then(Value::as_str);
        let (name, secret) = self.living(id(request)?)?;
        let (Some(stage), Some(to)) = (text("VersionStage"), text("MoveToVersionId")) else {
            return refuse("InvalidParameterException", "this fake only moves labels");
        };
        if !secret.versions.iter().any(|version| version.id == to) {
            return refuse("ResourceNotFoundException", format!("no such version of {name}"));
        }
        if let Some(at) = secret.stages.get(stage)
            && Some(at.as_str()) != text("RemoveFromVersionId")
        {
            return refuse(
                "InvalidParameterException",
                format!(
                    "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version \
                     {at}, so you must explicitly reference that version in RemoveFromVersionId."
                ),
            );
        }
        let to = to.to_owned();
        self.secrets.get_mut(&name).unwrap().label(stage, to);
        Ok(json!({"ARN": arn(&name), "Name": name}))
    }

    fn delete(&mut self, request: &Map<String, Value>) -> Result<Value, Refusal> {
        known(request, &["SecretId", "ForceDeleteWithoutRecovery", "RecoveryWindowInDays"])?;
        let name = self.living(id(request)?)?.0;
        if request.get("ForceDeleteWithoutRecovery") == Some(&true.into()) {
            self.secrets.remove(&name);
        } else {
            self.secrets.get_mut(&name).unwrap().deleted = true;
        }
        Ok(json!({"ARN": arn(&name), "Name": name, "DeletionDate": 1_700_000_000}))
    }

    fn living(&self, id: &str) -> Result<(String, &Secret), Refusal> {
        let name = name_of(id);
        match self.secrets.get(&name) {
            None => not_found(),
            Some(secret) if secret.deleted => refuse(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            ),
            Some(secret) => Ok((name, secret)),
        }
    }
}

fn not_found<T>() -> Result<T, Refusal> {
    refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:123456789012:secret:{name}-AbCdEf")
}

fn name_of(id: &str) -> String {
    let named = id.split(":secret:").nth(1).and_then(|rest| rest.strip_suffix("-AbCdEf"));
    named.unwrap_or(id).to_owned()
}

fn id(request: &Map<String, Value>) -> Result<&str, Refusal> {
    match request.get("SecretId").and_then(Value::as_str) {
        Some(id) => Ok(id),
        None => refuse("InvalidParameterException", "SecretId is missing"),
    }
}

fn known(request: &Map<String, Value>, fields: &[&str]) -> Result<(), Refusal> {
    match request.keys().find(|field| !fields.contains(&field.as_str())) {
        Some(field) => refuse("ValidationException", format!("this fake does not know the field {field}")),
        None => Ok(()),
    }
}

fn checked_value(request: &Map<String, Value>) -> Result<String, Refusal> {
    match request.get("SecretString").and_then(Value::as_str) {
        Some(value) if (1..=VALUE_LIMIT).contains(&value.len()) => Ok(value.to_owned()),
        _ => refuse(
            "ValidationException",
            "Value at 'secretString' failed to satisfy constraint: Member must have length between 1 and 65536",
        ),
    }
}

/// Becomes the version's id; the SDK generates one unless the caller does.
fn checked_token(request: &Map<String, Value>) -> Result<String, Refusal> {
    match request.get("ClientRequestToken").and_then(Value::as_str) {
        Some(token) if (32..=64).contains(&token.len()) => Ok(token.to_owned()),
        _ => refuse("InvalidParameterException", "You must provide a ClientRequestToken value of 32 to 64 characters."),
    }
}

mod tests {
    use aws_sdk_secretsmanager::{Client, error::ProvideErrorMetadata, types::Filter, types::FilterNameStringType};

    use super::*;
    use crate::support::{aws_json::Fault, sdk_config};

    async fn started() -> (FakeSecrets, Client) {
        let secrets = FakeSecrets::start().await;
        let client = Client::new(&sdk_config(&secrets.endpoint));
        (secrets, client)
    }

    fn code<T>(result: Result<T, impl ProvideErrorMetadata>) -> String {
        result.map(drop).unwrap_err().code().unwrap_or("none").to_owned()
    }

    #[tokio::test]
    async fn list_returns_existing_secrets_of_a_prefix_in_pages() {
        let (secrets, client) = started().await;
        for name in ["evergreen/a", "evergreen/b", "evergreen/c", "evergreen/gone", "other"] {
            secrets.put(name, &json!({}));
        }
        secrets.delete("evergreen/gone");
        secrets.page_size(2);
        let filter = Filter::builder().key(FilterNameStringType::Name).values("evergreen/").build();
        let mut pages = client.list_secrets().filters(filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for entry in page.unwrap().secret_list() {
                let name = entry.name().unwrap().to_owned();
                let stages = &entry.secret_versions_to_stages().unwrap()[&secrets.version(&name).unwrap()];
                assert_eq!(*stages, ["AWSCURRENT"]);
                found.push(name);
            }
        }
        assert_eq!(found, ["evergreen/c", "evergreen/b", "evergreen/a"]);
        assert_eq!(secrets.calls("ListSecrets"), 2);
    }

    #[tokio::test]
    async fn batch_answers_each_secret_separately() {
        let (secrets, client) = started().await;
        for name in ["ok", "locked", "deleted"] {
            secrets.put(name, &json!({"n": name}));
        }
        secrets.delete("deleted");
        secrets.refuse("locked", "DecryptionFailure");
        let batch = client.batch_get_secret_value().secret_id_list("ok").secret_id_list("locked");
        let answer = batch.secret_id_list("deleted").secret_id_list("unknown").send().await.unwrap();
        assert_eq!(answer.secret_values()[0].secret_string(), Some(r#"{"n":"ok"}"#));
        let errors: Vec<_> =
            answer.errors().iter().map(|e| (e.secret_id().unwrap(), e.error_code().unwrap())).collect();
        let expected = [
            ("locked", "DecryptionFailure"),
            ("deleted", "InvalidRequestException"),
            ("unknown", "ResourceNotFoundException"),
        ];
        assert_eq!(errors, expected);
        secrets.allow("locked");
        client.get_secret_value().secret_id("locked").send().await.unwrap();
    }

    #[tokio::test]
    async fn batch_of_more_than_twenty_is_refused() {
        let (_secrets, client) = started().await;
        let ids = |count: usize| Some((0..count).map(|id| id.to_string()).collect());
        assert_eq!(
            client.batch_get_secret_value().set_secret_id_list(ids(20)).send().await.unwrap().errors().len(),
            20
        );
        let refused = client.batch_get_secret_value().set_secret_id_list(ids(21)).send().await;
        assert_eq!(code(refused), "ValidationException");
    }

    #[tokio::test]
    async fn write_creates_a_current_version_and_its_token_is_valid_once() {
        let (secrets, client) = started().await;
        client.create_secret().name("s").secret_string("{}").send().await.unwrap();
        assert_eq!(code(client.create_secret().name("s").secret_string("{}").send().await), "ResourceExistsException");
        let token = "0123456789abcdef0123456789abcdef";
        for (value, outcome) in [(r#"{"v":1}"#, "ok"), (r#"{"v":1}"#, "ok"), (r#"{"v":2}"#, "ResourceExistsException")]
        {
            let put = client.put_secret_value().secret_id("s").secret_string(value).client_request_token(token);
            let got = put.send().await.map_or_else(|error| error.code().unwrap().to_owned(), |_| "ok".to_owned());
            assert_eq!(got, outcome);
        }
        assert_eq!(secrets.version("s").as_deref(), Some(token));
        assert_eq!((secrets.value("s"), secrets.versions_written("s")), (Some(json!({"v": 1})), 2));
        let previous = client.get_secret_value().secret_id("s").version_stage("AWSPREVIOUS").send().await.unwrap();
        assert_eq!(previous.secret_string(), Some("{}"));
        client.update_secret().secret_id("s").secret_string(r#"{"v":3}"#).send().await.unwrap();
        assert_eq!(secrets.value("s"), Some(json!({"v": 3})));
        let described = client.describe_secret().secret_id(arn("s")).send().await.unwrap();
        assert_eq!(described.version_ids_to_stages().unwrap()[token], ["AWSPREVIOUS"]);
    }

    #[tokio::test]
    async fn label_moves_only_from_the_version_that_is_named() {
        let (secrets, client) = started().await;
        secrets.put("s", &json!({"v": 1}));
        let first = secrets.version("s").unwrap();
        let put = client.put_secret_value().secret_id("s").secret_string(r#"{"v":2}"#).version_stages("X");
        let second = put.send().await.unwrap().version_id.unwrap();
        assert_eq!(secrets.version("s").as_ref(), Some(&first), "another label is not the current one");
        let move_from = |from: &str| {
            let stage = client.update_secret_version_stage().secret_id("s").version_stage("AWSCURRENT");
            stage.move_to_version_id(&second).remove_from_version_id(from).send()
        };
        assert_eq!(code(move_from("another").await), "InvalidParameterException");
        move_from(&first).await.unwrap();
        assert_eq!(secrets.value("s"), Some(json!({"v": 2})));
        assert_eq!(code(move_from(&first).await), "InvalidParameterException", "it has moved");
        let described = client.describe_secret().secret_id("s").send().await.unwrap();
        let stages = described.version_ids_to_stages().unwrap();
        assert_eq!(
            (&stages[&first][..], &stages[&second][..]),
            (&["AWSPREVIOUS".to_owned()][..], &["AWSCURRENT".to_owned(), "X".to_owned()][..])
        );
    }

    #[tokio::test]
    async fn too_long_a_value_is_refused_but_a_test_can_plant_it() {
        let (secrets, client) = started().await;
        let long = "x".repeat(VALUE_LIMIT + 1);
        assert_eq!(code(client.create_secret().name("s").secret_string(&long).send().await), "ValidationException");
        secrets.force_put("s", &long);
        assert_eq!(client.get_secret_value().secret_id("s").send().await.unwrap().secret_string(), Some(&*long));
        let put = client.put_secret_value().secret_id("s").secret_string(&long).send().await;
        assert_eq!(code(put), "ValidationException");
    }

    #[tokio::test]
    async fn deleted_secret_can_be_neither_read_nor_created_and_a_purged_one_can() {
        let (secrets, client) = started().await;
        secrets.put("s", &json!({}));
        client.delete_secret().secret_id("s").send().await.unwrap();
        assert_eq!(code(client.get_secret_value().secret_id("s").send().await), "InvalidRequestException");
        let create = client.create_secret().name("s").secret_string("{}").send().await;
        assert_eq!(code(create), "InvalidRequestException");
        assert_eq!(secrets.value("s"), None);
        secrets.purge("s");
        assert_eq!(code(client.get_secret_value().secret_id("s").send().await), "ResourceNotFoundException");
    }

    #[tokio::test]
    async fn faults_are_retried_or_final_as_in_the_real_service() {
        let (secrets, client) = started().await;
        secrets.put("s", &json!({}));
        for fault in [Fault::THROTTLED, Fault::SERVICE_ERROR, Fault::Dropped, Fault::AnswerLost] {
            secrets.forget();
            secrets.fail_next(2, "GetSecretValue", fault);
            client.get_secret_value().secret_id("s").send().await.unwrap();
            assert_eq!(secrets.calls("GetSecretValue"), 3, "{fault:?}");
        }
        secrets.fail_next(1, "", Fault::DENIED);
        assert_eq!(code(client.get_secret_value().secret_id("s").send().await), "AccessDeniedException");
    }
}
