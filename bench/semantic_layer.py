"""MetricFlow on DuckDB as a peer of `kepi bench`: the same KPIs, as a semantic model says them, by month, region, tier
and channel.

All conditions are measures of one semantic model, which is as fast as MetricFlow can be asked: filters of metrics would be
subqueries of their own. Only DuckDB's work on the query that MetricFlow writes is timed, not the time it takes to write it.

Usage: semantic_layer.py '{"files": [...], "threads": 2, "runs": 5, "out": "folder"}'; prints JSON, or null where it is not
installed.
"""

import contextlib
import importlib.metadata
import json
import os
import pathlib
import statistics
import sys
import time

# Measure -> a number a row, added up; where there is none, the row does not count.
TRUTH = "CASE WHEN {} THEN 1 END"
MEASURES = {
    "cases": "1",
    "waited": TRUTH.format("wait_seconds IS NOT NULL"),
    "solved_n": TRUTH.format("solved"),
    "gold_n": TRUTH.format("tier = 'gold'"),
    "phone_n": TRUTH.format("channel = 'phone'"),
    "web_n": TRUTH.format("channel = 'web'"),
    "chat_n": TRUTH.format("channel = 'chat'"),
    "urgent_n": TRUTH.format("priority = 'urgent'"),
    "automated_n": TRUTH.format("automated"),
    "reopened_n": TRUTH.format("solved AND reopened"),
    "escalated_n": TRUTH.format("escalated"),
    "first_contact_n": TRUTH.format("solved AND contacts = 1"),
    "contacts_sum": "contacts",
    "handle_sum": "handle_seconds",
    "phone_handle_sum": "CASE WHEN channel = 'phone' THEN handle_seconds END",
    "gold_handle_sum": "CASE WHEN tier = 'gold' THEN handle_seconds END",
    "wait_sum": "wait_seconds",
    "urgent_wait_sum": "CASE WHEN priority = 'urgent' THEN wait_seconds END",
    "urgent_waited": TRUTH.format("priority = 'urgent' AND wait_seconds IS NOT NULL"),
    "within_60_n": TRUTH.format("wait_seconds <= 60"),
    "within_300_n": TRUTH.format("wait_seconds <= 300"),
    "phone_within_60_n": TRUTH.format("channel = 'phone' AND wait_seconds <= 60"),
    "phone_waited": TRUTH.format("channel = 'phone' AND wait_seconds IS NOT NULL"),
    "cost_sum": "cost",
    "solved_cost_sum": "CASE WHEN solved THEN cost END",
    "reopened_cost_sum": "CASE WHEN reopened THEN cost END",
    "refund_sum": "refund",
    "refunds": TRUTH.format("refund > 0"),
    "refunded": TRUTH.format("refund IS NOT NULL"),
    "promoters": TRUTH.format("recommend >= 9"),
    "detractors": TRUTH.format("recommend <= 6"),
    "answered": TRUTH.format("recommend IS NOT NULL"),
    "gold_promoters": TRUTH.format("tier = 'gold' AND recommend >= 9"),
    "gold_detractors": TRUTH.format("tier = 'gold' AND recommend <= 6"),
    "gold_answered": TRUTH.format("tier = 'gold' AND recommend IS NOT NULL"),
    "rated": TRUTH.format("satisfaction IS NOT NULL"),
    "satisfied_n": TRUTH.format("satisfaction >= 4"),
    "phone_rated": TRUTH.format("channel = 'phone' AND satisfaction IS NOT NULL"),
    "phone_satisfied_n": TRUTH.format("channel = 'phone' AND satisfaction >= 4"),
    "satisfaction_sum": "satisfaction",
    "effort_rated": TRUTH.format("effort IS NOT NULL"),
    "easy_n": TRUTH.format("effort >= 5"),
    "effort_sum": "effort",
    "detractors_escalated_n": TRUTH.format("recommend <= 6 AND escalated"),
    "urgent_solved_n": TRUTH.format("priority = 'urgent' AND solved"),
    "self_service_n": TRUTH.format("channel IN ('web', 'chat')"),
    "long_n": TRUTH.format("handle_seconds > 1800"),
    "automated_solved_n": TRUTH.format("automated AND solved"),
}
# KPI -> its measure, its numerator and denominator, or promoters, detractors and answers; then the factor (money is in cents).
KPIS = {
    "volume": ("cases",),
    "phone_volume": ("phone_n",),
    "web_volume": ("web_n",),
    "chat_volume": ("chat_n",),
    "urgent_volume": ("urgent_n",),
    "automated_share": ("automated_n", "cases", 1),
    "solved_share": ("solved_n", "cases", 1),
    "reopened_share": ("reopened_n", "solved_n", 1),
    "escalated_share": ("escalated_n", "cases", 1),
    "first_contact_share": ("first_contact_n", "cases", 1),
    "contacts_per_case": ("contacts_sum", "cases", 1),
    "handling": ("handle_sum", "cases", 1),
    "phone_handling": ("phone_handle_sum", "phone_n", 1),
    "gold_handling": ("gold_handle_sum", "gold_n", 1),
    "waiting": ("wait_sum", "waited", 1),
    "within_60": ("within_60_n", "waited", 1),
    "within_300": ("within_300_n", "waited", 1),
    "phone_within_60": ("phone_within_60_n", "phone_waited", 1),
    "cost_total": ("cost_sum", 0.01),
    "cost_per_case": ("cost_sum", "cases", 0.01),
    "cost_per_solved": ("solved_cost_sum", "solved_n", 0.01),
    "refund_total": ("refund_sum", 0.01),
    "refund_rate": ("refunds", "cases", 1000),
    "refund_mean": ("refund_sum", "refunded", 0.01),
    "recommendation": ("promoters", "detractors", "answered", 100),
    "gold_recommendation": ("gold_promoters", "gold_detractors", "gold_answered", 100),
    "satisfied": ("satisfied_n", "rated", 1),
    "phone_satisfied": ("phone_satisfied_n", "phone_rated", 1),
    "satisfaction_mean": ("satisfaction_sum", "rated", 1),
    "easy": ("easy_n", "effort_rated", 1),
    "effort_mean": ("effort_sum", "effort_rated", 1),
    "response_share": ("rated", "cases", 1),
    "detractors_escalated": ("detractors_escalated_n", "detractors", 1),
    "urgent_solved": ("urgent_solved_n", "urgent_n", 1),
    "urgent_waiting": ("urgent_wait_sum", "urgent_waited", 1),
    "self_service_share": ("self_service_n", "cases", 1),
    "long_share": ("long_n", "cases", 1),
    "reopened_cost": ("reopened_cost_sum", 0.01),
    "automated_solved": ("automated_solved_n", "automated_n", 1),
    "gold_volume": ("gold_n",),
}
DIMENSIONS = ["channel", "region", "tier"]
# What every KPI is broken down by, as in the benchmark's project: one query each, since shares and means do not add up.
BREAKDOWNS = [[], ["channel"], ["region"], ["tier"], DIMENSIONS]


