//! The rules of `$batch`, and the order of its requests.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::seq::SliceRandom;
use serde_json::{Map, Value, json};

use crate::state::recorded::RecordedItem;
use crate::state::service_state::ServiceState;
use crate::wire::call::{Body, Call};
use crate::wire::encoding::{base64, unbase64url};
use crate::wire::reply::Reply;

pub(super) const MAX_REQUESTS: usize = 20;

pub(super) struct Item {
    pub id: String,
    pub depends_on: Vec<String>,
    /// The request, or the reply that refuses it.
    pub call: Result<Call, Reply>,
    pub record: RecordedItem,
}

/// Reads a batch. An error refuses the whole batch.
pub(super) fn read(state: &mut ServiceState, body: &Value) -> Result<Vec<Item>, Reply> {
    let outer = body.as_object().filter(|o| o.keys().all(|k| k == "requests"));
    let Some(requests) = outer.and_then(|o| o.get("requests")).and_then(Value::as_array) else {
        return Err(Reply::bad("Invalid batch payload format."));
    };
    if requests.is_empty() || requests.len() > MAX_REQUESTS {
        state.report_violation(format!("a batch of {} requests", requests.len()));
        return Err(Reply::bad(&format!(
            "Number of batch request steps exceeds the maximum value of {MAX_REQUESTS}, or is zero."
        )));
    }
    let mut items: Vec<Item> = Vec::new();
    for request in requests {
        let item = item(request)?;
        if items.iter().any(|i| i.id == item.id) {
            return Err(Reply::bad(&format!("Request Id {} has to be unique in a batch.", item.id)));
        }
        if let Some(unknown) = item.depends_on.iter().find(|d| !items.iter().any(|i| i.id == **d)) {
            let why = format!("Request {} depends on {unknown}, which does not precede it in the batch.", item.id);
            return Err(Reply::bad(&why));
        }
        items.push(item);
    }
    if state.depends_on_one_pattern && !one_pattern(&items) {
        return Err(Reply::bad("All dependencies must be serial, or all the same."));
    }
    Ok(items)
}

/// The older rule: each request depends on the one before it, or all dependent requests depend on the same one.
fn one_pattern(items: &[Item]) -> bool {
    let depending: Vec<&Vec<String>> = items.iter().map(|i| &i.depends_on).filter(|d| !d.is_empty()).collect();
    let serial = items.windows(2).all(|pair| pair[1].depends_on == [pair[0].id.clone()]);
    let same = depending.windows(2).all(|pair| pair[0] == pair[1]) && depending.iter().all(|d| d.len() == 1);
    serial || same
}

