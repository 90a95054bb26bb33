//! The port `AccountStore` over two DynamoDB tables.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::OnceCell;

use crate::adapters::aws::dynamodb::attributes::{Item, attributes, due_shard, found, text, time};
use crate::adapters::aws::dynamodb::history;
use crate::adapters::aws::dynamodb::schema_check::SchemaCheck;
use crate::adapters::aws::sdk_error::describe;
use crate::domain::account::history::HistoryRow;
use crate::domain::account::{Account, AccountId};
use crate::ports::{
    AccountPage, AccountStore, Claim, ClaimKind, ClaimRequest, Cursor, Due, DuePage, InfraError, RecordResult,
    StoredAccount,
};

const INDEX: &str = "due";

/// Accounts that one page of a listing reads.
const ACCOUNTS_PER_PAGE: i32 = 500;

pub(crate) struct DynamoAccounts {
    client: Client,
    accounts: String,
    runs: String,
    /// Partitions of the due index.
    shards: u16,
    retention: TimeDelta,
    /// Whether the index has answered a query, and the runs' table too.
    index_fits: AtomicBool,
    runs_fit: OnceCell<()>,
}

impl DynamoAccounts {
    pub(crate) fn new(client: Client, accounts: String, runs: String, shards: u16, retention: TimeDelta) -> Self {
        let (index_fits, runs_fit) = (AtomicBool::new(false), OnceCell::new());
        Self { client, accounts, runs, shards, retention, index_fits, runs_fit }
    }