def metrics():
    of_measures = [
        {"name": f"m_{name}", "label": name, "type": "simple", "type_params": {"measure": name}} for name in MEASURES
    ]
    of_kpis = []
    for name, of in KPIS.items():
        *inputs, factor = of if len(of) > 1 else (*of, 1)
        if len(inputs) == 1:
            expression = f"{float(factor)} * m_{inputs[0]}"
        elif len(inputs) == 2:
            expression = f"{float(factor)} * m_{inputs[0]} / nullif(m_{inputs[1]}, 0)"
        else:
            expression = f"{float(factor)} * (coalesce(m_{inputs[0]}, 0) - coalesce(m_{inputs[1]}, 0)) / nullif(m_{inputs[2]}, 0)"
        needs = [{"name": f"m_{name}"} for name in inputs]
        of_kpis.append(
            {"name": name, "label": name, "type": "derived", "type_params": {"expr": expression, "metrics": needs}}
        )
    return of_measures + of_kpis


def project(folder, job):
    files = ", ".join("'" + name.replace("'", "''") + "'" for name in job["files"])
    model = {
        "name": "cases",
        "model": "ref('cases')",
        "defaults": {"agg_time_dimension": "opened_at"},
        "entities": [{"name": "service_case", "type": "primary", "expr": "id"}],
        "dimensions": [{"name": "opened_at", "type": "time", "type_params": {"time_granularity": "day"}}]
        + [{"name": name, "type": "categorical"} for name in DIMENSIONS],
        "measures": [{"name": name, "agg": "sum", "expr": of} for name, of in MEASURES.items()],
    }
    spine = {
        "name": "days",
        "time_spine": {"standard_granularity_column": "day"},
        "columns": [{"name": "day", "granularity": "day"}],
    }
    profile = {"type": "duckdb", "path": str(folder / "bench.duckdb"), "threads": job["threads"]}
    written = {
        "dbt_project.yml": {"name": "bench", "version": "1.0", "profile": "bench", "model-paths": ["models"]},
        "profiles.yml": {"bench": {"target": "bench", "outputs": {"bench": profile}}},
        "models/cases.sql": f"{{{{ config(materialized='view') }}}} SELECT * FROM read_parquet([{files}])",
        "models/days.sql": "{{ config(materialized='table') }} SELECT range::DATE AS day "
        "FROM range(DATE '2000-01-01', DATE '2040-01-01', INTERVAL 1 DAY)",
        "models/semantic.yml": {"models": [spine], "semantic_models": [model], "metrics": metrics()},
    }
    for name, text in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML.
        path.write_text(text if isinstance(text, str) else json.dumps(text))


