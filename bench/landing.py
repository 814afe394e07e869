"""The peer of `kepi bench landing`: DuckDB reads the same file with declared types and writes zstd-compressed Parquet.

Usage: landing.py '{"folder": "...", "rows": 1000000, "runs": 3, "threads": 2, "columns": [["id", "VARCHAR"], ...]}'; prints JSON.
It also makes the Parquet files that Kepi lands: the first of the CSV file, a day's of its last rows and new ones, and one of changes all over it.
"""

import json
import pathlib
import sys
import time

job = json.loads(sys.argv[1])
folder = pathlib.Path(job["folder"])
try:
    import duckdb
except ImportError:
    print(json.dumps({"version": None, "seconds": []}))
    sys.exit(0)

connection = duckdb.connect()
connection.execute(f"SET threads = {job['threads']}")
names = ", ".join(name for name, _ in job["columns"])
types = ", ".join(f"'{name}': '{type_}'" for name, type_ in job["columns"])


def quoted(path):
    return "'" + str(path).replace("'", "''") + "'"


def reader(format_):
    path = quoted(folder / f"tickets.{format_}")
    if format_ == "csv":
        return f"read_csv({path}, columns = {{{types}}}, header = true)"
    if format_ == "ndjson":
        return f"read_json({path}, columns = {{{types}}}, format = 'newline_delimited')"
    return f"read_parquet({path})"


def copy(source, into):
    connection.execute(f"COPY ({source}) TO {quoted(into)} (FORMAT parquet, COMPRESSION zstd)")


copy(f"SELECT {names} FROM {reader('csv')}", folder / "tickets.parquet")
# Half changed, half new, as in the other formats.
day = f"(SELECT * FROM {reader('parquet')} ORDER BY id DESC LIMIT 500)"
later = "SELECT * REPLACE (solved_at + INTERVAL 100 DAY AS solved_at) FROM " + day
new = later.replace("SELECT * REPLACE (", "SELECT * REPLACE ('N' || id AS id, ")
copy(f"SELECT * FROM ({later}) UNION ALL SELECT * FROM ({new})", folder / "day.parquet")
# A thousand rows, spread over all of them, changed once more.
every = f"CAST(substr(id, 2) AS BIGINT) % {max(job['rows'] // 1000, 1)} = 0"
spread = f"SELECT * REPLACE (solved_at + INTERVAL 200 DAY AS solved_at) FROM {reader('parquet')} WHERE {every}"
copy(spread, folder / "changed.parquet")
seconds = []
for format_ in ["csv", "ndjson", "parquet"]:
    of = []
    for _ in range(max(job["runs"], 1)):
        start = time.perf_counter()
        copy(f"SELECT {names} FROM {reader(format_)}", folder / "peer.parquet")
        of.append(time.perf_counter() - start)
    seconds.append([format_, of])
print(json.dumps({"version": duckdb.__version__, "seconds": seconds}))
