"""Compares the template with the code, offline: it has what the code needs, nothing more."""

import json
import logging
import re
import subprocess
import unittest
from pathlib import Path

import botocore.session
from botocore import xform_name
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

logging.getLogger("samtranslator").setLevel(logging.ERROR)

ROOT = Path(__file__).resolve().parents[2]

SECRETS = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretPrefix}*"

# The resource of each call of the code; `test_every_call...` compares the calls with the code.
CALLS = {
    ("dynamodb:Query", "${AccountsTable.Arn}/index/due"),
    ("dynamodb:Query", "RunsTable.Arn"),
    ("dynamodb:GetItem", "AccountsTable.Arn"),
    ("dynamodb:Scan", "AccountsTable.Arn"),
    ("dynamodb:UpdateItem", "AccountsTable.Arn"),
    ("dynamodb:PutItem", "RunsTable.Arn"),
    ("secretsmanager:ListSecrets", "*"),
    ("secretsmanager:BatchGetSecretValue", "*"),
    ("secretsmanager:GetSecretValue", SECRETS),
    ("secretsmanager:PutSecretValue", SECRETS),
    ("secretsmanager:UpdateSecretVersionStage", SECRETS),
    ("secretsmanager:CreateSecret", SECRETS),
    ("secretsmanager:DeleteSecret", SECRETS.replace("${SecretPrefix}*", "${SecretPrefix}_sign_in_*")),
    ("sns:Publish", "Alerts"),
    ("sts:GetWebIdentityToken", "*"),
    ("sqs:SendMessage", "Queue.Arn"),
}

# Permissions whose name differs from the call.
PERMISSIONS = {"sqs:SendMessageBatch": "sqs:SendMessage"}

# Calls of Lambda itself with the role of the function.
BY_LAMBDA = {
    ("logs:CreateLogStream", "LogGroup.Arn"),
    ("logs:PutLogEvents", "LogGroup.Arn"),
    ("sqs:SendMessage", "DeadLetters.Arn"),
    ("sqs:ReceiveMessage", "Queue.Arn"),
    ("sqs:DeleteMessage", "Queue.Arn"),
    ("sqs:GetQueueAttributes", "Queue.Arn"),
}

# Calls of Secrets Manager with the role of the function, where secrets have a key of the customer.
BY_SECRETS_MANAGER = {("kms:Decrypt", "SecretsKeyArn"), ("kms:GenerateDataKey", "SecretsKeyArn")}

# The conditions of policies, and the resources of these policies.
CONDITIONS = {"FanOut": {"Queue.Arn"}, "HasSecretsKey": {"SecretsKeyArn"}}


def translated():
    """The template as plain CloudFormation, transformed as AWS does."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    for function in ("Function", "Worker"):
        template["Resources"][function]["Properties"]["CodeUri"] = "s3://bucket/key"
    return Translator({}, Parser()).translate(template, {})


def statements(role):
    """Every (action, resource) that a role allows."""
    assert "ManagedPolicyArns" not in role, "a managed policy allows more than necessary"
    for policy in role["Policies"]:
        (condition, policy, otherwise) = policy.get("Fn::If", (None, policy, None))
        assert (condition is None) == (otherwise is None) and otherwise in (None, {"Ref": "AWS::NoValue"}), policy
        resources = {resource(statement["Resource"]) for statement in policy["PolicyDocument"]["Statement"]}
        for name, own in CONDITIONS.items():
            assert (condition == name) == (resources == own), f"permissions on {own} exist only with {name}"
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow" and isinstance(statement["Action"], str), policy["PolicyName"]
            yield statement["Action"], resource(statement["Resource"])


def resource(value):
    if isinstance(value, dict):
        (value,) = value.values()
    return ".".join(value) if isinstance(value, list) else value


def sources():
    """The function's own code, without the tests at the end of its files."""
    for path in sorted((ROOT / "src").rglob("*.rs")):
        if "local" not in path.relative_to(ROOT / "src").parts:
            yield path, path.read_text().split("#[cfg(test)]\nmod tests")[0]


