"""Monthly cost of the deployment: `python3 infra/cost.py` prints the table of infra/DEPLOY.md.

Prices and quantities are in prices.json, which the simulation (src/local/simulate/cost.rs) reads too:

- `prices`: in USD, without free tiers. Check them before you rely on them.
- `month`: ticks and syncs of 730 hours.
- `deployment`: the resources of template.yaml. `queue_polls_per_month`: Lambda polls an idle queue with five pollers, 20 s each.
- `measured`: tests/suite/cost.rs measures these against the fakes, with the default policy and every permission, and fails if one
  differs by more than 15 %. A KB is 1,000 bytes. `writes_per_run`, in units: a claim, a record, and a row of history; one unit per KiB,
  and two for each change of the index's keys. `secrets_calls_per_lone_run`: of a run that is alone in its round.
  `log_kb_per_round`: the round's log line and the metrics.
- `estimated`: latencies of Microsoft, duration and log lines of an invocation of Lambda, and the write with which a worker takes over an
  account.
"""

import json
import math
from pathlib import Path

FIGURES = json.loads((Path(__file__).parent / "prices.json").read_text(encoding="utf-8"))
PRICE, MONTH, DEPLOYMENT = FIGURES["prices"], FIGURES["month"], FIGURES["deployment"]
MEASURED, ESTIMATED = FIGURES["measured"], FIGURES["estimated"]

RUNS_PER_ACCOUNT = MONTH["hours"] / MEASURED["hours_between_runs"]
SECONDS_PER_RUN = (MEASURED["tokens_per_run"] + MEASURED["batches_per_run"]) * ESTIMATED["seconds_per_request"]
# A message batch is one request to send, one to receive, one to delete.
SQS_REQUESTS_PER_MESSAGE_BATCH = 3
SECRETS_PER_LIST_REQUEST = 100
ITEM_KB_PER_READ_UNIT = 4


def month(accounts, accounts_per_secret=1, fan_out=False):
    """Dollars by service."""
    ticks, syncs = MONTH["ticks"], MONTH["syncs"]
    runs = accounts * RUNS_PER_ACCOUNT
    # The number of due accounts at a tick is Poisson-distributed.
    due = runs / ticks
    busy = ticks * (1 - math.exp(-due))
    together = DEPLOYMENT["accounts_per_worker"] if fan_out else DEPLOYMENT["concurrency"]
    batches = math.ceil(max(1, due) / together)
    idle = ticks - (0 if fan_out else busy) + syncs
    seconds = busy * SECONDS_PER_RUN * batches + idle * ESTIMATED["seconds_per_idle_invocation"]
    messages = busy * batches if fan_out else 0
    invocations = ticks + syncs + messages
    writes = MEASURED["writes_per_run"] + (ESTIMATED["writes_per_handover"] if fan_out else 0)
    secrets = math.ceil(accounts / accounts_per_secret)
    # The accounts that a round claims together share a request for secrets.
    share = DEPLOYMENT["accounts_per_worker"] if fan_out else DEPLOYMENT["secrets_per_request"]
    fetches = MEASURED["secrets_calls_per_lone_run"] * min(runs, busy * math.ceil(max(1, due) / share))
    listings = syncs * math.ceil(secrets / SECRETS_PER_LIST_REQUEST)
    scans = syncs * max(1, accounts * MEASURED["item_kb"] / ITEM_KB_PER_READ_UNIT)
    reads = ticks * MEASURED["reads_per_idle_tick"] + scans
    stored_gb = (runs * MEASURED["row_kb"] + accounts * MEASURED["item_kb"]) / 1e6
    polls = DEPLOYMENT["queue_polls_per_month"] if fan_out else 0
    invocation_kb = MEASURED["log_kb_per_round"] + ESTIMATED["lambda_log_kb_per_invocation"]
    alarms = DEPLOYMENT["alarms"] + (DEPLOYMENT["alarms_of_fan_out"] if fan_out else 0)
    return {
        "Lambda": seconds * DEPLOYMENT["memory_gb"] * PRICE["lambda_gb_second"] + invocations * PRICE["lambda_request"],
        "DynamoDB": runs * writes * PRICE["dynamodb_write_unit"]
        + reads * PRICE["dynamodb_read_unit"]
        + stored_gb * (PRICE["dynamodb_storage_gb_month"] + PRICE["dynamodb_backup_gb_month"]),
        "Secrets Manager": secrets * PRICE["secret_month"] + (fetches + listings) * PRICE["secrets_request"],
        "SQS": (SQS_REQUESTS_PER_MESSAGE_BATCH * messages + polls) * PRICE["sqs_request"],
        "Scheduler": (ticks + syncs) * PRICE["scheduler_invocation"],
        "Logs": (runs * MEASURED["log_kb_per_run"] + invocations * invocation_kb) / 1e6 * PRICE["log_gb"],
        "Metrics, alarms, dashboard": DEPLOYMENT["metrics"] * PRICE["metric_month"]
        + alarms * PRICE["alarm_month"]
        + DEPLOYMENT["dashboards"] * PRICE["dashboard_month"],
    }


def table():
    columns = [
        ("1 account", month(1)),
        ("10 accounts", month(10)),
        ("1,000 accounts", month(1000)),
        ("1,000 accounts, 50 to a secret", month(1000, 50)),
        ("the same with `FanOut`", month(1000, 50, fan_out=True)),
    ]
    rows = ["| per month | " + " | ".join(name for name, _ in columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for service in columns[0][1]:
        rows.append(f"| {service} | " + " | ".join(f"${costs[service]:.2f}" for _, costs in columns) + " |")
    rows.append("| **all** | " + " | ".join(f"**${sum(costs.values()):.2f}**" for _, costs in columns) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
