# Everything a developer runs. It needs Python 3.11 to 3.14 with venv, and make; the rest is fetched into .venv.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long test-another-python test-faults bench bench-full check lint types contracts topics-manifests deployment contract docs release clean

PYTHON := .venv/bin/python
SYNCED := .venv/.synced
SYNC := .venv/bin/uv sync --locked --all-extras --python $(PYTHON)
# The newest first: the first that is found, and that the packages of uv.lock install on, is taken.
PYTHONS := python3.14 python3.13 python3.12 python3.11 python3 python
RANGE := 3.11 to 3.14
FITS := import sys, venv, ensurepip; now = sys.version_info[:2]; print("%d.%d" % now); sys.exit(not (3, 11) <= now <= (3, 14))
ifdef WITH
.PHONY: $(SYNCED)
endif
UV_VERSION = $(shell awk '/^name = "uv"$$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' uv.lock)

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(SYNCED) ## Install everything into .venv, as locked in uv.lock
	@echo "Ready: .venv/bin/ringback --help"

# Rewritten whenever the lock or the project changes; uv then only installs what differs. A .venv that works is kept,
# whatever else is found; `make setup WITH=python3.12` makes it anew with that one.
$(SYNCED): uv.lock pyproject.toml
	@if [ -z "$(WITH)" ] && [ -e $@ ] && $(PYTHON) -c '$(FITS)' >/dev/null 2>&1; then \
	  $(MAKE) --no-print-directory packages && touch $@; exit; fi; \
	tried=" "; \
	for name in $(or $(WITH),$(PYTHONS)); do \
	  version=$$($$name -c '$(FITS)' 2>/dev/null) || continue; \
	  case "$$tried" in *" $$version "*) continue;; esac; tried="$$tried$$version "; \
	  echo "Making .venv with Python $$version"; \
	  $$name -m venv --clear .venv && $(MAKE) --no-print-directory packages && touch $@ && exit; \
	  echo "Not with Python $$version: the packages of uv.lock did not install, as said above" >&2; \
	done; \
	[ "$$tried" = " " ] || { echo "No Python is left to try" >&2; exit 1; }; \
	echo "Ringback needs Python $(RANGE) with venv$(WITH:%=, which % is not): apt install python3-venv," \
	  "brew install python, or python.org" >&2; exit 1

.PHONY: packages
packages:
	@if [ "$$(.venv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" != "$(UV_VERSION)" ]; then \
	  echo "Fetching uv $(UV_VERSION), which installs the rest"; \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"; fi
	@echo "Installing the packages of uv.lock into .venv (the first time about 200 MB are downloaded)"
	@VIRTUAL_ENV= $(SYNC) || { echo "Once more, with the certificates that this machine trusts"; \
	  VIRTUAL_ENV= UV_SYSTEM_CERTS=1 $(SYNC); }

demo: $(SYNCED) ## Show Ringback at work on this machine: a Kafka, a worker, a few callbacks (OBSERVE=1: and Prometheus, CONSOLE=1: and the console)
	@.venv/bin/ringback demo $(if $(OBSERVE),--observe) $(if $(CONSOLE),--console)

# Side by side, in twice as many processes as there are cores: tests/side_by_side.py has who runs what.
# Those that a Prometheus observes come last, and alone: what takes long because of others would raise alerts.
test: check kafka ## Lint, types, import contracts and all tests but the long ones
	$(PYTHON) -m pytest -m "not long and not observed" -n auto --dist loadscope --no-loadscope-reorder
	$(PYTHON) -m pytest -m "observed and not long"

test-long: $(SYNCED) kafka ## The tests that take minutes: faults, load, an alert for each fault
	$(PYTHON) -m pytest -m long

test-another-python: $(SYNCED) ## The core's tests on one more Python, if there is one or Debian's next release can be had
	$(PYTHON) -m tests.another_python

test-faults: $(SYNCED) kafka ## Half an hour of faults of every kind, and a table of what came of them
	$(PYTHON) -m tests.faults

# The peers may hold back packages of ours: they have an environment of their own.
BENCH := .venv-bench/bin/python
$(BENCH): uv.lock pyproject.toml $(SYNCED)
	VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT=.venv-bench .venv/bin/uv sync --locked --all-extras --no-dev --group bench --python $(PYTHON)
	@touch -h $@

bench: $(BENCH) kafka ## Measure against every goal and beside the peers, scaled down: 10 minutes
	$(BENCH) -m benchmarks

bench-full: $(BENCH) kafka ## The same with the sizes of the goals, and how a worker grows: 2 hours
	$(BENCH) -m benchmarks --full

check: lint types contracts ## Lint, types and import contracts

lint: $(SYNCED)
	.venv/bin/ruff check

types: $(SYNCED)
	.venv/bin/mypy

contracts: $(SYNCED)
	.venv/bin/lint-imports --no-logo

# Ahead of the tests, so that no test waits for a download.
.PHONY: kafka
kafka: $(SYNCED)
	@$(PYTHON) -c 'from streams.dev.broker.java import java_command; java_command(print)'

topics-manifests: $(SYNCED) ## Write deploy/kafka-topics from the catalog of topics
	$(PYTHON) -m topics.manifests deploy/kafka-topics

deployment: $(SYNCED) deployment-tools ## Write what deploy/chart and deploy/kustomize have of the program
	$(PYTHON) -m tests.deploy.written

.PHONY: deployment-tools
deployment-tools: $(SYNCED)
	@VIRTUAL_ENV= $(SYNC) --quiet --inexact --group deploy

contract: $(SYNCED) ## Write docs/contract (JSON Schemas, AsyncAPI) from the types in topics
	$(PYTHON) -m topics.contract_files docs/contract

docs: $(SYNCED) ## Write docs/settings.md, docs/commands.md and docs/licences.md from the program and uv.lock
	$(PYTHON) -m tests.docs.reference
	$(PYTHON) -m tests.release.licences

release: $(SYNCED) ## Make all of a release in dist (TRIAL=1: of whatever is there, in dist/trial)
	$(PYTHON) deploy/release.py $(if $(TRIAL),--trial dist/trial)

clean: ## Remove caches; .venv stays
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find streams topics tests -name __pycache__ -type d -prune -exec rm -rf {} +
