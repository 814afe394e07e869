#!/usr/bin/env python3
"""Attaches a lake with DuckDB's DuckLake extension and compares every snapshot with what Kepi reads.

usage: duckdb_reads.py CATALOGUE ASKED_JSON

CATALOGUE is `sqlite:` and a file, or `postgres:` and how to connect.
"""
import glob
import importlib
import json
import os
import sys

import duckdb


def extension(name):
    folder = os.path.dirname(importlib.import_module(f"duckdb_extension_{name}").__file__)
    (path,) = glob.glob(f"{folder}/extensions/v{duckdb.__version__}/{name}.duckdb_extension")
    return path


catalogue, asked = sys.argv[1:]
on_postgres = catalogue.startswith("postgres:")
connection = duckdb.connect()
for name in ("ducklake", "postgres_scanner" if on_postgres else "sqlite_scanner"):
    connection.execute(f"load '{extension(name)}'")
schema = "(metadata_schema 'kepi')" if on_postgres else ""
connection.execute(f"attach 'ducklake:{catalogue}' as lake {schema}")
compared = 0
for want in json.load(open(asked)):
    snapshot = want["snapshot"]
    table = f'lake.main."order" at (version => {snapshot})'
    present = [row[0] for row in connection.execute(f"describe from {table}").fetchall()]
    instants = {"at", "_valid_from", "_valid_to"}

    def column(name):
        if name not in present:
            return "'-'"
        value = f'epoch_us("{name}")' if name in instants else f'"{name}"'
        return f"coalesce(cast({value} as varchar), '-')"

    names = ["id", "amount", "at", "paid", "note", "_valid_from", "_valid_to", "_row", "_source"]
    rows = connection.execute(f"select {', '.join(map(column, names))} from {table}").fetchall()
    got = sorted([list(row) for row in rows])
    assert got == sorted(want["rows"]), f"snapshot {snapshot}: {len(got)} rows differ from {len(want['rows'])}"
    # Pruning by statistics must not lose rows either.
    for condition in ("amount >= 300", "id > 'k3'", "_valid_to is null"):
        pruned = connection.execute(f"select count(*) from {table} where {condition}").fetchone()[0]
        full = connection.execute(f"select count(*) filter (where {condition}) from {table}").fetchone()[0]
        assert pruned == full, (snapshot, condition, pruned, full)
    compared += len(got)
connection.execute("""insert into lake.main."order" (id, amount) values ('duck', 100)""")
print(f"DuckDB {duckdb.__version__} read {compared} rows of {snapshot} snapshots equal, and appended one")
