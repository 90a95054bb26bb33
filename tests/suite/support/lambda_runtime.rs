//! Fake AWS Lambda runtime API, and the function binary as a child process of it.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path as UrlPath, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::TcpListener,
    process::Command,
    sync::{Notify, oneshot, watch},
};

use super::REGION;

/// The error that Lambda returns for a function that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionError {
    pub error_type: String,
    pub error_message: String,
}

pub(crate) type Answer = Result<Value, FunctionError>;

/// The runtime API on loopback. Clones share its state.
#[derive(Clone)]
pub(crate) struct FakeRuntime {
    /// `AWS_LAMBDA_RUNTIME_API`: host and port, without a scheme.
    pub address: String,
    state: Arc<RuntimeState>,
}

struct RuntimeState {
    queue: Mutex<Queue>,
    queued: Notify,
    deadline: Mutex<Duration>,
    counter: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Invocation>,
    running: HashMap<String, Running>,
    init_error: Option<FunctionError>,
    /// How often a function has polled for an event: 1 means that it has started.
    polls: usize,
    /// Answers that came after their deadline, when Lambda would have killed the function.
    late_answers: usize,
}

/// An invocation that a function has received.
struct Running {
    answer: oneshot::Sender<Answer>,
    deadline: SystemTime,
}

struct Invocation {
    id: String,
    body: String,
    answer: oneshot::Sender<Answer>,
}

impl RuntimeState {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap()
    }

    fn fail_all(&self, error: &FunctionError) {
        let mut queue = self.queue();
        let waiting: Vec<_> = queue.waiting.drain(..).map(|invocation| invocation.answer).collect();
        for answer in queue.running.drain().map(|(_, running)| running.answer).chain(waiting) {
            let _caller_has_left = answer.send(Err(error.clone()));
        }
    }
}

impl FakeRuntime {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(RuntimeState {
            queue: Mutex::default(),
            queued: Notify::new(),
            deadline: Mutex::new(Duration::from_secs(60)),
            counter: AtomicU64::new(0),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(16 * 1024 * 1024))
            .with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, state }
    }

    /// Sets the time limit of invocations; initially one minute. No process is killed when it ends.
    pub(crate) fn set_deadline(&self, deadline: Duration) {
        *self.state.deadline.lock().unwrap() = deadline;
    }

    /// Sends an event and returns the function's answer. Without an answer, the errors are Lambda's own:
    /// `Runtime.ExitError` when the process ended, `Sandbox.Timedout` a little after the deadline.
    pub(crate) async fn invoke(&self, event: &Value) -> Answer {
        self.invoke_raw(event.to_string()).await
    }

    /// The same with any text as body.
    pub(crate) async fn invoke_raw(&self, body: String) -> Answer {
        let id = format!("00000000-0000-4000-8000-{:012}", self.state.counter.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        self.state.queue().waiting.push(Invocation { id, body, answer });
        self.state.queued.notify_one();

        let patience = *self.state.deadline.lock().unwrap() + Duration::from_secs(2);
        match tokio::time::timeout(patience, answered).await {
            Ok(answer) => answer.expect("the runtime answers or fails every invocation"),
            Err(_) => Err(FunctionError {
                error_type: "Sandbox.Timedout".to_owned(),
                error_message: format!("no answer after {patience:?}"),
            }),
        }
    }

    /// The error that the function reported when it could not start.
    pub(crate) fn init_error(&self) -> Option<FunctionError> {
        self.state.queue().init_error.clone()
    }

    /// How many answers came after their deadline.
    pub(crate) fn late_answers(&self) -> usize {
        self.state.queue().late_answers
    }

    /// How often a function has polled for an event; from 1 on it has started.
    pub(crate) fn polls(&self) -> usize {
        self.state.queue().polls
    }
}

