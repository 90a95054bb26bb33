"""The deployment test: deploys the stack to an emulator of AWS, creates three secrets, and waits for the schedule to run
the accounts; then the same with workers behind a queue.

Everything listens on loopback. Where the emulator differs from AWS, test_template.py checks the translated template
instead: the emulator ignores time to live, point-in-time recovery and permissions, and lacks saved queries.
"""

import contextlib
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
from samcli.yamlhelper import yaml_dump, yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ["CARGO_TARGET_DIR"])
STATE = TARGET / "deploy" / "emulator"
BUILD = TARGET / "deploy" / "build"
STACK = "evergreen-proof"
REGION = os.environ["AWS_REGION"]
ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"

# The shortest interval of a policy; within the test each account runs once.
INTERVAL = {"min": 500, "max": 600}
# The schedule fires a minute after its creation; then sync, the first run within two minutes, and the next tick.
PATIENCE = 420
# The next tick, and a worker.
FAN_OUT_PATIENCE = 150


def main():
    lint()
    build()
    with fake_tenant() as tenant, emulator() as endpoint:
        aws = Aws(endpoint)
        parameters = {
            "Architecture": ARCHITECTURE,
            "TickRate": "rate(1 minute)",
            "SyncRate": "rate(1 minute)",
            "AlertEmail": "someone@example.com",
            "LoginEndpoint": tenant.endpoint,
            "GraphEndpoint": tenant.endpoint,
        }
        with step("sam deploy"):
            deploy(endpoint, parameters)
        outputs = aws.outputs()
        listener = aws.listen(outputs["AlertsTopicArn"])
        with step("three secrets, through the AWS CLI"):
            make_secrets(endpoint, tenant.secrets)
        with step("the schedule runs the accounts"):
            accounts = wait_for_runs(aws, outputs)
        with step("each account has the expected state"):
            check_accounts(aws, outputs, accounts)
        with step("the logs contain the runs"):
            check_logs(aws, accounts)
        with step("the topic got one message"):
            check_alerts(aws, listener)
        with step("an update of a parameter"):
            deploy(endpoint, parameters | {"RunRetentionDays": "7"})
            variables = aws.client("lambda").get_function_configuration(FunctionName=STACK)["Environment"]["Variables"]
            expect(variables["RUN_RETENTION_DAYS"] == "7", f"the function has the new value: {variables}")
            expect(aws.outputs() == outputs, "tables and links are unchanged")
        with step("the same again changes nothing"):
            output = deploy(endpoint, parameters | {"RunRetentionDays": "7"})
            expect("No changes to deploy" in output, f"sam reports no changes: {output[-500:]}")
        with step("an update to workers behind a queue"):
            deploy(endpoint, parameters | {"RunRetentionDays": "7", "FanOut": "true"})
            check_fan_out(aws)
        with step("the workers run the accounts"):
            run_by_workers(aws, outputs)
        with step("sam delete"):
            delete(endpoint)
            check_deleted(aws, outputs)


# --- Steps ------------------------------------------------------------------------------------------------------------


def lint():
    with step("sam validate --lint"):
        run(["sam", "validate", "--lint", "--region", REGION])
    with step("cfn-lint"):
        run(["cfn-lint", "--regions", REGION, "us-east-1", "--", "template.yaml", *sorted(map(str, Path("infra").glob("*.yaml")))])


