# Every command that a contributor needs. `make help` lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCK   := requirements-dev.lock
ROUNDS := 5
WORKERS ?= 2
SERVER := testbed/python/llama-cpp-python
PINNED := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal \
            --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help setup demo test coverage chaos lint docs format soak mutants bench testbed lock generate kinds clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## Make the virtual environment from the lock file

$(VENV)/.installed: $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "GCO needs Python 3.11 or newer; say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Three regions on this machine, from one YAML file to answered requests
	@$(BIN)/python -m demo

testbed: setup ## Build the real control plane and fetch DynamoDB Local (cached outside the tree)
	@$(BIN)/python -m testbed.build

test: setup ## Everything: unit, contract, scenario and real-control-plane tests; WORKERS=0 for a debugger
	@$(BIN)/python -m testbed.build --if-possible
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

coverage: setup ## The same, with a report of the lines that no test ran; takes twice as long
	@$(BIN)/python -m testbed.build --if-possible
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

chaos: testbed ## Break a real API server, etcd and table; ROUNDS=20 seeds of mixed faults
	@GCO_REQUIRE_TESTBED=1 GCO_CHAOS_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest tests/chaos tests/real/test_outages.py $(ARGS)

lint: setup ## Formatting, ruff, mypy --strict, layers, docstrings of the public surface
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/interrogate --quiet src/gco

docs: setup ## The documentation as a site, in site/; a link that leads nowhere fails
	@$(BIN)/zensical build --strict --clean

format: setup ## Let ruff format and mend what it can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

soak: setup ## Simulate N schedules from seed 0 on (default 1000), resumable: make soak N=100000
	@PYTHONPATH=src:. $(BIN)/python -m tests.simulation --seeds 0..$(or $(N),1000) \
	  --state .cache/soak.json

mutants: setup ## Plant each deliberate bug in a copy of src; the test or simulation that it names must fail
	@PYTHONPATH=. $(BIN)/python -m tests.simulation.planted $(ARGS)

bench: testbed ## Measure against a real control plane and DynamoDB Local; a table and JSON
	@$(BIN)/python -m bench $(ARGS)

lock: ## Resolve the dependencies anew into the lock files
	$(PINNED) pyproject.toml --output-file requirements.lock
	$(PINNED) --group dev pyproject.toml --output-file $(LOCK)
	$(PINNED) deploy/build.in --output-file deploy/build.lock
	$(PINNED) $(SERVER)/build.in --output-file $(SERVER)/build.lock
	$(PINNED) $(SERVER)/requirements.in --output-file $(SERVER)/requirements.lock

generate: setup ## Write the files that are generated from the model anew
	@$(BIN)/python -m tools.generate

kinds: testbed ## Read the table of Kubernetes' kinds anew from a live API server
	@$(BIN)/python -m tools.kinds_schema

clean: ## Remove what the other targets made inside the tree
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* dist site .cache
