#!/usr/bin/env bash
# Runs the proofs of one area at length and prints what was counted: scripts/evidence.sh fuzz
# KEPI_COUNT says how many inputs of each cheap kind (fuzz), entries of the log (audit), pairs of policies and things (access), plans
# and definitions (cluster) or worlds (data, insight), KEPI_SEED which first; a failure names
# its seed and keeps its input.
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${KEPI_SEED:-1}

# What the tests print of themselves; a failure is shown whole. The filter may be several.
at_length() {
    local log
    log=$(mktemp)
    if KEPI_COUNT=$1 KEPI_SEED=$seed "${CARGO:-cargo}" test --locked "${@:3}" -- --nocapture $2 >"$log" 2>&1; then
        grep -E '^(fuzz |audit: |access: |acting: |check: |cluster: |data: |deciding: |erasure: |insight: |states: |test result)' "$log"
    else
        cat "$log"
        return 1
    fi
}

case "${1:-}" in
fuzz)
    count=${KEPI_COUNT:-1000000}
    # Definitions and expressions are cheap in a build at full speed; files and requests take a database or a server each.
    at_length "$count" fuzz --release --package kepi-testkit --test it
    at_length "$((count / 1000 + 1))" fuzz --package kepi-lake --test it
    at_length "$((count / 100 + 1))" fuzz --package kepi-web --test it
    ;;
audit)
    # Every bit, swap, deletion, insertion, cut and fork of a log of so many entries.
    at_length "${KEPI_COUNT:-10000}" tamper --release --package kepi-proof --test it
    at_length 1 every_bit --release --package kepi-proof --test it
    ;;
check)
    # Ten thousand KPIs in two seconds of a processor.
    at_length 1 ten_thousand_kpis --release --package kepi-model --test it
    ;;
acting)
    # Simulated years of people who are away, leave, refuse, snooze and forget: 600 commands a count.
    at_length "${KEPI_COUNT:-3000}" in_a_year --release --package kepi-govern --test it
    ;;
cluster)
    # Schedulers and workers as processes, some of them killed: random plans and definitions, library and examples. Compiles Ballista.
    # Both packages at once: apart, what is below them would be compiled twice, for one has some more features there.
    at_length "${KEPI_COUNT:-100}" "certified:: differential:: failures:: listening:: shared:: versions:: cluster::" \
        --package kepi-cluster --package kepi --features kepi/cluster --test it
    ;;
data)
    # Worlds of rows and deliveries with planted faults: precision and recall of the rules that are to find them.
    at_length "${KEPI_COUNT:-40}" planted --package kepi-lake --test it
    # Answers to surveys with planted faults: what screening finds of them.
    at_length "${KEPI_COUNT:-40}" planted --package kepi-query --test it
    ;;
erasure)
    # So many keys four times: every byte of what is kept before and after, SQLite and PostgreSQL, and whoever erases stopped at every step.
    at_length "${KEPI_COUNT:-500}" erasing:: --package kepi-lake --test it
    ;;
deciding)
    # Random people, leavers, modes and clocks: 400 commands a count.
    at_length "${KEPI_COUNT:-10000}" nothing_takes_effect --release --package kepi-govern --test it
    ;;
access)
    # Random policies, roles and things: what filters lists against what Cedar decides in full view.
    at_length "${KEPI_COUNT:-1000000}" the_filter_is_the_decision --release --package kepi-access --test it
    ;;
states)
    # Random changes of rows, definitions, calendar and tables referred to: a run that reads what has changed against one that reads everything.
    at_length "${KEPI_COUNT:-10000}" never_shows --release --package kepi-query --test it
    ;;
insight)
    # Worlds in which the truth is known, with 400 KPIs where that is what is promised: what is found, and what is called out falsely.
    at_length "${KEPI_COUNT:-100}" evidence:: --release --package kepi-insight --test it
    ;;
*)
    echo "AREA is one of: access, acting, audit, check, cluster, data, deciding, erasure, fuzz, insight, states" >&2
    exit 2
    ;;
esac
