# What a person types. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help run test check lint types imports bench faults browser wheel lock clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## start the service on its embedded defaults, http://127.0.0.1:8000
	@$(BIN)/alerts run --sample

test: $(VENV)/.dev ## the whole test suite
	@$(BIN)/pytest -n auto -q

check: lint types imports test ## exactly what CI runs first

lint: $(VENV)/.dev ## ruff
	@$(BIN)/ruff check .

types: $(VENV)/.dev ## mypy --strict
	@$(BIN)/mypy

imports: $(VENV)/.dev ## the layers of docs/house.md
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/.dev ## every ratio we claim, written to docs/performance.md
	@$(BIN)/python -m tests.bench

faults: $(VENV)/.dev ## break it on purpose, the long form
	@$(BIN)/pytest -q -n 0 tests/faults --faults-long

browser: $(VENV)/.dev ## a person's way through the pages, in Chromium
	@$(BIN)/pytest -q -n 0 tests/browser

wheel: $(VENV)/.dev ## build the wheel and run the suite on it
	@bash tests/wheel.sh

lock: $(VENV)/.dev ## write the lock files anew (needs uv)
	@uv pip compile -q --universal --generate-hashes --no-annotate --no-header --no-emit-index-url pyproject.toml -o requirements.lock
	@uv pip compile -q --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove what make made (not var/)
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "This Python has no venv module; on Debian: apt install python3-venv"; exit 2; }

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what runs (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing what tests need (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