def calls():
    """The AWS actions of the code: methods of the SDK's clients that the services' models know."""
    session = botocore.session.get_session()
    found = set()
    for _, text in sources():
        for service in set(re.findall(r"\baws_sdk_(\w+?)\b", text)):
            operations = session.get_service_model(service).operation_names
            methods = {xform_name(operation): operation for operation in operations}
            names = set(re.findall(r"\.\s*(\w+)\(\)", text))
            found |= {f"{service}:{methods[name]}" for name in names & methods.keys()}
    return {PERMISSIONS.get(call, call) for call in found}


class Permissions(unittest.TestCase):
    def setUp(self):
        self.resources = translated()["Resources"]

    def test_every_call_of_the_code_is_allowed_and_nothing_else(self):
        self.assertEqual(calls(), {action for action, _ in CALLS})
        allowed = list(statements(self.resources["FunctionRole"]["Properties"]))
        self.assertEqual(set(allowed), CALLS | BY_LAMBDA | BY_SECRETS_MANAGER)
        self.assertEqual(len(allowed), len(set(allowed)), "one statement per permission")

    def test_the_schedule_may_invoke_this_function_and_send_dead_letters(self):
        allowed = set(statements(self.resources["ScheduleRole"]["Properties"]))
        self.assertEqual(allowed, {("lambda:InvokeFunction", "Function.Arn"), ("sqs:SendMessage", "DeadLetters.Arn")})

    def test_there_are_no_other_roles_or_policies(self):
        kinds = {name: made["Type"] for name, made in self.resources.items() if made["Type"].startswith("AWS::IAM")}
        self.assertEqual(kinds, {"FunctionRole": "AWS::IAM::Role", "ScheduleRole": "AWS::IAM::Role"})
        self.assertFalse([made for made in self.resources.values() if made["Type"].endswith("Permission")])


