# The two commands are `make demo` and `make test`. Everything else is for people who work on Kepi.

CARGO ?= cargo
PORT ?= 7878
# `make demo DEMO=subscription` shows the made-up business in place of the airport.
DEMO ?= airport

.PHONY: demo test lint tools evidence install bench bench-stats help

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: ## Build Kepi, load real data, compute the scorecard and serve it
	$(CARGO) build --locked --package kepi
	$(CARGO) run --locked --quiet --package kepi -- demo $(DEMO) --port $(PORT)

test: tools ## Install what the tests need and run all of them
	scripts/test.sh

tools: ## Install what the tests need: a browser, its driver, packages of Node and Python
	scripts/tools.sh

lint: ## Formatting and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings

evidence: ## Run one area's proofs at length and print counts: AREA=access, acting, audit, check, cluster, data, deciding, erasure, fuzz, insight or states (KEPI_COUNT, KEPI_SEED)
	scripts/evidence.sh $(AREA)

install: ## Install kepi, built at full speed, into cargo's bin folder
	$(CARGO) install --locked --path crates/kepi

BENCH_PYTHON := target/python/bench/bin/python
METRICFLOW := target/python/semantic-layer/bin/python
bench: ## Run the speed comparison on 20 million rows beside DuckDB, Polars and MetricFlow (takes some minutes)
	test -x $(BENCH_PYTHON) || python3 -m venv target/python/bench
	$(BENCH_PYTHON) -m pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	test -x $(METRICFLOW) || python3 -m venv target/python/semantic-layer
	$(METRICFLOW) -m pip install --quiet --disable-pip-version-check --requirement bench/semantic-layer-requirements.txt
	$(CARGO) run --locked --release --package kepi -- bench --python $(BENCH_PYTHON) --metricflow $(METRICFLOW)

STATS_PYTHON := target/python/stats/bin/python
bench-stats: ## Time the statistics beside the Python packages of the same methods (takes some minutes)
	test -x $(STATS_PYTHON) || python3 -m venv target/python/stats
	$(STATS_PYTHON) -m pip install --quiet --disable-pip-version-check --requirement bench/stats-requirements.txt
	$(CARGO) build --locked --release --package kepi-stats --example bench_stats
	$(STATS_PYTHON) bench/stats.py $(or $(CARGO_TARGET_DIR),target)/release/examples/bench_stats $(OPTIONS)
