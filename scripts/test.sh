#!/usr/bin/env bash
# Runs every test of the workspace and counts what was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p target
log=target/test.log
python() { [ -x "target/python/$1/bin/python" ] && echo "$PWD/target/python/$1/bin/python" || true; }
# A variable that is not set lets its tests skip and say so.
[ -z "$(python lake)" ] || export KEPI_PYTHON="$(python lake)"
[ -z "$(python bench)" ] || export KEPI_BENCH_PYTHON="$(python bench)"

status=0
"${CARGO:-cargo}" test --locked --workspace --no-fail-fast -- --show-output >"$log" 2>&1 || status=$?
# The whole log stays in the file; what failed, what was skipped and the counts are shown.
grep -E '^(test .*FAILED|error|failures:|thread .*panicked|test result)|SKIPPED:' "$log" || true

skipped=$(grep -c 'SKIPPED:' "$log" || true)
grep 'SKIPPED:' "$log" | sort | uniq -c || true
echo "$(grep -E '^test result' "$log" | grep -Eo '[0-9]+ passed' | awk '{ n += $1 } END { print n + 0 }') passed," \
    "$(grep -E '^test result' "$log" | grep -Eo '[0-9]+ failed' | awk '{ n += $1 } END { print n + 0 }') failed, $skipped skipped"
[ "$status" = 0 ] || { echo "the end of $log:"; tail -n 120 "$log"; }
exit "$status"