class Function(unittest.TestCase):
    def setUp(self):
        self.resources = translated()["Resources"]
        self.function = self.resources["Function"]["Properties"]
        self.worker = self.resources["Worker"]["Properties"]

    def test_its_environment_has_the_variables_that_the_code_reads(self):
        config = next(text for path, text in sources() if path.name == "config.rs")
        read = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', config))
        self.assertEqual(set(self.function["Environment"]["Variables"]), read)

    def test_the_worker_equals_the_function_except_for_the_queue(self):
        apart = {"FunctionName", "Description", "Tags", "Environment"}
        same = lambda made: {name: value for name, value in made.items() if name not in apart}
        self.assertEqual(same(self.worker), same(self.function))
        variables = dict(self.function["Environment"]["Variables"])
        queue = {"Fn::If": ["FanOut", {"Ref": "Queue"}, {"Ref": "AWS::NoValue"}]}
        self.assertEqual(variables.pop("QUEUE_URL"), queue)
        self.assertEqual(self.worker["Environment"]["Variables"], variables)
        raw = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
        build = lambda name: (raw[name]["Metadata"], raw[name]["Properties"]["CodeUri"])
        self.assertEqual(build("Worker"), build("Function"), "SAM builds equal functions once")

    def test_the_queue_delivers_ten_messages_at_a_time_and_moves_failed_ones_to_the_dead_letters(self):
        mapping = self.resources["WorkerAccounts"]["Properties"]
        self.assertEqual(resource(mapping["EventSourceArn"]), "Queue.Arn")
        self.assertEqual(resource(mapping["FunctionName"]), "Worker")
        self.assertEqual((mapping["BatchSize"], mapping["FunctionResponseTypes"]), (10, ["ReportBatchItemFailures"]))
        self.assertEqual(mapping["ScalingConfig"], {"MaximumConcurrency": {"Ref": "WorkerConcurrency"}})
        queue = self.resources["Queue"]["Properties"]
        self.assertGreater(queue["VisibilityTimeout"], self.worker["Timeout"], "Lambda requires it")
        tries = queue["RedrivePolicy"]["maxReceiveCount"]
        self.assertEqual(resource(queue["RedrivePolicy"]["deadLetterTargetArn"]), "DeadLetters.Arn")
        self.assertGreater(queue["MessageRetentionPeriod"], tries * queue["VisibilityTimeout"])
        self.assertIs(queue["SqsManagedSseEnabled"], True)

    def test_fan_out_resources_exist_only_with_the_parameter(self):
        template = translated()
        self.assertEqual(template["Parameters"]["FanOut"]["Default"], "false")
        resources = template["Resources"]
        made = {name for name, made in resources.items() if made.get("Condition") == "FanOut"}
        self.assertEqual(made, {"Worker", "WorkerAccounts", "Queue", "QueueAlarm"})
        outputs = {name for name, made in template["Outputs"].items() if made.get("Condition") == "FanOut"}
        self.assertEqual(outputs, {"QueueUrl", "WorkerName"})

    def test_the_log_level_includes_metrics(self):
        self.assertEqual(self.function["LoggingConfig"]["LogFormat"], "JSON")
        self.assertIn(self.function["LoggingConfig"]["ApplicationLogLevel"], ("TRACE", "DEBUG", "INFO"))

    def test_only_the_next_tick_is_a_retry(self):
        invoke = self.resources["FunctionEventInvokeConfig"]["Properties"]
        self.assertEqual(invoke["MaximumRetryAttempts"], 0)
        self.assertEqual(resource(invoke["DestinationConfig"]["OnFailure"]["Destination"]), "DeadLetters.Arn")
        for schedule in ("FunctionTick", "FunctionSync"):
            target = self.resources[schedule]["Properties"]["Target"]
            self.assertEqual(target["RetryPolicy"], {"MaximumRetryAttempts": 0})
            self.assertEqual(resource(target["DeadLetterConfig"]["Arn"]), "DeadLetters.Arn")

    def test_the_schedules_send_events_that_the_code_accepts(self):
        schedules = {name: self.resources[name]["Properties"] for name in ("FunctionTick", "FunctionSync")}
        inputs = {name: json.loads(made["Target"]["Input"]) for name, made in schedules.items()}
        tick = {"action": "tick", "scheduled_at": "<aws.scheduler.scheduled-time>"}
        self.assertEqual(inputs, {"FunctionTick": tick, "FunctionSync": {"action": "sync"}})
        names = [made["Name"]["Fn::Sub"] for made in schedules.values()]
        self.assertTrue(all("${AWS::StackName}" in name for name in names), "two stacks must not collide")


# The emulator ignores these, so the deployment test cannot check them.
class Tables(unittest.TestCase):
    def setUp(self):
        self.tables = {name: translated()["Resources"][name] for name in ("AccountsTable", "RunsTable")}

    def test_they_are_kept_with_point_in_time_recovery(self):
        for table in self.tables.values():
            self.assertEqual((table["DeletionPolicy"], table["UpdateReplacePolicy"]), ("Retain", "Retain"))
            properties = table["Properties"]
            self.assertEqual(properties["PointInTimeRecoverySpecification"], {"PointInTimeRecoveryEnabled": True})
            self.assertEqual(properties["SSESpecification"], {"SSEEnabled": True})
            self.assertEqual(properties["BillingMode"], "PAY_PER_REQUEST")

    def test_their_attributes_are_those_of_the_code(self):
        keys = {key["AttributeName"] for table in self.tables.values() for key in table["Properties"]["KeySchema"]}
        (index,) = self.tables["AccountsTable"]["Properties"]["GlobalSecondaryIndexes"]
        keys |= {key["AttributeName"] for key in index["KeySchema"]}
        keys.add(self.tables["RunsTable"]["Properties"]["TimeToLiveSpecification"]["AttributeName"])
        code = "".join(text for path, text in sources() if path.parent.name == "dynamodb")
        self.assertEqual(keys - set(re.findall(r'"(\w+)"', code)), set())
        self.assertIn(f'INDEX: &str = "{index["IndexName"]}"', code)


