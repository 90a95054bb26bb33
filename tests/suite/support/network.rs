//! The network of one process: a proxy on loopback before each of its services, which hangs, cuts, slows,
//! replaces or holds requests by rule. Each process has its own, so that a test disturbs one and not the other.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use e5_evergreen::adapters::http::{Timeouts, client};
use futures_util::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

pub(crate) use super::aws_json::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Login,
    Graph,
    DynamoDb,
    SecretsManager,
    Sqs,
    Sns,
    Sts,
}

/// One request as it passed the proxy.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub service: Service,
    /// The action of an AWS service, or method and path.
    pub name: String,
    pub body: String,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.service, self.name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The request is not answered: before or after the service has carried it out.
    Hang(At),
    /// The connection is closed: before or after the service has carried the request out.
    Cut(At),
    /// The connection is closed after half of the response's body.
    CutBody,
    /// The response's body arrives byte by byte, with this pause between two bytes.
    Trickle(Duration),
    /// The service carries the request out, but this status and body are the response.
    Replace(u16, Vec<u8>),
}

/// Which requests an effect applies to.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    service: Service,
    containing: String,
    skip: usize,
    times: usize,
    effect: Effect,
}

impl Rule {
    /// Every request to the service.
    pub(crate) fn every(service: Service, effect: Effect) -> Self {
        Self { service, containing: String::new(), skip: 0, times: usize::MAX, effect }
    }

    /// Only requests with this text in their name or their body.
    pub(crate) fn containing(mut self, text: &str) -> Self {
        text.clone_into(&mut self.containing);
        self
    }

    /// Only the nth matching request, counted from 1.
    pub(crate) fn nth(mut self, nth: usize) -> Self {
        (self.skip, self.times) = (nth - 1, 1);
        self
    }

    fn take(&mut self, request: &Passed) -> Option<Effect> {
        let matches = self.service == request.service
            && (request.name.contains(&self.containing) || request.body.contains(&self.containing));
        if !matches {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times = self.times.checked_sub(1)?;
        Some(self.effect.clone())
    }
}

/// A request that is held at one of its two ends. Dropping it lets the request pass.
pub(crate) struct Step {
    pub request: Passed,
    pub at: At,
    _release: oneshot::Sender<Infallible>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.request, self.at)
    }
}

/// The requests of a process, one step after another. Dropping it lets all requests pass.
pub(crate) struct Steps(mpsc::UnboundedReceiver<Step>);

impl Steps {
    /// The next request that is held.
    pub(crate) async fn next(&mut self) -> Step {
        self.0.recv().await.expect("the network exists")
    }

    /// Lets `count` steps pass, and returns the one after them, which is held; `None` where the process is idle before.
    /// `process` is the process's work, which is driven meanwhile.
    pub(crate) async fn hold_after<F: Future + Unpin>(
        &mut self,
        count: usize,
        process: &mut F,
    ) -> Result<Step, F::Output> {
        let mut left = count;
        loop {
            tokio::select! {
                biased;
                step = self.next() => {
                    if left == 0 {
                        return Ok(step);
                    }
                    left -= 1;
                }
                output = &mut *process => return Err(output),
            }
        }
    }
}

#[derive(Default)]
struct Plan {
    rules: Vec<Rule>,
    steps: Option<mpsc::UnboundedSender<Step>>,
    passed: Vec<Passed>,
}

/// The proxies of one process. Clones share rules and records.
#[derive(Clone)]
pub(crate) struct Network {
    plan: Arc<Mutex<Plan>>,
    endpoints: BTreeMap<Service, String>,
}