def queries_of(folder):
    """What MetricFlow asks DuckDB, by breakdown."""
    os.chdir(folder)
    os.environ["DBT_PROFILES_DIR"] = str(folder)
    from dbt.cli.main import dbtRunner

    done = dbtRunner().invoke(["build", "--quiet"])
    if not done.success:
        raise RuntimeError(f"dbt: {done.exception or done.result}")
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    configuration = CLIConfiguration()
    configuration.setup()

    def written(breakdown):
        by = ["metric_time__month"] + [f"service_case__{name}" for name in breakdown]
        request = MetricFlowQueryRequest.create(metric_names=list(KPIS), group_by_names=by)
        return configuration.mf.explain(request).sql_statement.sql

    return [written(breakdown) for breakdown in BREAKDOWNS]


def run(job):
    folder = pathlib.Path(job["out"]).resolve() / "metricflow"
    folder.mkdir(parents=True, exist_ok=True)
    project(folder, job)
    queries = queries_of(folder)
    import duckdb

    connection = duckdb.connect(str(folder / "bench.duckdb"))
    connection.execute(f"SET threads = {job['threads']}")
    connection.execute("SET memory_limit = '8GB'")
    connection.execute("SET preserve_insertion_order = false")
    seconds = []
    for _ in range(job["runs"] + 1):
        start = time.perf_counter()
        for place, query in enumerate(queries):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE result_{place} AS {query}")
        seconds.append(time.perf_counter() - start)
    parts = []
    for place, breakdown in enumerate(BREAKDOWNS):
        segment = " || ';' || ".join(f"'{name}=' || service_case__{name}" for name in breakdown) or "''"
        values = ", ".join(f'"{name}"::DOUBLE AS "{name}"' for name in KPIS)
        parts.append(
            f"SELECT * FROM (SELECT epoch_us(metric_time__month::TIMESTAMP)::BIGINT AS month, {segment} AS segment, {values} "
            f"FROM result_{place}) UNPIVOT (value FOR kpi IN (COLUMNS(* EXCLUDE (month, segment))))"
        )
    target = f"{folder}/result.parquet"
    connection.execute(f"COPY ({' UNION ALL '.join(parts)}) TO '{target}' (FORMAT parquet)")
    version = f"{importlib.metadata.version('metricflow')} on DuckDB {duckdb.__version__}"
    return {"version": version, "median": statistics.median(seconds[1:] or seconds), "result": target}


def main():
    report = None
    try:
        # Whatever is said on the way is not the answer.
        with contextlib.redirect_stdout(sys.stderr):
            report = run(json.loads(sys.argv[1]))
    except ImportError as error:
        print(f"SKIPPED: metricflow: {error}", file=sys.stderr)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