class Watching(unittest.TestCase):
    def setUp(self):
        template = translated()
        self.resources = template["Resources"]
        self.dashboard, parts = self.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        # The dashboard with workers; `without` lacks their parts.
        self.without = self.dashboard
        for name, part in parts.items():
            condition, text, otherwise = part["Fn::If"]
            self.assertEqual((condition, otherwise), ("FanOut", ""))
            self.dashboard = self.dashboard.replace(f"${{{name}}}", text["Fn::Sub"])
            self.without = self.without.replace(f"${{{name}}}", otherwise)
        self.report = next(text for path, text in sources() if path.name == "report.rs")

    def test_every_displayed_metric_is_written(self):
        written = set(re.findall(r'\("(\w+)", self\.', self.report)) | set(re.findall(r'"Name": "(\w+)"', self.report))
        alarms = [made["Properties"] for made in self.resources.values() if made["Type"] == "AWS::CloudWatch::Alarm"]
        used = {alarm["MetricName"] for alarm in alarms if alarm["Namespace"] == "E5Evergreen"}
        namespace = None
        for widget in json.loads(self.dashboard)["widgets"]:
            for metric in widget["properties"].get("metrics", []):
                if metric[0] == "...":
                    continue
                namespace = namespace if metric[0] == "." else metric[0]
                if namespace == "E5Evergreen":
                    used.add(metric[1])
        self.assertIn('"Namespace": "E5Evergreen"', self.report)
        self.assertEqual(used - written, set())
        self.assertEqual(written - used, set(), "a metric without a display or an alarm only costs money")

    def test_without_workers_the_dashboard_does_not_mention_them(self):
        json.loads(self.without)
        for name in ("Queue", "QueueAlarm", "Worker"):
            self.assertIn(f"${{{name}", self.dashboard)
            self.assertNotIn(f"${{{name}", self.without)

    def test_every_alarm_is_on_the_dashboard_and_notifies_the_topic_unless_the_function_does(self):
        for name, made in self.resources.items():
            if made["Type"] == "AWS::CloudWatch::Alarm":
                by_function = ("PausedAlarm", "RenewalAlarm", "CredentialAlarm")
                actions = [] if name in by_function else [{"Ref": "Alerts"}]
                self.assertEqual(made["Properties"].get("AlarmActions", []), actions, name)
                self.assertIn(f"${{{name}.Arn}}", self.dashboard)

    def test_queries_use_messages_and_fields_that_the_code_writes(self):
        code = "".join(text for _, text in sources())
        queries = [
            made["Properties"]["QueryString"]
            for made in self.resources.values()
            if made["Type"] == "AWS::Logs::QueryDefinition"
        ]
        queries += [w["properties"]["query"] for w in json.loads(self.dashboard)["widgets"] if w["type"] == "log"]
        for query in queries:
            for message in re.findall(r'message = "(\w+)"', query):
                self.assertRegex(code, rf'(?:info|warn|error)!\([^;]*"{message}"', query)
            for field in re.findall(r"\b(account|outcome|calls_\w+|next_run_at|reason|failures|status)\b", query):
                self.assertIn(f'"{field}"', code, query)


class Documents(unittest.TestCase):
    def test_the_table_of_costs_is_the_output_of_the_formula(self):
        made = subprocess.run(["python3", "infra/cost.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for document in (ROOT / "infra" / "DEPLOY.md", ROOT / "README.md"):
            self.assertIn(made.strip(), document.read_text(), document)


if __name__ == "__main__":
    unittest.main()