async fn next(State(state): State<Arc<RuntimeState>>) -> Response {
    state.queue().polls += 1;
    let (id, body, deadline) = loop {
        // Registered before the check, so that no event is missed between check and wait.
        let queued = state.queued.notified();
        {
            let mut queue = state.queue();
            if !queue.waiting.is_empty() {
                let invocation = queue.waiting.remove(0);
                let deadline = SystemTime::now() + *state.deadline.lock().unwrap();
                queue.running.insert(invocation.id.clone(), Running { answer: invocation.answer, deadline });
                break (invocation.id, invocation.body, deadline);
            }
        }
        queued.await;
    };
    // One wake-up may cover several events.
    state.queued.notify_one();

    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis().to_string();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline),
        ("lambda-runtime-invoked-function-arn", format!("arn:aws:lambda:{REGION}:123456789012:function:e5-evergreen")),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned()),
    ];
    (headers, body).into_response()
}

async fn response(state: State<Arc<RuntimeState>>, id: UrlPath<String>, body: Bytes) -> Response {
    let answer = serde_json::from_slice(&body).map_err(|error| FunctionError {
        error_type: "Runtime.InvalidResponse".to_owned(),
        error_message: error.to_string(),
    });
    finish(&state, &id, answer)
}

async fn error(state: State<Arc<RuntimeState>>, id: UrlPath<String>, body: Bytes) -> Response {
    finish(&state, &id, Err(function_error(&body)))
}

async fn init_error(State(state): State<Arc<RuntimeState>>, body: Bytes) -> Response {
    state.queue().init_error = Some(function_error(&body));
    accepted()
}

