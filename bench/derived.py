"""The peers of `kepi bench derived`: DuckDB and Polars answer the same questions about the same accounts and events, each in queries written by
hand: how many accounts took each step of a funnel, how many active ones left in each month, how many of each cohort are active at each age.

Usage: derived.py '{"accounts": [...], "events": [...], "threads": 2, "runs": 3, "out": "folder", "last": "2025-12"}'; prints JSON. A peer that is
not installed is reported as null. Months are those of UTC. Results are one table: what, month, age, four numbers.
"""

import json
import statistics
import sys
import time

DAY = 86_400_000_000
TRIAL, SETUP, VALUE = 30 * DAY, 7 * DAY, 14 * DAY


def duckdb_query(job):
    listed = lambda files: ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    # An account's first trial within 30 days of its creation, then its first setup within 7 days after that, then any value within 14 more.
    return f"""
    WITH account AS (SELECT id, created_at, date_trunc('month', created_at) AS cohort FROM read_parquet([{listed(job['accounts'])}])),
    event AS (SELECT account, name, occurred_at FROM read_parquet([{listed(job['events'])}])),
    trial AS (
        SELECT a.id, a.cohort, min(e.occurred_at) AS at
        FROM account a LEFT JOIN event e ON e.account = a.id AND e.name = 'trial'
            AND e.occurred_at >= a.created_at AND e.occurred_at <= a.created_at + to_microseconds({TRIAL})
        GROUP BY a.id, a.cohort
    ),
    setup AS (
        SELECT t.id, t.cohort, any_value(t.at) AS trial_at, min(e.occurred_at) AS at
        FROM trial t LEFT JOIN event e ON e.account = t.id AND e.name = 'setup'
            AND e.occurred_at > t.at AND e.occurred_at <= t.at + to_microseconds({SETUP})
        GROUP BY t.id, t.cohort
    ),
    value AS (
        SELECT s.id, s.cohort, any_value(s.trial_at) AS trial_at, any_value(s.at) AS setup_at, count(e.account) AS n
        FROM setup s LEFT JOIN event e ON e.account = s.id AND e.name = 'value'
            AND e.occurred_at > s.at AND e.occurred_at <= s.at + to_microseconds({VALUE})
        GROUP BY s.id, s.cohort
    ),
    active AS (SELECT DISTINCT account, date_trunc('month', occurred_at) AS month FROM event),
    months AS (SELECT unnest(generate_series(TIMESTAMPTZ '{job['first']}-01', TIMESTAMPTZ '{job['last']}-01', INTERVAL 1 MONTH)) AS month),
    panel AS (
        SELECT a.id, a.cohort, m.month, date_diff('month', a.cohort, m.month) AS age, x.account IS NOT NULL AS is_active
        FROM account a JOIN months m ON m.month >= a.cohort
        LEFT JOIN active x ON x.account = a.id AND x.month = m.month
    ),
    turned AS (
        SELECT p.month, p.is_active, b.account IS NOT NULL AS was_active
        FROM panel p LEFT JOIN active b ON b.account = p.id AND b.month = p.month - INTERVAL 1 MONTH
    )
    SELECT 'funnel' AS what, epoch_us(cohort) AS month, 0::BIGINT AS age, count(*) AS a, count(trial_at) AS b, count(setup_at) AS c, count_if(n > 0) AS d
    FROM value GROUP BY cohort
    UNION ALL
    SELECT 'churn', epoch_us(month), 0, count_if(was_active), count_if(was_active AND NOT is_active), 0, 0 FROM turned GROUP BY month
    UNION ALL
    SELECT 'cohort', epoch_us(cohort), age, count(*), count_if(is_active), 0, 0 FROM panel GROUP BY cohort, age
    """


def duckdb_run(job):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {job['threads']}")
    connection.execute("SET memory_limit = '12GB'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET TimeZone = 'UTC'")
    query = duckdb_query(job)
    seconds = []
    for _ in range(job["runs"] + 1):
        connection.execute("DROP TABLE IF EXISTS result")
        start = time.perf_counter()
        connection.execute(f"CREATE TEMP TABLE result AS {query}")
        seconds.append(time.perf_counter() - start)
    target = f"{job['out']}/duckdb.parquet"
    columns = ", ".join(f"{name}::BIGINT AS {name}" for name in ["month", "age", "a", "b", "c", "d"])
    connection.execute(f"COPY (SELECT what, {columns} FROM result) TO '{target}' (FORMAT parquet)")
    return {"version": duckdb.__version__, "seconds": seconds[1:], "result": target}