    fn update_item(&self, id: &AccountId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.accounts)
            .key("account_id", text(id.as_str()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// An update that writes the whole account. Of its attributes' names `status` alone is a word that DynamoDB reserves.
    fn overwrite(&self, account: &Account) -> UpdateItemFluentBuilder {
        let mut update = self.update_item(&account.id).expression_attribute_names("#status", "status");
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (name, value) in attributes(account, self.shards) {
            let alias = if name == "status" { "#status" } else { name };
            match value {
                Some(value) => {
                    set.push(format!("{alias} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), value);
                }
                None => remove.push(alias),
            }
        }
        update.update_expression(format!("SET {} REMOVE {}", set.join(", "), remove.join(", ")))
    }

    /// Whether the stored item equals the account as it would be written.
    fn is_stored(&self, item: &Item, account: &Account) -> bool {
        self.found(item)
            .is_some_and(|found| attributes(&found.account, self.shards) == attributes(account, self.shards))
    }

    fn found(&self, item: &Item) -> Option<StoredAccount> {
        found(item, self.shards)
    }

    /// Queries a key that matches no row.
    async fn ask_runs(&self) -> Result<(), InfraError> {
        let query = self
            .client
            .query()
            .table_name(&self.runs)
            .key_condition_expression("account_id = :none AND started_at = :none")
            .expression_attribute_values(":none", text("_"))
            .limit(1);
        query.send().await.map(|_| ()).map_err(|error| {
            let explained = SchemaCheck::Runs { table: &self.runs }.explain(&error);
            explained.unwrap_or_else(|| InfraError::unavailable("looking at the runs' table", describe(&error)))
        })
    }
}

/// The result of a conditional write.
enum Write {
    Done(Item),
    /// The condition did not hold; the item as it is stored.
    Refused(Item),
}

async fn send(update: UpdateItemFluentBuilder, doing: impl FnOnce() -> String) -> Result<Write, InfraError> {
    match update.send().await {
        Ok(answer) => Ok(Write::Done(answer.attributes.unwrap_or_default())),
        Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
            let UpdateItemError::ConditionalCheckFailedException(refusal) = error.into_err() else {
                return Ok(Write::Refused(Item::new()));
            };
            Ok(Write::Refused(refusal.item.unwrap_or_default()))
        }
        Err(error) => Err(InfraError::unavailable(doing(), describe(&error))),
    }
}

fn run_of(item: &Item) -> Option<&str> {
    item.get("run_id")?.as_s().ok().map(String::as_str)
}

fn previous_run_crashed(item: &Item) -> bool {
    item.get("cut_off_run").and_then(|run| run.as_s().ok()).is_some_and(|run| !run.is_empty())
}

#[async_trait]
impl AccountStore for DynamoAccounts {
    async fn ready(&self) -> Result<(), InfraError> {
        let index = async {
            match self.index_fits.load(Ordering::Relaxed) {
                true => Ok(()),
                false => self.due(0, DateTime::UNIX_EPOCH, None).await.map(|_| ()),
            }
        };
        let (index, runs) = tokio::join!(index, self.runs_fit.get_or_try_init(|| self.ask_runs()));
        // A query that failed for another reason proves nothing; the event's own requests will fail or succeed.
        let proven = [index, runs.map(|_| ())].into_iter().filter_map(Result::err).find(InfraError::is_misdeployed);
        proven.map_or(Ok(()), Err)
    }

    async fn due(&self, shard: u16, now: DateTime<Utc>, after: Option<Cursor>) -> Result<DuePage, InfraError> {
        let query = self
            .client
            .query()
            .table_name(&self.accounts)
            .index_name(INDEX)
            .key_condition_expression("#shard = :shard AND next_run_at <= :now")
            .expression_attribute_names("#shard", "due_shard")
            .expression_attribute_values(":shard", text(shard.to_string()))
            .expression_attribute_values(":now", time(now))
            .projection_expression("account_id, next_run_at")
            .set_exclusive_start_key(after.map(start_key))
            .limit(ACCOUNTS_PER_PAGE);
        let page = query.send().await.map_err(|error| {
            let explained = SchemaCheck::DueIndex { table: &self.accounts }.explain(&error);
            explained.unwrap_or_else(|| InfraError::unavailable("listing the accounts that are due", describe(&error)))
        })?;
        self.index_fits.store(true, Ordering::Relaxed);
        let due = |item: &Item| {
            let text = |name: &str| item.get(name)?.as_s().ok();
            Some(Due { id: AccountId::parse(text("account_id")?).ok()?, next_run_at: text("next_run_at")?.clone() })
        };
        let accounts = page.items.unwrap_or_default().iter().filter_map(due).collect();
        Ok(DuePage { accounts, next: page.last_evaluated_key.map(cursor) })
    }

    async fn claim(&self, id: &AccountId, claim: &ClaimRequest) -> Result<Claim, InfraError> {
        // A claim is useless unless the run can be recorded.
        self.ready().await?;
        let condition = match &claim.kind {
            ClaimKind::Due => "#status <> :stopped AND next_run_at <= :now",
            ClaimKind::Manual => {
                "attribute_exists(account_id) AND #status <> :stopped \
                 AND (attribute_not_exists(run_id) OR attribute_not_exists(next_run_at) OR next_run_at <= :now)"
            }
            ClaimKind::Handover(_) => "#status <> :stopped AND run_id = :from",
        };
        let take = "SET run_id = :run, next_run_at = :lease, due_shard = :shard";
        let update = self.update_item(id);
        let update = match &claim.kind {
            // The run that hands its claim over has already noted whether the one before it crashed.
            ClaimKind::Handover(run_id) => {
                update.update_expression(take).expression_attribute_values(":from", text(run_id))
            }
            // A run that held the claim before and was never recorded has crashed: the new one must know.
            ClaimKind::Due | ClaimKind::Manual => update
                .update_expression(format!("{take}, cut_off_run = if_not_exists(run_id, :none)"))
                .expression_attribute_values(":none", text(""))
                .expression_attribute_values(":now", time(claim.now)),
        };
        let update = update
            .condition_expression(condition)
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":stopped", text("stopped"))
            .expression_attribute_values(":run", text(&claim.run_id))
            .expression_attribute_values(":lease", time(claim.lease_ends_at))
            .expression_attribute_values(":shard", text(due_shard(id, self.shards)))
            .return_values(ReturnValue::AllNew);
        let item = match send(update, || format!("claiming account {id}")).await? {
            Write::Done(item) => item,
            // The answer to our own write was lost, and the write was sent again.
            Write::Refused(item) if run_of(&item) == Some(claim.run_id.as_str()) => item,
            Write::Refused(_) => return Ok(Claim::Lost),
        };
        Ok(match self.found(&item) {
            Some(found) => Claim::Taken { found: Box::new(found), previous_run_crashed: previous_run_crashed(&item) },
            None => Claim::Lost,
        })
    }

    async fn record(&self, account: &Account, run_id: &str) -> Result<RecordResult, InfraError> {
        let update = self
            .overwrite(account)
            .condition_expression("run_id = :run")
            .expression_attribute_values(":run", text(run_id));
        match send(update, || format!("recording account {}", account.id)).await? {
            Write::Done(_) => Ok(RecordResult::Written),
            // The answer to our own write was lost, and the write was sent again.
            Write::Refused(item) if self.is_stored(&item, account) => Ok(RecordResult::Written),
            Write::Refused(_) => Ok(RecordResult::ClaimLost),
        }
    }

    async fn create(&self, account: &Account) -> Result<bool, InfraError> {
        let update = self.overwrite(account).condition_expression("attribute_not_exists(account_id)");
        Ok(match send(update, || format!("creating account {}", account.id)).await? {
            Write::Done(_) => true,
            Write::Refused(item) => self.is_stored(&item, account),
        })
    }

    async fn update(&self, account: &Account, now: DateTime<Utc>) -> Result<bool, InfraError> {
        let update = self
            .overwrite(account)
            .condition_expression(
                "attribute_exists(account_id) \
                 AND (attribute_not_exists(run_id) OR attribute_not_exists(next_run_at) OR next_run_at <= :now)",
            )
            .expression_attribute_values(":now", time(now));
        Ok(matches!(send(update, || format!("updating account {}", account.id)).await?, Write::Done(_)))
    }

    async fn overwrite(&self, account: &Account) -> Result<(), InfraError> {
        let update = self.overwrite(account).condition_expression("attribute_exists(account_id)");
        send(update, || format!("updating account {}", account.id)).await.map(|_| ())
    }

    async fn get(&self, id: &AccountId) -> Result<Option<StoredAccount>, InfraError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.accounts)
            .key("account_id", text(id.as_str()))
            .consistent_read(true);
        let answer = get
            .send()
            .await
            .map_err(|error| InfraError::unavailable(format!("reading account {id}"), describe(&error)))?;
        Ok(answer.item.as_ref().and_then(|item| self.found(item)))
    }