def build():
    with step(f"sam build, {ARCHITECTURE}"):
        # The toolchain's own linker: the target is the architecture of this machine.
        environment = {"CARGO_LAMBDA_COMPILER": "cargo"}
        sam = ["sam", "build", "--build-dir", str(BUILD), "--parameter-overrides", f"Architecture={ARCHITECTURE}"]
        run(sam, environment)
    template = yaml_parse((BUILD / "template.yaml").read_text())
    code = {template["Resources"][function]["Properties"]["CodeUri"] for function in ("Function", "Worker")}
    expect(code == {"Function-Shared"}, f"both functions are built once, at the path of the release workflow: {code}")
    bootstrap = BUILD / "Function-Shared" / "bootstrap"
    needed = max(map(version, re.findall(rb"GLIBC_(\d+\.\d+)", bootstrap.read_bytes())), default=(0, 0))
    expect(needed <= (2, 34), f"al2023 has glibc 2.34, the function needs {needed}")
    # The emulator refuses a template with an unknown type.
    known = {n: made for n, made in template["Resources"].items() if made["Type"] != "AWS::Logs::QueryDefinition"}
    # It keeps a numeric parameter as text, which its own poller cannot compare.
    scaling = known["Worker"]["Properties"]["Events"]["Accounts"]["Properties"]["ScalingConfig"]
    scaling["MaximumConcurrency"] = template["Parameters"]["WorkerConcurrency"]["Default"]
    (BUILD / "emulator.yaml").write_text(yaml_dump(template | {"Resources": known}))


def version(text):
    return tuple(map(int, text.split(b".")))


def deploy(endpoint, parameters):
    overrides = [f'{name}="{value}"' for name, value in parameters.items()]
    command = ["sam", "deploy", "--template-file", str(BUILD / "emulator.yaml"), "--config-file", str(ROOT / "samconfig.toml")]
    command += ["--stack-name", STACK, "--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", *overrides]
    return run(command, {"AWS_ENDPOINT_URL": endpoint})


def delete(endpoint):
    command = ["sam", "delete", "--stack-name", STACK, "--no-prompts", "--region", REGION]
    return run(command, {"AWS_ENDPOINT_URL": endpoint})


def make_secrets(endpoint, secrets):
    for account, secret in secrets.items():
        secret["policy"] = {"interval_seconds": INTERVAL}
        if account == "wrong-secret":
            secret["policy"]["pause_after"] = 1
        create = ["aws", "secretsmanager", "create-secret", "--endpoint-url", endpoint, "--region", REGION]
        run([*create, "--name", f"evergreen/{account}", "--secret-string", json.dumps(secret)])


def wait_for_runs(aws, outputs):
    """The accounts, once each of the three has had its first run."""
    end = time.monotonic() + PATIENCE
    accounts = {}
    while time.monotonic() < end:
        accounts = {account["account_id"]: account for account in aws.items(outputs["AccountsTableName"])}
        if len(accounts) == 3 and all("last_run_at" in account and "run_id" not in account for account in accounts.values()):
            return accounts
        time.sleep(2)
    raise Failed(f"not every account has run within {PATIENCE} s: {accounts}\n{aws.log_text()}")


def check_accounts(aws, outputs, accounts):
    expect(accounts.keys() == {"app-only", "delegated", "wrong-secret"}, f"the accounts of the secrets: {accounts.keys()}")
    history = aws.items(outputs["RunsTableName"])
    for name, account in accounts.items():
        runs = [row for row in history if row["account_id"] == name]
        expect(len(runs) >= 1, f"{name} has history")
        expires = datetime.fromtimestamp(int(runs[0]["expires_at"]), timezone.utc)
        days = (expires - moment(runs[0]["started_at"])).total_seconds() / 86_400
        expect(29.9 < days < 30.1, f"{name}'s history is kept for 30 days: {days}")
        after = moment(account["next_run_at"]) - moment(account["last_run_at"])
        if name == "wrong-secret":
            expect(account["status"] == "paused", f"{name} is paused: {account}")
            expect("7000215" in account["pause_cause"], f"{name} has its cause: {account['pause_cause']}")
            expect(after == timedelta(hours=6), f"{name} is probed after six hours: {after}")
        else:
            expect(account["status"] == "active", f"{name} is active: {account}")
            low, high = timedelta(seconds=INTERVAL["min"]), timedelta(seconds=INTERVAL["max"])
            expect(low <= after <= high, f"{name}'s next run lies in its interval: {after}")
            expect(runs[0]["outcome"] == "succeeded" and int(runs[0]["calls_ok"]) > 0, f"{name} has made calls: {runs[0]}")
        print(f"    {name}: {account['status']}, next run {account['next_run_at']}, {account.get('pause_cause', '')}")


