# Two commands to begin with: `make demo` shows one call, `make test` proves the rest.
# A fresh Debian or Ubuntu needs git, make, and Python 3.11 or newer with venv; nothing else.

.DEFAULT_GOAL := help
.PHONY: help setup demo test serve bench chaos soak network docs pictures database peers lint format lock clean

VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= playvoice.toml
PART ?=
ARGS ?=
ROUNDS ?= 10
SEED ?= 1
DATABASE ?= sqlite
# Tests start servers many times: bytecode is kept, which is a tenth of each start.
unexport PYTHONDONTWRITEBYTECODE

help:  ## these lines
	@grep -hE '^[a-z]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/:.*  ## /\t/' | expand -t 12

$(VENV)/.run-$(shell cksum < requirements.lock | cut -d' ' -f1): requirements.lock pyproject.toml
	@./scripts/setup $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev-$(shell cksum < requirements-dev.lock | cut -d' ' -f1): requirements-dev.lock pyproject.toml
	@./scripts/setup $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.run-$(shell cksum < requirements.lock | cut -d' ' -f1)

RUN := $(VENV)/.run-$(shell cksum < requirements.lock | cut -d' ' -f1)
DEV := $(VENV)/.dev-$(shell cksum < requirements-dev.lock | cut -d' ' -f1)

# Bytecode is written here, as the one who may: a server that runs as another user would compile all at each start.
setup: $(RUN)  ## the command .venv/bin/playvoice, with all that it needs
	@$(BIN)/python -m compileall -q src
	@echo "$(CURDIR)/$(BIN)/playvoice is there"

demo: $(RUN)  ## one notification call on this machine, shown as it happens (ARGS="--press 5")
	@$(BIN)/playvoice demo $(ARGS)

serve: $(RUN)  ## the server (CONFIG=playvoice.toml)
	@$(BIN)/playvoice serve --config $(CONFIG)

test: $(DEV)  ## every test that this machine can run, several at once (ARGS="-n 0 tests/unit/sip")
	@$(BIN)/python -m pytest -n auto $(ARGS)

bench: $(RUN)  ## figures of this machine (PART=playback, setup, tones, owed or retention, ARGS="--help")
	@$(BIN)/python -m benchmarks $(PART) $(ARGS)

chaos: $(RUN)  ## kill the server, or a process of it, among calls, and compare what its far ends saw (ROUNDS=10 SEED=1 DATABASE=sqlite)
	@$(BIN)/python -m tests.chaos --rounds $(ROUNDS) --seed $(SEED) --database $(DATABASE)

soak: $(RUN)  ## many calls of mixed ends, and whether the server gives everything back (ARGS="--calls 10000 --rate 20")
	@$(BIN)/python -m tests.soak $(ARGS)

docs: $(RUN)  ## write docs/api.md and docs/api.zh-CN.md anew from the registry of services
	@$(BIN)/python -m playvoice.gateway.reference

pictures: $(DEV)  ## make docs/images anew from what the commands show (needs Chromium)
	@$(BIN)/python -m scripts.pictures

lint: $(DEV)  ## format, lint, types and import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV)  ## put the code into its form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

network: $(RUN)  ## calls over a network that loses, delays and doubles packets (root; ARGS="--transport tcp")
	@$(BIN)/python -m tests.network $(ARGS)

database: $(DEV)  ## keep a database of this version for the tests of later ones (needs PostgreSQL; docs/releasing.md)
	@$(BIN)/python -m scripts.keep_database

peers:  ## the system packages that the tests use as far ends (Debian, root)
	@./scripts/peers

lock:  ## compile the lock files anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command 'make lock' --group build pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command 'make lock' --group build --group dev pyproject.toml -o requirements-dev.lock

clean:  ## remove what make made
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
	rm -rf $(VENV) build demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