impl Network {
    /// A proxy before each of these endpoints.
    pub(crate) async fn before(targets: &[(Service, &str)]) -> Self {
        let plan = Arc::new(Mutex::new(Plan::default()));
        let client = client(Timeouts { total: Duration::from_secs(86_400), ..Timeouts::default() }).unwrap();
        let mut endpoints = BTreeMap::new();
        for (service, target) in targets {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            endpoints.insert(*service, format!("http://{}", listener.local_addr().unwrap()));
            let proxy = Proxy {
                plan: Arc::clone(&plan),
                client: client.clone(),
                service: *service,
                target: target.trim_end_matches('/').to_owned(),
            };
            let router =
                Router::new().fallback(pass).layer(DefaultBodyLimit::max(16 * 1024 * 1024)).with_state(Arc::new(proxy));
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        Self { plan, endpoints }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    /// The address of the proxy.
    pub(crate) fn endpoint(&self, service: Service) -> &str {
        &self.endpoints[&service]
    }

    pub(crate) fn add(&self, rule: Rule) {
        self.plan().rules.push(rule);
    }

    pub(crate) fn clear_rules(&self) {
        self.plan().rules.clear();
    }

    /// From now on each request is held twice, before the service carries it out and after, until its step is dropped.
    pub(crate) fn step_by_step(&self) -> Steps {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.plan().steps = Some(sender);
        Steps(receiver)
    }

    /// The requests so far.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        self.plan().passed.clone()
    }

    pub(crate) fn forget(&self) {
        self.plan().passed.clear();
    }
}

struct Proxy {
    plan: Arc<Mutex<Plan>>,
    client: reqwest::Client,
    service: Service,
    target: String,
}

impl Proxy {
    /// Records the request and returns the effect on it.
    fn arrived(&self, request: &Passed) -> Option<Effect> {
        let mut plan = self.plan.lock().unwrap();
        plan.passed.push(request.clone());
        plan.rules.iter_mut().find_map(|rule| rule.take(request))
    }

    async fn hold(&self, request: &Passed, at: At) {
        let (release, released) = oneshot::channel();
        let step = Step { request: request.clone(), at, _release: release };
        let held = self.plan.lock().unwrap().steps.as_ref().is_some_and(|steps| steps.send(step).is_ok());
        if held {
            let _dropped = released.await;
        }
    }
}

async fn pass(State(proxy): State<Arc<Proxy>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let request = Passed {
        service: proxy.service,
        name: name(&method, &uri, &headers, &body),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let effect = proxy.arrived(&request);
    proxy.hold(&request, At::Request).await;
    match effect {
        Some(Effect::Hang(At::Request)) => return pending().await,
        Some(Effect::Cut(At::Request)) => cut(),
        _ => {}
    }
    let url = format!("{}{}", proxy.target, uri.path_and_query().map_or("/", |path| path.as_str()));
    let answer = proxy.client.request(method, url).headers(end_to_end(&headers)).body(body).send().await;
    // The fake behind the proxy closes connections too, on request.
    let Ok(answer) = answer else { cut() };
    let (status, headers) = (answer.status(), end_to_end(answer.headers()));
    let Ok(body) = answer.bytes().await else { cut() };
    proxy.hold(&request, At::Answer).await;
    match effect {
        Some(Effect::Hang(_)) => pending().await,
        Some(Effect::Cut(_)) => cut(),
        Some(Effect::CutBody) => half(status, headers, body),
        Some(Effect::Trickle(pause)) => trickle(status, headers, body, pause),
        Some(Effect::Replace(status, body)) => {
            (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body).into_response()
        }
        None => (status, headers, body).into_response(),
    }
}

/// The action of an AWS service, or method and path.
fn name(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let action = || url::form_urlencoded::parse(body).find(|(name, _)| name == "Action").map(|(_, action)| action);
    match target.and_then(|target| target.split_once('.')) {
        Some((_, action)) => action.to_owned(),
        None if uri.path() == "/" => action().unwrap_or_default().into_owned(),
        None => format!("{method} {}", uri.path()),
    }
}

/// The headers without those of the connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    const OF_THE_CONNECTION: [HeaderName; 4] = [
        axum::http::header::CONNECTION,
        axum::http::header::CONTENT_LENGTH,
        axum::http::header::HOST,
        axum::http::header::TRANSFER_ENCODING,
    ];
    let mut headers = headers.clone();
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers
}

/// Closes the connection by ending the task that serves it; the unwinding is silent.
fn cut() -> ! {
    resume_unwind(Box::new("connection cut by the proxy"))
}