fn finish(state: &RuntimeState, id: &str, answer: Answer) -> Response {
    let mut queue = state.queue();
    match queue.running.remove(id) {
        Some(running) => {
            queue.late_answers += usize::from(SystemTime::now() > running.deadline);
            let _caller_has_left = running.answer.send(answer);
            accepted()
        }
        None => (StatusCode::BAD_REQUEST, r#"{"errorType":"InvalidRequestID"}"#).into_response(),
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response()
}

fn function_error(body: &[u8]) -> FunctionError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    FunctionError { error_type: field("errorType"), error_message: field("errorMessage") }
}

/// A function as Lambda runs it, with exactly the given environment. Dropping it kills it.
pub(crate) struct FunctionProcess {
    runtime: FakeRuntime,
    output: Output,
    kill: Option<oneshot::Sender<()>>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl FunctionProcess {
    /// The function binary with its own runtime API. `environment` is added to Lambda's own variables.
    pub(crate) async fn start(environment: &[(&str, &str)]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_e5-evergreen"));
        Self::start_program(program, &[], FakeRuntime::start().await, environment)
    }

    /// The same with another program.
    pub(crate) fn start_program(
        program: &Path,
        arguments: &[&str],
        runtime: FakeRuntime,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut variables = BTreeMap::from([
            ("AWS_LAMBDA_RUNTIME_API", &*runtime.address),
            ("AWS_LAMBDA_FUNCTION_NAME", "e5-evergreen"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/e5-evergreen"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_SESSION_TOKEN", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]);
        variables.extend(environment.iter().copied());

        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();

        let output = Output::default();
        let readers = [
            tokio::spawn(output.clone().keep(Stream::Stdout, child.stdout.take().unwrap())),
            tokio::spawn(output.clone().keep(Stream::Stderr, child.stderr.take().unwrap())),
        ];
        let (kill, killed) = oneshot::channel::<()>();
        let (end, ended) = watch::channel(None);
        tokio::spawn({
            let (runtime, output) = (runtime.clone(), output.clone());
            async move {
                let status = tokio::select! {
                    status = child.wait() => status.unwrap(),
                    _killed_or_dropped = killed => {
                        let _ended_already = child.start_kill();
                        child.wait().await.unwrap()
                    }
                };
                for reader in readers {
                    reader.await.unwrap();
                }
                runtime.state.fail_all(&FunctionError {
                    error_type: "Runtime.ExitError".to_owned(),
                    error_message: format!("{status}; its output:\n{}", output.text()),
                });
                end.send_replace(Some(status));
            }
        });
        Self { runtime, output, kill: Some(kill), ended }
    }

    pub(crate) fn runtime(&self) -> &FakeRuntime {
        &self.runtime
    }

    /// As `FakeRuntime::invoke`; fails at once when the process has ended.
    pub(crate) async fn invoke(&self, event: &Value) -> Answer {
        let mut ended = self.ended.clone();
        tokio::select! {
            answer = self.runtime.invoke(event) => answer,
            Ok(status) = ended.wait_for(Option::is_some) => Err(FunctionError {
                error_type: "Runtime.ExitError".to_owned(),
                error_message: format!("{}; it wrote:\n{}", status.unwrap(), self.output.text()),
            }),
        }
    }

    /// Kills it without warning or clean-up. Returns when it is dead and its output is read.
    pub(crate) async fn kill(&mut self) {
        drop(self.kill.take());
        self.exited().await;
    }

    /// Waits for its exit.
    pub(crate) async fn exited(&mut self) -> ExitStatus {
        self.ended.wait_for(Option::is_some).await.unwrap().unwrap()
    }

    /// Its output so far, line by line, in order of arrival.
    pub(crate) fn stdout(&self) -> Vec<String> {
        self.output.lines(Stream::Stdout)
    }

    pub(crate) fn stderr(&self) -> Vec<String> {
        self.output.lines(Stream::Stderr)
    }

    /// Both streams as one text to search.
    pub(crate) fn everything_written(&self) -> String {
        self.output.text()
    }

    /// Returns the first line of stdout, written already or to come, that `wanted` accepts.
    pub(crate) async fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let written = self.output.0.written.notified();
            if let Some(line) = self.stdout().into_iter().find(|line| wanted(line)) {
                return line;
            }
            assert!(self.ended.borrow().is_none(), "it exited without that line; its output:\n{}", self.output.text());
            let mut ended = self.ended.clone();
            tokio::select! {
                () = written => {}
                _status = ended.wait_for(Option::is_some) => {}
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Stdout,
    Stderr,
}

#[derive(Clone, Default)]
struct Output(Arc<Written>);

#[derive(Default)]
struct Written {
    lines: Mutex<Vec<(Stream, String)>>,
    written: Notify,
}

impl Output {
    async fn keep(self, stream: Stream, source: impl AsyncRead + Unpin) {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while source.read_until(b'\n', &mut line).await.unwrap() > 0 {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.0.lines.lock().unwrap().push((stream, text));
            self.0.written.notify_waiters();
            line.clear();
        }
    }

    fn lines(&self, stream: Stream) -> Vec<String> {
        let lines = self.0.lines.lock().unwrap();
        lines.iter().filter(|(of, _)| *of == stream).map(|(_, line)| line.clone()).collect()
    }

    fn text(&self) -> String {
        self.0.lines.lock().unwrap().iter().map(|(_, line)| format!("{line}\n")).collect()
    }
}

mod tests {
    use e5_evergreen::adapters::http::{Timeouts, client};
    use serde_json::json;

    use super::*;

    fn url(runtime: &FakeRuntime, path: &str) -> String {
        format!("http://{}/2018-06-01/runtime/{path}", runtime.address)
    }

    #[tokio::test]
    async fn event_reaches_the_function_and_its_answer_is_returned() {
        let runtime = FakeRuntime::start().await;
        runtime.set_deadline(Duration::from_secs(900));
        let http = client(Timeouts::default()).unwrap();
        let function = async {
            for ending in ["response", "error", "response"] {
                let event = http.get(url(&runtime, "invocation/next")).send().await.unwrap();
                let header = |name: &str| event.headers()[name].to_str().unwrap().to_owned();
                let left = header("lambda-runtime-deadline-ms").parse::<u128>().unwrap()
                    - SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
                assert!((880_000..=900_000).contains(&left), "{left}");
                assert!(header("lambda-runtime-invoked-function-arn").starts_with("arn:aws:lambda:"));
                let path = format!("invocation/{}/{ending}", header("lambda-runtime-aws-request-id"));
                let body = match ending {
                    "error" => r#"{"errorType":"Bad","errorMessage":"why"}"#.to_owned(),
                    _ => format!(r#"{{"got":{}}}"#, event.text().await.unwrap()),
                };
                let answer = http.post(url(&runtime, &path)).body(body.clone()).send().await.unwrap();
                assert_eq!(answer.status(), StatusCode::ACCEPTED);
                let again = http.post(url(&runtime, &path)).body(body).send().await.unwrap();
                assert_eq!(again.status(), StatusCode::BAD_REQUEST);
            }
        };
        let (first, second) = (json!({"n": 1}), json!({"n": 2}));
        let caller = async {
            let (a, b) = tokio::join!(runtime.invoke(&first), runtime.invoke(&second));
            assert_eq!(a, Ok(json!({"got": {"n": 1}})));
            assert_eq!(b, Err(FunctionError { error_type: "Bad".into(), error_message: "why".into() }));
            assert_eq!(runtime.invoke(&first).await, Ok(json!({"got": {"n": 1}})));
        };
        tokio::join!(function, caller);
        assert_eq!(runtime.polls(), 3);
    }

    #[tokio::test]
    async fn failed_start_is_recorded() {
        let runtime = FakeRuntime::start().await;
        let http = client(Timeouts::default()).unwrap();
        let body = r#"{"errorType":"Config","errorMessage":"ACCOUNTS_TABLE is missing"}"#;
        http.post(url(&runtime, "init/error")).body(body).send().await.unwrap();
        assert_eq!(runtime.init_error().unwrap().error_type, "Config");
    }

    async fn shell(script: &str, environment: &[(&str, &str)]) -> FunctionProcess {
        let runtime = FakeRuntime::start().await;
        FunctionProcess::start_program(Path::new("/bin/sh"), &["-c", script], runtime, environment)
    }

    #[tokio::test]
    async fn function_that_exits_fails_its_invocations_with_its_output() {
        let mut function = shell("echo out; echo err >&2; exit 3", &[]).await;
        for _ in 0..2 {
            let error = function.invoke(&json!({})).await.unwrap_err();
            assert_eq!(error.error_type, "Runtime.ExitError");
            let message = error.error_message;
            assert!(["exit status: 3", "out\n", "err\n"].iter().all(|part| message.contains(part)), "{message}");
        }
        assert_eq!(function.exited().await.code(), Some(3));
        assert_eq!((function.stdout(), function.stderr()), (vec!["out".to_owned()], vec!["err".to_owned()]));
    }

    #[tokio::test]
    async fn function_does_not_inherit_the_environment_of_the_test() {
        let function = shell("export -p; read -r line", &[("ACCOUNTS_TABLE", "t"), ("AWS_REGION", "us-east-1")]).await;
        function.line(|line| line.contains("ACCOUNTS_TABLE='t'") || line.contains("ACCOUNTS_TABLE=\"t\"")).await;
        let written = function.everything_written();
        assert!(!written.contains("CARGO") && !written.contains("HOME="), "{written}");
        assert!(written.contains("AWS_LAMBDA_RUNTIME_API"), "{written}");
        assert!(!written.contains(REGION), "given variables replace those of Lambda: {written}");
    }

    #[tokio::test]
    async fn killed_function_is_dead_and_its_invocation_fails() {
        let mut function = shell("echo started; exec /bin/sleep 600", &[]).await;
        function.line(|line| line == "started").await;
        let runtime = function.runtime().clone();
        let invocation = tokio::spawn(async move { runtime.invoke(&json!({})).await });
        while function.runtime().state.queue().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        function.kill().await;
        assert_eq!(function.exited().await.code(), None);
        assert_eq!(invocation.await.unwrap().unwrap_err().error_type, "Runtime.ExitError");
    }
}