def check_logs(aws, accounts):
    lines = aws.log_lines()
    runs = {line["account"]: line for line in lines if line.get("message") == "run"}
    expect(runs.keys() == accounts.keys(), f"one line for each run: {runs.keys()}")
    metrics = [line for line in lines if "_aws" in line]
    expect(metrics and all(m["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "E5Evergreen" for m in metrics), "metrics")
    expect(sum(line["Paused"] for line in metrics) == 1, "the pause was counted once")
    expect(sum(line["Succeeded"] for line in metrics) == 2, "both good runs were counted")
    expect(any(line.get("DaysToRenewal", 0) > 0 for line in metrics), "the days left were checked and measured")
    text = aws.log_text()
    for secret in ("right-secret", "mistyped"):
        expect(secret not in text, "no secret in the logs")


def check_alerts(aws, queue):
    alerts = [json.loads(message["Body"]) for message in aws.messages(queue)]
    expect(len(alerts) == 1, f"one message, for the paused account: {alerts}")
    expect(alerts[0]["Subject"] == "E5 Evergreen: wrong-secret paused", f"it names the account: {alerts}")
    expect("7000215" in alerts[0]["Message"] and "mistyped" not in alerts[0]["Message"], f"it names the cause: {alerts}")


def check_fan_out(aws):
    outputs, functions = aws.outputs(), aws.client("lambda")
    configured = lambda name: functions.get_function_configuration(FunctionName=name)
    tick, worker = configured(STACK), configured(outputs["WorkerName"])
    variables = tick["Environment"]["Variables"]
    expect(variables.pop("QUEUE_URL") == outputs["QueueUrl"], f"the function sends to the queue: {variables}")
    expect(worker["Environment"]["Variables"] == variables, "the worker has the variables of the function, except the queue")
    for same in ("Role", "CodeSha256"):
        expect(worker[same] == tick[same], f"both have the same {same}: {worker[same]} {tick[same]}")
    (mapping,) = functions.list_event_source_mappings(FunctionName=outputs["WorkerName"])["EventSourceMappings"]
    expect(mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], f"the worker reports failures per message: {mapping}")


def run_by_workers(aws, outputs):
    """Makes both working accounts due and waits until a worker has run them."""
    good = ("app-only", "delegated")
    runs = lambda: [row for row in aws.items(outputs["RunsTableName"]) if row["account_id"] in good]
    before, rounds = len(runs()), len(aws.log_lines())
    past = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for account in good:
        aws.client("dynamodb").update_item(
            TableName=outputs["AccountsTableName"],
            Key={"account_id": {"S": account}},
            UpdateExpression="SET next_run_at = :past",
            ExpressionAttributeValues={":past": {"S": past}},
        )
    end = time.monotonic() + FAN_OUT_PATIENCE
    while time.monotonic() < end and len(runs()) < before + 2:
        time.sleep(2)
    expect(len(runs()) == before + 2, f"one more run of each: {runs()}\n{aws.log_text()}")
    lines = aws.log_lines()[rounds:]
    of_ticks = [line["round"] for line in lines if line.get("message") == "round" and "queued" in line["round"]]
    expect(sum(report["queued"] for report in of_ticks) == 2, f"the tick sent both: {of_ticks}")
    expect(not any(report["succeeded"] or report["failed"] for report in of_ticks), f"the tick ran none: {of_ticks}")
    expect({row["outcome"] for row in runs()[:2]} == {"succeeded"}, f"the worker ran them: {runs()[:2]}")
    held = [account for account in aws.items(outputs["AccountsTableName"]) if "run_id" in account]
    expect(not held, f"no account is claimed any more: {held}")
    expect(not aws.messages(outputs["DeadLettersUrl"]), "there are no dead letters")


def check_deleted(aws, outputs):
    for table in ("AccountsTableName", "RunsTableName"):
        expect(len(aws.items(outputs[table])) >= 3, f"{table} is kept with its items")
    functions = [made["FunctionName"] for made in aws.client("lambda").list_functions()["Functions"]]
    schedules = [made["Name"] for made in aws.client("scheduler").list_schedules()["Schedules"]]
    expect(not functions and not schedules, f"function and schedules are deleted: {functions} {schedules}")
    names = [made["Name"] for made in aws.client("secretsmanager").list_secrets()["SecretList"]]
    expect(len(names) == 3, f"the secrets are kept: {names}")


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


# --- Environment --------------------------------------------------------------------------------------------------


class Aws:
    """A client of the emulator."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.session = boto3.Session(region_name=REGION)

    def client(self, service):
        return self.session.client(service, endpoint_url=self.endpoint)

    def outputs(self):
        (stack,) = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def items(self, table):
        """Every item of a table, newest sort key first, as plain values."""
        items = self.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
        plain = [{name: next(iter(value.values())) for name, value in item.items()} for item in items]
        return sorted(plain, key=lambda item: item.get("started_at", ""), reverse=True)

    def listen(self, topic):
        """Subscribes a queue to the topic, in place of an e-mail address."""
        sqs = self.client("sqs")
        queue = sqs.create_queue(QueueName="listener")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return queue

    def messages(self, queue):
        received = self.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        return received.get("Messages", [])

    def log_text(self):
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{STACK}")
        return "\n".join(event["message"].strip() for page in pages for event in page["events"])

    def log_lines(self):
        """The log lines of the function itself."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]


class Tenant:
    def __init__(self, process):
        self.process = process
        started = json.loads(process.stdout.readline())
        self.endpoint, self.secrets = started["endpoint"], started["secrets"]


@contextlib.contextmanager
def fake_tenant():
    with step("the fake tenant"):
        run(["cargo", "build", "--locked", "--package", "fake_tenant"])
    program = TARGET / "debug" / "fake_tenant"
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Tenant(process)
        finally:
            process.kill()


@contextlib.contextmanager
def emulator():
    """Starts the emulator and yields its endpoint. Without both variables it listens on every address and its functions call the real AWS."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": endpoint,
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": "123456789012",
        "STATE_DIR": str(STATE),
    }
    with open(STATE / "log", "w") as log:
        process = subprocess.Popen(["ministack"], env=os.environ | environment, stdout=log, stderr=log)
    try:
        with step("the emulator"):
            wait_for_port(process, port)
            expect(listening(process.pid) == {"127.0.0.1"}, f"it listens only on loopback: {listening(process.pid)}")
        yield endpoint
    except BaseException:
        print((STATE / "log").read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for_port(process, port):
    for _ in range(600):
        expect(process.poll() is None, "the emulator runs")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise Failed("the emulator does not listen")


def listening(pid):
    """The addresses that a process listens on, from /proc; 127.0.0.1 on other systems than Linux."""
    if not Path("/proc/net/tcp").exists():
        return {"127.0.0.1"}
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(os.readlink(descriptor))
    addresses = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else []:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                address = fields[1].split(":")[0]
                addresses.add("127.0.0.1" if address == "0100007F" else address)
    return addresses


# --- Reporting ----------------------------------------------------------------------------------------------------------


class Failed(Exception):
    """An expectation was not met."""


def expect(true, what):
    if not true:
        raise Failed(f"expected: {what}")


@contextlib.contextmanager
def step(name):
    start = time.monotonic()
    yield
    print(f"  {name}: {time.monotonic() - start:.0f} s", flush=True)


def run(command, environment=None):
    """Runs a command, which must succeed, and returns its output."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    # The arguments may contain a secret: print only the first two words.
    expect(done.returncode == 0, f"`{' '.join(command[:2])}` succeeds:\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"the deployment test failed: {failure}")
