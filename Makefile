# The menu: install, demo, test, check, bench, prove. Needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NAME ?= all
SCALE ?=
CDNOW ?=

.PHONY: install demo test check format bench prove clean lock

# Two steps, because who only wants to see it need not download what tests and checks stand on.
RUNTIME := $(VENV)/.installed
EVERYTHING := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

install: $(EVERYTHING)  ## make .venv with everything, from the lock files

$(RUNTIME): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v=sys.version_info[:2]; sys.exit(0 if (3,11)<=v<(3,14) else "Campanile needs Python 3.11, 3.12 or 3.13; this is %d.%d. Say: make PYTHON=python3.12 ..." % v)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) -e .
	@touch $@

$(EVERYTHING): $(RUNTIME) requirements-dev.lock
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(RUNTIME)  ## a shop, three campaigns, an inbox: the whole way of a message on this machine
	$(BIN)/campanile demo

test: install  ## every promise, on SQLite and PostgreSQL
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: install  ## format, lint, types, floors
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install  ## put the code into its one layout
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

bench: install  ## make bench NAME=tracking SCALE=1M: one line of JSON per metric
	$(BIN)/python -m benchmarks --name $(NAME) $(if $(SCALE),--scale $(SCALE))

prove: install  ## the slow proofs: kill loops, real data (CDNOW=folder), whole stack killed
	$(BIN)/python -m benchmarks.prove $(if $(CDNOW),--cdnow $(CDNOW))

COMPILE := $(BIN)/uv pip compile pyproject.toml --all-extras --universal --generate-hashes \
  --no-annotate --no-header --no-emit-index-url --quiet

lock: install  ## renew both lock files from pyproject.toml; what runs is the same in both
	$(COMPILE) -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock

clean:  ## remove what was built, never the state
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
