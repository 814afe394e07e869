"""The peers of `kepi bench`: DuckDB and Polars compute the same aggregates over the same Parquet files, each in one
fused query written by hand over the same exact integers, by day, region, tier and channel.

Usage: peers.py '{"files": [...], "threads": 2, "runs": 5, "out": "folder"}'; prints JSON. A peer that is not
installed is reported as null.
"""

import json
import statistics
import sys
import time

MICROSECONDS_A_DAY = 86_400_000_000
KEYS = ["day", "region", "tier", "channel"]

# Name -> condition in SQL; none: every row. Sums have a condition and what is added up.
COUNTS = {
    "n": None,
    "phone": "channel = 'phone'",
    "web": "channel = 'web'",
    "chat": "channel = 'chat'",
    "urgent": "priority = 'urgent'",
    "automated": "automated",
    "solved": "solved",
    "reopened_of_solved": "solved AND reopened",
    "escalated": "escalated",
    "first_contact": "solved AND contacts = 1",
    "waited": "wait_seconds IS NOT NULL",
    "within_60": "wait_seconds <= 60",
    "within_300": "wait_seconds <= 300",
    "phone_waited": "channel = 'phone' AND wait_seconds IS NOT NULL",
    "phone_within_60": "channel = 'phone' AND wait_seconds <= 60",
    "gold": "tier = 'gold'",
    "refunds": "refund > 0",
    "refunded": "refund IS NOT NULL",
    "promoters": "recommend IN (9, 10)",
    "passives": "recommend IN (7, 8)",
    "detractors": "recommend IN (0, 1, 2, 3, 4, 5, 6)",
    "gold_promoters": "tier = 'gold' AND recommend IN (9, 10)",
    "gold_detractors": "tier = 'gold' AND recommend IN (0, 1, 2, 3, 4, 5, 6)",
    "rated": "satisfaction IS NOT NULL",
    "satisfied": "satisfaction IN (4, 5)",
    "phone_rated": "channel = 'phone' AND satisfaction IS NOT NULL",
    "phone_satisfied": "channel = 'phone' AND satisfaction IN (4, 5)",
    "effort_rated": "effort IS NOT NULL",
    "easy": "effort IN (5, 6, 7)",
    "detractors_escalated": "recommend <= 6 AND escalated",
    "urgent_solved": "priority = 'urgent' AND solved",
    "urgent_waited": "priority = 'urgent' AND wait_seconds IS NOT NULL",
    "self_service": "channel IN ('web', 'chat')",
    "long": "handle_seconds > 1800",
    "automated_solved": "automated AND solved",
}
SUMS = {
    "contacts": (None, "contacts"),
    "contacts_squares": (None, "contacts * contacts"),
    "handle": (None, "handle_seconds"),
    "handle_squares": (None, "handle_seconds * handle_seconds"),
    "phone_handle": ("channel = 'phone'", "handle_seconds"),
    "phone_handle_squares": ("channel = 'phone'", "handle_seconds * handle_seconds"),
    "gold_handle": ("tier = 'gold'", "handle_seconds"),
    "gold_handle_squares": ("tier = 'gold'", "handle_seconds * handle_seconds"),
    "wait": (None, "wait_seconds"),
    "wait_squares": (None, "wait_seconds * wait_seconds"),
    "urgent_wait": ("priority = 'urgent'", "wait_seconds"),
    "urgent_wait_squares": ("priority = 'urgent'", "wait_seconds * wait_seconds"),
    "cost": (None, "cost"),
    "cost_squares": (None, "cost * cost"),
    "solved_cost": ("solved", "cost"),
    "reopened_cost": ("reopened", "cost"),
    "refund": (None, "refund"),
    "refund_squares": (None, "refund * refund"),
    "satisfaction": (None, "satisfaction"),
    "satisfaction_squares": (None, "satisfaction * satisfaction"),
    "effort": (None, "effort"),
    "effort_squares": (None, "effort * effort"),
}


def duckdb_query(files):
    # Of FILTER, count(CASE), sum(…::INT) and count_if, the last is the fastest by far in this version.
    columns = []
    for name, condition in COUNTS.items():
        # Without IS TRUE, version 2.0.0 counts wrong where a cell's conditions are all unknown.
        counted = f"count_if(({condition}) IS TRUE)" if condition else "count(*)"
        columns.append(f'{counted} AS "{name}"')
    for name, (condition, value) in SUMS.items():
        added = f"CASE WHEN {condition} THEN {value} END" if condition else value
        columns.append(f'sum({added}) AS "sum_{name}"')
    listed = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    return (
        f"SELECT epoch_us(opened_at) // {MICROSECONDS_A_DAY} AS day, region, tier, channel, "
        + ", ".join(columns)
        + f" FROM read_parquet([{listed}]) GROUP BY ALL"
    )


