"""What a month costs, by counting: `python3 infra/cost.py` prints the table of infra/DEPLOY.md.

Prices are us-east-1's, in USD, without free tiers, of November 2026: look them up before you rely on them.
"""

import math

# Per month of 730 hours.
TICKS = 730 * 12
SYNCS = 730 * 4
# The default interval is uniform in 1 to 4 hours.
RUNS_PER_ACCOUNT = 730 / 2.5

# What a run sends is counted on the stand-ins; units, sizes and seconds are estimates. DynamoDB counts a write for each KiB, and two more for each change of
# the index's keys: claim 1 + 2, record 1 + 2, history 2.
WRITES_PER_RUN = 8
# An item of history.
ROW_KB = 2
ITEM_KB = 0.5
LOG_KB_PER_RUN = 1.5
# The round's line, the metrics, and three of Lambda's own.
LOG_KB_PER_INVOCATION = 2.5
# A token request and up to six batches, one after another, of an account; an invocation that finds nothing to do.
SECONDS_PER_RUN = 5
SECONDS_IDLE = 0.1
ACCOUNTS_AT_ONCE = 32
MEMORY_GB = 0.25

# With workers: a message batch of ten is one to send, one to receive, one to delete, and one invocation; taking an account over is
# a write more, of three units. Lambda asks an idle queue with five pollers, 20 s each.
ACCOUNTS_PER_WORKER = 10
WRITES_TO_TAKE_OVER = 3
POLLS = 730 * 3600 / 20 * 5

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
METRICS, ALARMS, DASHBOARDS = 10, 6, 1


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
    fetches = min(runs, busy * math.ceil(max(1, due) / (ACCOUNTS_PER_WORKER if fan_out else 20)))
    reads = TICKS * 0.5 + SYNCS * max(1, accounts * ITEM_KB / 4)
    return {
        "Lambda": seconds * MEMORY_GB * PRICE["lambda_gb_second"] + invocations * PRICE["lambda_request"],
        "DynamoDB": runs * writes * PRICE["dynamodb_write"]
        + reads * PRICE["dynamodb_read"]
        + (runs * ROW_KB + accounts * ITEM_KB) / 1e6 * PRICE["dynamodb_gb"],
        "Secrets Manager": secrets * PRICE["secret"]
        + (fetches + SYNCS * math.ceil(secrets / 100)) * PRICE["secret_call"],
        "SQS": (3 * messages + POLLS) * PRICE["sqs_request"] if fan_out else 0,
        "Scheduler": (TICKS + SYNCS) * PRICE["schedule"],
        "Logs": (runs * LOG_KB_PER_RUN + invocations * LOG_KB_PER_INVOCATION) / 1e6 * PRICE["log_gb"],
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
