# Everything a developer runs. It needs Python 3.11 with venv, and make; the rest is fetched into .venv.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long test-faults check lint types contracts topics-manifests clean

PYTHON := .venv/bin/python
SYNCED := .venv/.synced
SYNC := .venv/bin/uv sync --locked --all-extras --python $(PYTHON)
UV_VERSION = $(shell awk '/^name = "uv"$$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' uv.lock)

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(SYNCED) ## Install everything into .venv, as locked in uv.lock
	@echo "Ready: .venv/bin/ringback --help"

# Rewritten whenever the lock or the project changes; uv then only installs what differs.
$(SYNCED): uv.lock pyproject.toml
	@python=; \
	for name in python3.11 python3 python; do \
	  if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then :; \
	elif [ -n "$$python" ]; then echo "Making .venv with $$($$python --version)"; $$python -m venv --clear .venv; \
	else echo "Ringback needs Python 3.11 with venv: apt install python3.11-venv, brew install python@3.11, or python.org" >&2; exit 1; fi
	@if [ "$$(.venv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" != "$(UV_VERSION)" ]; then \
	  echo "Fetching uv $(UV_VERSION), which installs the rest"; \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"; fi
	@echo "Installing the packages of uv.lock into .venv (the first time about 200 MB are downloaded)"
	@VIRTUAL_ENV= $(SYNC) || { echo "Once more, with the certificates that this machine trusts"; \
	  VIRTUAL_ENV= UV_SYSTEM_CERTS=1 $(SYNC); }
	@touch $@

demo: $(SYNCED) ## Show Ringback at work on this machine: a Kafka, a worker, a few callbacks
	@.venv/bin/ringback demo

test: check kafka ## Lint, types, import contracts and all tests but the long ones
	$(PYTHON) -m pytest -m "not long"

test-long: $(SYNCED) kafka ## The tests that take minutes: faults, load
	$(PYTHON) -m pytest -m long

test-faults: $(SYNCED) kafka ## Half an hour of faults of every kind, and a table of what came of them
	$(PYTHON) -m tests.faults

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
	@$(PYTHON) -c 'from streams.broker.java import java_command; java_command(print)'

topics-manifests: $(SYNCED) ## Write deploy/kafka-topics from the catalog of topics
	$(PYTHON) -m topics.manifests deploy/kafka-topics

clean: ## Remove caches; .venv stays
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find streams topics tests -name __pycache__ -type d -prune -exec rm -rf {} +