def duckdb_run(job):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {job['threads']}")
    connection.execute("SET memory_limit = '8GB'")
    connection.execute("SET preserve_insertion_order = false")
    query = duckdb_query(job["files"])
    seconds = []
    for _ in range(job["runs"] + 1):
        connection.execute("DROP TABLE IF EXISTS result")
        start = time.perf_counter()
        connection.execute(f"CREATE TEMP TABLE result AS {query}")
        seconds.append(time.perf_counter() - start)
    sums = ", ".join(f'coalesce("sum_{name}", 0)::BIGINT AS "sum_{name}"' for name in SUMS)
    counts = ", ".join(f'"{name}"::BIGINT AS "{name}"' for name in COUNTS)
    target = f"{job['out']}/duckdb.parquet"
    connection.execute(
        f"COPY (SELECT day::BIGINT AS day, region, tier, channel, {counts}, {sums} FROM result) "
        f"TO '{target}' (FORMAT parquet)"
    )
    return {"version": duckdb.__version__, "seconds": seconds[1:], "result": target}


def polars_run(job):
    import os

    os.environ["POLARS_MAX_THREADS"] = str(job["threads"])
    import polars as pl

    # Conditions and products occur in many aggregates: an expert writes them once, as columns.
    c = pl.col
    phone, web, chat = c.channel == "phone", c.channel == "web", c.channel == "chat"
    urgent, gold = c.priority == "urgent", c.tier == "gold"
    waited = c.wait_seconds.is_not_null()
    promoters, detractors = c.recommend.is_between(9, 10), c.recommend.is_between(0, 6)
    counts = {
        "phone": phone,
        "web": web,
        "chat": chat,
        "urgent": urgent,
        "automated": c.automated,
        "solved": c.solved,
        "reopened_of_solved": c.solved & c.reopened,
        "escalated": c.escalated,
        "first_contact": c.solved & (c.contacts == 1),
        "waited": waited,
        "within_60": c.wait_seconds <= 60,
        "within_300": c.wait_seconds <= 300,
        "phone_waited": phone & waited,
        "phone_within_60": phone & (c.wait_seconds <= 60),
        "gold": gold,
        "refunds": c.refund > 0,
        "refunded": c.refund.is_not_null(),
        "promoters": promoters,
        "passives": c.recommend.is_between(7, 8),
        "detractors": detractors,
        "gold_promoters": gold & promoters,
        "gold_detractors": gold & detractors,
        "rated": c.satisfaction.is_not_null(),
        "satisfied": c.satisfaction >= 4,
        "phone_rated": phone & c.satisfaction.is_not_null(),
        "phone_satisfied": phone & (c.satisfaction >= 4),
        "effort_rated": c.effort.is_not_null(),
        "easy": c.effort >= 5,
        "detractors_escalated": (c.recommend <= 6) & c.escalated,
        "urgent_solved": urgent & c.solved,
        "urgent_waited": urgent & waited,
        "self_service": web | chat,
        "long": c.handle_seconds > 1800,
        "automated_solved": c.automated & c.solved,
    }
    assert set(counts) | {"n"} == set(COUNTS)
    square = {name: c(name) * c(name) for name in
              ["contacts", "handle_seconds", "wait_seconds", "cost", "refund", "satisfaction", "effort"]}
    sums = {
        "contacts": c.contacts,
        "contacts_squares": square["contacts"],
        "handle": c.handle_seconds,
        "handle_squares": square["handle_seconds"],
        "phone_handle": pl.when(phone).then(c.handle_seconds),
        "phone_handle_squares": pl.when(phone).then(square["handle_seconds"]),
        "gold_handle": pl.when(gold).then(c.handle_seconds),
        "gold_handle_squares": pl.when(gold).then(square["handle_seconds"]),
        "wait": c.wait_seconds,
        "wait_squares": square["wait_seconds"],
        "urgent_wait": pl.when(urgent).then(c.wait_seconds),
        "urgent_wait_squares": pl.when(urgent).then(square["wait_seconds"]),
        "cost": c.cost,
        "cost_squares": square["cost"],
        "solved_cost": pl.when(c.solved).then(c.cost),
        "reopened_cost": pl.when(c.reopened).then(c.cost),
        "refund": c.refund,
        "refund_squares": square["refund"],
        "satisfaction": c.satisfaction,
        "satisfaction_squares": square["satisfaction"],
        "effort": c.effort,
        "effort_squares": square["effort"],
    }
    assert set(sums) == set(SUMS)
    day = c.opened_at.to_physical() // MICROSECONDS_A_DAY
    aggregates = [pl.len().cast(pl.Int64).alias("n")]
    aggregates += [value.sum().cast(pl.Int64).alias(name) for name, value in counts.items()]
    aggregates += [value.sum().cast(pl.Int64).alias(f"sum_{name}") for name, value in sums.items()]
    query = pl.scan_parquet(job["files"]).group_by(day.alias("day"), "region", "tier", "channel").agg(aggregates)
    seconds = []
    for _ in range(job["runs"] + 1):
        start = time.perf_counter()
        result = query.collect(engine="streaming")
        seconds.append(time.perf_counter() - start)
    target = f"{job['out']}/polars.parquet"
    result.write_parquet(target)
    return {"version": pl.__version__, "seconds": seconds[1:], "result": target}


def main():
    job = json.loads(sys.argv[1])
    report = {}
    for name, run in [("duckdb", duckdb_run), ("polars", polars_run)]:
        try:
            report[name] = run(job)
            report[name]["median"] = statistics.median(report[name]["seconds"])
        except ImportError as error:
            print(f"SKIPPED: {name}: {error}", file=sys.stderr)
            report[name] = None
    print(json.dumps(report))


if __name__ == "__main__":
    main()