def polars_query(pl, job):
    c = pl.col
    account = pl.scan_parquet(job["accounts"]).select("id", "created_at").with_columns(
        cohort=c.created_at.dt.truncate("1mo")
    )
    event = pl.scan_parquet(job["events"]).select("account", "name", "occurred_at")
    us = lambda n: pl.duration(microseconds=n)

    def first(of, name, after, within, strictly):
        later = c.occurred_at > c(after) if strictly else c.occurred_at >= c(after)
        return (
            of.join(event.filter(c.name == name), left_on="id", right_on="account")
            .filter(later & (c.occurred_at <= c(after) + us(within)))
            .group_by("id")
            .agg(c.occurred_at.min().alias(name))
        )

    funnel = account.join(first(account, "trial", "created_at", TRIAL, False), on="id", how="left")
    funnel = funnel.join(first(funnel.filter(c.trial.is_not_null()), "setup", "trial", SETUP, True), on="id", how="left")
    funnel = funnel.join(first(funnel.filter(c.setup.is_not_null()), "value", "setup", VALUE, True), on="id", how="left")
    zero = pl.lit(0, pl.Int64)
    funnel = funnel.group_by("cohort").agg(
        a=pl.len(), b=c.trial.count(), c=c.setup.count(), d=c.value.count()
    ).select(pl.lit("funnel").alias("what"), c.cohort.alias("month"), zero.alias("age"), "a", "b", "c", "d")

    active = event.select("account", month=c.occurred_at.dt.truncate("1mo")).unique()
    span = pl.datetime_range(
        pl.lit(job["first"] + "-01").str.to_datetime(time_unit="us", time_zone="UTC"),
        pl.lit(job["last"] + "-01").str.to_datetime(time_unit="us", time_zone="UTC"),
        interval="1mo",
    )
    months = pl.LazyFrame().select(month=span)
    panel = account.select("id", "cohort").join(months, how="cross").filter(c.month >= c.cohort)
    is_active = active.with_columns(is_active=True)
    was_active = active.select("account", c.month.dt.offset_by("1mo"), was_active=True)
    panel = panel.join(is_active, left_on=["id", "month"], right_on=["account", "month"], how="left")
    panel = panel.join(was_active, left_on=["id", "month"], right_on=["account", "month"], how="left")
    panel = panel.with_columns(
        c.is_active.fill_null(False), c.was_active.fill_null(False),
        age=(c.month.dt.year() - c.cohort.dt.year()) * 12 + c.month.dt.month().cast(pl.Int32) - c.cohort.dt.month().cast(pl.Int32),
    )
    churn = panel.group_by("month").agg(a=c.was_active.sum(), b=(c.was_active & ~c.is_active).sum()).select(
        pl.lit("churn").alias("what"), "month", zero.alias("age"), "a", "b", zero.alias("c"), zero.alias("d")
    )
    cohort = panel.group_by("cohort", "age").agg(a=pl.len(), b=c.is_active.sum()).select(
        pl.lit("cohort").alias("what"), c.cohort.alias("month"), "age", "a", "b", zero.alias("c"), zero.alias("d")
    )
    numbers = [c(name).cast(pl.Int64) for name in ["age", "a", "b", "c", "d"]]
    parts = [part.select("what", c.month.dt.cast_time_unit("us").to_physical(), *numbers) for part in [funnel, churn, cohort]]
    return pl.concat(parts)


def polars_run(job):
    import os

    os.environ["POLARS_MAX_THREADS"] = str(job["threads"])
    import polars as pl

    query = polars_query(pl, job)
    seconds = []
    for _ in range(job["runs"] + 1):
        start = time.perf_counter()
        result = query.collect(engine="streaming")
        seconds.append(time.perf_counter() - start)
    target = f"{job['out']}/polars.parquet"
    result.write_parquet(target)
    return {"version": pl.__version__, "seconds": seconds[1:], "result": target}


def peak():
    # Of this program alone: what getrusage says begins with the memory of whoever started it.
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
    except OSError:
        return None
    return int(line.split()[1]) * 1024


def main():
    job = json.loads(sys.argv[1])
    name, run = {"duckdb": ("duckdb", duckdb_run), "polars": ("polars", polars_run)}[job["peer"]]
    try:
        report = run(job)
        report["median"] = statistics.median(report["seconds"])
        report["peak_bytes"] = peak()
    except ImportError as error:
        print(f"SKIPPED: {name}: {error}", file=sys.stderr)
        report = None
    print(json.dumps(report))


if __name__ == "__main__":
    main()