    async fn all(&self, after: Option<Cursor>) -> Result<AccountPage, InfraError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.accounts)
            .consistent_read(true)
            .limit(ACCOUNTS_PER_PAGE)
            .set_exclusive_start_key(after.map(start_key));
        let page = scan.send().await.map_err(|error| InfraError::unavailable("listing accounts", describe(&error)))?;
        let accounts = page.items.unwrap_or_default().iter().filter_map(|item| self.found(item)).collect();
        Ok(AccountPage { accounts, next: page.last_evaluated_key.map(cursor) })
    }

    async fn add_history(&self, row: &HistoryRow) -> Result<(), InfraError> {
        let put = self.client.put_item().table_name(&self.runs).set_item(Some(history::item(row, self.retention)));
        let doing = || format!("writing the history of account {}", row.account_id);
        put.send().await.map(|_| ()).map_err(|error| InfraError::unavailable(doing(), describe(&error)))
    }

    async fn history(&self, id: &AccountId, limit: u32, now: DateTime<Utc>) -> Result<Vec<HistoryRow>, InfraError> {
        let mut rows = Vec::new();
        let mut after = None;
        while rows.len() < limit as usize {
            let query = self
                .client
                .query()
                .table_name(&self.runs)
                .key_condition_expression("account_id = :id")
                .expression_attribute_values(":id", text(id.as_str()))
                .scan_index_forward(false)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(after);
            let doing = || format!("reading the history of account {id}");
            let page = query.send().await.map_err(|error| InfraError::unavailable(doing(), describe(&error)))?;
            let items = page.items.unwrap_or_default();
            rows.extend(items.iter().filter(|item| !history::expired(item, now)).filter_map(history::row));
            after = page.last_evaluated_key;
            if after.is_none() {
                break;
            }
        }
        rows.truncate(limit as usize);
        Ok(rows)
    }
}

fn cursor(key: HashMap<String, AttributeValue>) -> Cursor {
    Cursor(key.into_iter().filter_map(|(name, value)| Some((name, value.as_s().ok()?.clone()))).collect())
}

fn start_key(cursor: Cursor) -> HashMap<String, AttributeValue> {
    cursor.0.into_iter().map(|(name, value)| (name, AttributeValue::S(value))).collect()
}
