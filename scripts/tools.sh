#!/usr/bin/env bash
# Installs what the tests need beside Rust and Node: a browser, Python and Node packages, published data. What cannot be had is said,
# never hidden: the tests that need it skip loudly and scripts/test.sh counts them.
set -u
cd "$(dirname "$0")/.."

missing() { echo "SKIPPED: $1 could not be installed; the tests that need it will be skipped" >&2; }

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo apt-get install -y -qq chromium chromium-driver; } >/dev/null 2>&1 || missing "chromium and chromium-driver"
fi

if [ ! -x "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)" ] && ! command -v initdb >/dev/null; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo apt-get install -y -qq postgresql; } >/dev/null 2>&1 || missing "postgresql"
fi

if ! command -v mariadb-install-db >/dev/null; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends mariadb-server; } >/dev/null 2>&1 || missing "mariadb-server"
fi

# Checks of pages, and providers by which people sign in.
if [ ! -f web/node_modules/.package-lock.json ] || [ web/package-lock.json -nt web/node_modules/.package-lock.json ]; then
    (cd web && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json) || missing "web/package.json"
fi

# One environment a requirements file: the lake test and the bench need different DuckDB versions.
environment() {
    local folder="target/python/$1" requirements="$2"
    if [ ! -x "$folder/bin/python" ] || [ "$requirements" -nt "$folder/installed" ]; then
        python3 -m venv "$folder" && "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
            --requirement "$requirements" && touch "$folder/installed" || missing "$requirements"
    fi
}
environment lake crates/kepi-lake/tests/requirements.txt
environment bench bench/requirements.txt
# Singer taps, each with its own version of what it is built on.
environment tap_jsonl crates/kepi-connect/tests/taps/jsonl.txt
environment tap_rest crates/kepi-connect/tests/taps/rest.txt
# An object store.
environment objects crates/kepi-connect/tests/objects/requirements.txt
# A server of files over SSH.
environment sftp crates/kepi-connect/tests/sftp.txt
# A server of e-mail.
environment smtp crates/kepi-connect/tests/smtp.txt
# The reference client of OpenLineage.
environment openlineage crates/kepi-report/tests/openlineage.txt

# Published data for the reference tests: fetched, not kept here, for most of it is under the GPL.
if ! (cd target/reference 2>/dev/null && sha256sum --quiet --check ../../scripts/reference_data.sha256) >/dev/null 2>&1; then
    target/python/lake/bin/python scripts/reference_data.py target/reference || missing "some reference data"
fi
exit 0