fn half(status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Response {
    headers.insert("content-length", body.len().into());
    let half = body.slice(..body.len() / 2);
    let chunks = stream::iter([Ok(half), Err(std::io::Error::other("cut by the proxy"))]);
    (status, headers, Body::from_stream(chunks)).into_response()
}

fn trickle(status: StatusCode, mut headers: HeaderMap, body: Bytes, pause: Duration) -> Response {
    headers.insert("content-length", body.len().into());
    let bytes = stream::iter(0..body.len()).then(move |index| {
        let byte = body.slice(index..=index);
        async move {
            tokio::time::sleep(pause).await;
            Ok::<_, Infallible>(byte)
        }
    });
    (status, headers, Body::from_stream(bytes)).into_response()
}

mod tests {
    use serde_json::json;

    use super::*;
    use crate::support::sdk_config;
    use crate::support::secrets_manager::FakeSecrets;

    async fn secrets() -> (FakeSecrets, Network, aws_sdk_secretsmanager::Client) {
        let secrets = FakeSecrets::start().await;
        secrets.put("a", &json!({"x": 1}));
        let network = Network::before(&[(Service::SecretsManager, &secrets.endpoint)]).await;
        let client = aws_sdk_secretsmanager::Client::new(&sdk_config(network.endpoint(Service::SecretsManager)));
        (secrets, network, client)
    }

    async fn read(client: &aws_sdk_secretsmanager::Client) -> Option<String> {
        client.get_secret_value().secret_id("a").send().await.ok()?.secret_string().map(str::to_owned)
    }

    #[tokio::test]
    async fn requests_pass_unchanged_and_are_recorded() {
        let (secrets, network, client) = secrets().await;
        assert_eq!(read(&client).await.as_deref(), Some(r#"{"x":1}"#));
        assert_eq!(secrets.calls("GetSecretValue"), 1);
        let passed: Vec<_> = network.passed().iter().map(Passed::to_string).collect();
        assert_eq!(passed, ["SecretsManager GetSecretValue"]);
        network.forget();
        assert!(network.passed().is_empty());
    }

    #[tokio::test]
    async fn cut_requests_and_responses_are_retried_by_the_sdk() {
        for (effect, calls) in [(Effect::Cut(At::Request), 1), (Effect::Cut(At::Answer), 2), (Effect::CutBody, 2)] {
            let (secrets, network, client) = secrets().await;
            network.add(Rule::every(Service::SecretsManager, effect.clone()).containing("GetSecret").nth(1));
            assert_eq!(read(&client).await.as_deref(), Some(r#"{"x":1}"#), "{effect:?}");
            assert_eq!((network.passed().len(), secrets.calls("GetSecretValue")), (2, calls), "{effect:?}");
        }
    }

    #[tokio::test]
    async fn trickled_body_arrives_complete() {
        let (_secrets, network, client) = secrets().await;
        network.add(Rule::every(Service::SecretsManager, Effect::Trickle(Duration::from_micros(1))));
        assert_eq!(read(&client).await.as_deref(), Some(r#"{"x":1}"#));
    }

    #[tokio::test]
    async fn replaced_response_arrives_in_place_of_the_services_own() {
        let (secrets, network, client) = secrets().await;
        let body = br#"{"Name": "a", "SecretString": "replaced"}"#;
        network.add(Rule::every(Service::SecretsManager, Effect::Replace(200, body.to_vec())));
        assert_eq!(read(&client).await.as_deref(), Some("replaced"));
        assert_eq!(secrets.calls("GetSecretValue"), 1);
    }

    #[tokio::test]
    async fn hung_request_is_never_answered_and_rules_can_be_cleared() {
        for (at, calls) in [(At::Request, 0), (At::Answer, 1)] {
            let (secrets, network, client) = secrets().await;
            network.add(Rule::every(Service::SecretsManager, Effect::Hang(at)));
            let mut hanging = Box::pin(read(&client));
            while network.passed().is_empty() || secrets.calls("GetSecretValue") < calls {
                tokio::select! {
                    answer = &mut hanging => panic!("{answer:?}"),
                    () = tokio::task::yield_now() => {}
                }
            }
            drop(hanging);
            assert_eq!(secrets.calls("GetSecretValue"), calls);
            network.clear_rules();
            assert!(read(&client).await.is_some());
        }
    }

    #[tokio::test]
    async fn each_request_is_held_before_and_after_the_service_has_carried_it_out() {
        let (secrets, network, client) = secrets().await;
        let mut steps = network.step_by_step();
        let mut reading = Box::pin(read(&client));
        let step = steps.hold_after(0, &mut reading).await.expect("it is held");
        assert_eq!(
            (step.to_string().as_str(), secrets.calls("GetSecretValue")),
            ("SecretsManager GetSecretValue (Request)", 0)
        );
        drop(step);
        let step = steps.hold_after(0, &mut reading).await.expect("it is held");
        assert_eq!((step.at, secrets.calls("GetSecretValue")), (At::Answer, 1));
        drop(step);
        assert!(steps.hold_after(0, &mut reading).await.err().expect("it ends").is_some());
        let mut reading = Box::pin(read(&client));
        assert!(steps.hold_after(2, &mut reading).await.err().expect("it has two steps").is_some());
        drop(steps);
        assert!(read(&client).await.is_some());
    }
}