fn item(request: &Value) -> Result<Item, Reply> {
    let fields = request.as_object().ok_or_else(|| Reply::bad("Invalid batch payload format."))?;
    if let Some(unknown) =
        fields.keys().find(|k| !matches!(k.as_str(), "id" | "method" | "url" | "headers" | "body" | "dependsOn"))
    {
        return Err(Reply::bad(&format!("Invalid batch payload format: unknown property '{unknown}'.")));
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
    let (Some(id), Some(method), Some(url)) = (text("id"), text("method"), text("url")) else {
        return Err(Reply::bad("Each request of a batch needs an id, a method and a url, all of them strings."));
    };
    let depends_on = match fields.get("dependsOn") {
        None => Some(Vec::new()),
        Some(Value::Array(ids)) => ids.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    };
    let depends_on: Vec<String> = depends_on.ok_or_else(|| Reply::bad("dependsOn is an array of ids."))?;
    let headers = fields.get("headers").cloned().unwrap_or_else(|| json!({}));
    let body = fields.get("body").cloned().unwrap_or(Value::Null);
    let record = RecordedItem {
        id: id.into(),
        method: method.into(),
        url: url.into(),
        headers: headers.clone(),
        body: body.clone(),
        depends_on: depends_on.clone(),
        status: 0,
        executed: false,
    };
    Ok(Item { id: id.into(), depends_on, call: call(method, url, &headers, fields.get("body")), record })
}

fn call(method: &str, url: &str, headers: &Value, body: Option<&Value>) -> Result<Call, Reply> {
    let versioned = url.starts_with("/v1.0/") || url.starts_with("/beta/");
    if !url.starts_with('/') || url.starts_with("//") || versioned || url.contains('#') || url.contains(' ') {
        return Err(Reply::bad(&format!(
            "Invalid url '{url}': it is relative to the version and begins with a slash."
        )));
    }
    if !matches!(method, "GET" | "POST" | "PATCH" | "PUT" | "DELETE") {
        return Err(Reply::bad(&format!("Invalid method '{method}'.")));
    }
    let headers = headers.as_object().ok_or_else(|| Reply::bad("headers is an object."))?;
    let headers: Option<BTreeMap<String, String>> =
        headers.iter().map(|(n, v)| Some((n.to_lowercase(), v.as_str()?.to_owned()))).collect();
    let headers = headers.ok_or_else(|| Reply::bad("The values of headers are strings."))?;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let body = match body {
        None => Body::None,
        Some(body) => {
            let Some(kind) = headers.get("content-type") else {
                return Err(Reply::bad("A request with a body needs a Content-Type header."));
            };
            let json = kind.split(';').next().map(str::trim) == Some("application/json");
            match (json, body) {
                (true, body @ (Value::Object(_) | Value::Array(_))) => Body::Json(body.clone()),
                (true, _) => return Err(Reply::bad("A body of type application/json is a JSON value, not a string.")),
                (false, Value::String(text)) => match unbase64url(text) {
                    Some(bytes) => Body::Bytes(bytes),
                    None => return Err(Reply::bad("A body that is not JSON is encoded in base64url.")),
                },
                (false, _) => return Err(Reply::bad("A body that is not JSON is a string in base64url.")),
            }
        }
    };
    Ok(Call { method: method.into(), path: path.into(), query: query.into(), headers, body })
}

/// The wave of each item, if all items whose dependencies are met run in lock-step.
pub(super) fn waves(items: &[Item]) -> Vec<usize> {
    let mut wave: HashMap<&str, usize> = HashMap::new();
    let mut all = Vec::new();
    for item in items {
        let at = item.depends_on.iter().filter_map(|d| wave.get(d.as_str())).map(|w| w + 1).max().unwrap_or(0);
        wave.insert(&item.id, at);
        all.push(at);
    }
    all
}

/// The largest number of concurrent requests of each mailbox, and the items above the limit.
pub(super) fn crowd(
    waves: &[usize],
    mailboxes: &[Option<String>],
    most: impl Fn(&str) -> usize,
) -> (BTreeMap<String, usize>, BTreeSet<usize>) {
    let mut now: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    let mut surplus = BTreeSet::new();
    for (at, mailbox) in mailboxes.iter().enumerate() {
        let Some(mailbox) = mailbox else { continue };
        let count = now.entry((waves[at], mailbox)).or_default();
        *count += 1;
        if *count > most(mailbox) {
            surplus.insert(at);
        }
    }
    let mut peak: BTreeMap<String, usize> = BTreeMap::new();
    for ((_, mailbox), count) in now {
        let held = peak.entry(mailbox.to_owned()).or_default();
        *held = (*held).max(count);
    }
    (peak, surplus)
}

/// One response of a batch.
pub(super) fn response(id: &str, reply: &Reply) -> Value {
    let headers: Map<String, Value> = reply.headers.iter().map(|(n, v)| (n.clone(), v.clone().into())).collect();
    let mut answer = json!({"id": id, "status": reply.status, "headers": headers});
    match &reply.body {
        Body::None => {}
        Body::Json(value) => answer["body"] = value.clone(),
        Body::Bytes(bytes) => answer["body"] = base64(bytes).into(),
    }
    answer
}

/// Graph returns responses in any order.
pub(super) fn shuffle(state: &mut ServiceState, responses: &mut [Value]) {
    responses.shuffle(&mut state.rng);
}
