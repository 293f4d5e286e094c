# One word per chore. `make demo` and `make test` set everything up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=

.PHONY: demo test check lint types codes bench clean help

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

codes: $(READY)  ## Run the tests and write which codes of the utilities they met
	@rm -rf .codes-met && mkdir .codes-met
	HUB_CODES_MET=$(CURDIR)/.codes-met $(BIN)/python -m pytest -n auto --dist worksteal -q tests/contract tests/golden tests/integration
	$(BIN)/python docs/interface_codes.py .codes-met

bench: $(READY)  ## The benchmarks, each with its method
	@for each in bench/bench_*.py; do echo "== $$each"; $(BIN)/python $$each $(ARGS) || exit 1; done

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .codes-met dist
