"""What a month costs, by counting: `python3 infra/cost.py` prints the table of infra/DEPLOY.md.

Prices are us-east-1's, in USD, without free tiers, of November 2026: look them up before you rely on them.
"""

import math

# Per month of 730 hours.
HOURS = 730
TICKS = HOURS * 12
SYNCS = HOURS * 4

# Measured: tests/suite/cost.rs counts them on the stand-ins, with the default policy and every permission, and fails where they
# are more than 15 % off. A KB is 1,000 bytes.
HOURS_BETWEEN_RUNS = 2.5
TOKENS_PER_RUN = 1
BATCHES_PER_RUN = 3.1
# A run that is alone in its round; together, up to 20 share one call.
SECRETS_CALLS_PER_LONE_RUN = 1
# Units. A claim, a record, and a row of history: one for each KiB, and two for each change of the index's keys.
WRITES_PER_RUN = 7.2
READS_PER_IDLE_TICK = 0.5
# An item of history, and one of an account.
ROW_KB = 0.8
ITEM_KB = 0.7
LOG_KB_PER_RUN = 0.7
# The round's line and the metrics.
LOG_KB_PER_ROUND = 1.05

# Estimated: these depend on Microsoft and on AWS. An answer of Microsoft's, an invocation that finds nothing to do, and Lambda's own
# three lines on each.
SECONDS_PER_REQUEST = 0.8
SECONDS_IDLE = 0.1
LAMBDA_LOG_KB = 1.2

ACCOUNTS_AT_ONCE = 32
MEMORY_GB = 0.25
RUNS_PER_ACCOUNT = HOURS / HOURS_BETWEEN_RUNS
SECONDS_PER_RUN = (TOKENS_PER_RUN + BATCHES_PER_RUN) * SECONDS_PER_REQUEST

# With workers: a message batch of ten is one to send, one to receive, one to delete, and one invocation; taking an account over is
# a write more, of three units. Lambda asks an idle queue with five pollers, 20 s each.
ACCOUNTS_PER_WORKER = 10
WRITES_TO_TAKE_OVER = 3
POLLS = HOURS * 3600 / 20 * 5

PRICE = {
    "lambda_gb_second": 0.0000133334,
    "lambda_request": 0.20e-6,
    "dynamodb_write": 0.625e-6,
    "dynamodb_read": 0.125e-6,
    "dynamodb_gb": 0.25 + 0.20,  # storage and point-in-time recovery
    "secret": 0.40,
    "secret_call": 0.05e-4,
    "schedule": 1.00e-6,
    "sqs_request": 0.40e-6,
    "log_gb": 0.50,
    "metric": 0.30,
    "alarm": 0.10,
    "dashboard": 3.00,
}
METRICS, ALARMS, DASHBOARDS = 12, 8, 1


def month(accounts, accounts_per_secret=1, fan_out=False):
    """Dollars by service."""
    runs = accounts * RUNS_PER_ACCOUNT
    # A tick finds a number of due accounts that is Poisson-distributed.
    due = runs / TICKS
    busy = TICKS * (1 - math.exp(-due))
    together = ACCOUNTS_PER_WORKER if fan_out else ACCOUNTS_AT_ONCE
    batches = math.ceil(max(1, due) / together)
    seconds = busy * SECONDS_PER_RUN * batches + (TICKS - (0 if fan_out else busy) + SYNCS) * SECONDS_IDLE
    messages = busy * batches if fan_out else 0
    invocations = TICKS + SYNCS + messages
    writes = WRITES_PER_RUN + (WRITES_TO_TAKE_OVER if fan_out else 0)
    secrets = math.ceil(accounts / accounts_per_secret)
    # One batch of up to 20 secrets for the accounts that a round claims together.
    fetches = SECRETS_CALLS_PER_LONE_RUN * min(runs, busy * math.ceil(max(1, due) / (ACCOUNTS_PER_WORKER if fan_out else 20)))
    reads = TICKS * READS_PER_IDLE_TICK + SYNCS * max(1, accounts * ITEM_KB / 4)
    return {
        "Lambda": seconds * MEMORY_GB * PRICE["lambda_gb_second"] + invocations * PRICE["lambda_request"],
        "DynamoDB": runs * writes * PRICE["dynamodb_write"]
        + reads * PRICE["dynamodb_read"]
        + (runs * ROW_KB + accounts * ITEM_KB) / 1e6 * PRICE["dynamodb_gb"],
        "Secrets Manager": secrets * PRICE["secret"]
        + (fetches + SYNCS * math.ceil(secrets / 100)) * PRICE["secret_call"],
        "SQS": (3 * messages + POLLS) * PRICE["sqs_request"] if fan_out else 0,
        "Scheduler": (TICKS + SYNCS) * PRICE["schedule"],
        "Logs": (runs * LOG_KB_PER_RUN + invocations * (LOG_KB_PER_ROUND + LAMBDA_LOG_KB)) / 1e6 * PRICE["log_gb"],
        "Metrics, alarms, dashboard": METRICS * PRICE["metric"]
        + (ALARMS + (1 if fan_out else 0)) * PRICE["alarm"]
        + DASHBOARDS * PRICE["dashboard"],
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
