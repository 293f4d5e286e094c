# One word per chore. `make demo` and `make test` set everything up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=

.PHONY: demo test check lint types bench clean help

help:  ## What can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)  ## Run the main job on simulators (ARGS="--fault water:after-commit")
	@$(BIN)/hub demo $(ARGS)

check: $(READY) lint types  ## Lint, types, layers, configuration

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

test: $(READY) check  ## All checks and all tests
	$(BIN)/python -m pytest -n auto --dist worksteal -q $(ARGS)

bench: $(READY)  ## The benchmarks, each with its method
	@for each in bench/bench_*.py; do echo "== $$each"; $(BIN)/python $$each $(ARGS) || exit 1; done

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
