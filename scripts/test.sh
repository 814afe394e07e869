#!/usr/bin/env bash
# Runs every test of the workspace and counts what was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p target
log=target/test.log
python() { [ -x "target/python/$1/bin/python" ] && echo "$PWD/target/python/$1/bin/python" || true; }
KEPI_LAKE_PYTHON="$(python lake)"
KEPI_BENCH_PYTHON="$(python bench)"
export KEPI_LAKE_PYTHON KEPI_BENCH_PYTHON

status=0
"${CARGO:-cargo}" test --locked --workspace --no-fail-fast -- --show-output 2>&1 | tee "$log" \
    | grep -vE '^(---- |successes:|$)' || status=$?
# `grep -v` ends with 1 when it lets nothing through; the status that counts is cargo's.
status=${PIPESTATUS[0]:-$status}

skipped=$(grep -c 'SKIPPED:' "$log" || true)
grep 'SKIPPED:' "$log" | sort | uniq -c || true
echo "$(grep -E '^test result' "$log" | grep -Eo '[0-9]+ passed' | awk '{ n += $1 } END { print n + 0 }') passed," \
    "$(grep -E '^test result' "$log" | grep -Eo '[0-9]+ failed' | awk '{ n += $1 } END { print n + 0 }') failed, $skipped skipped"
exit "$status"
