# The same commands for people and for CI. GNU make 3.81 (macOS) is enough.
# make itself exits 2 when a recipe fails and prints the run's own status as "Error N".

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin/

.DEFAULT_GOAL := help
.PHONY: help setup browser demo test lint bench soak lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'ARGS="-k tls -v" is handed on by demo, test, bench, soak and lock.'
	@echo 'PYTHON=python3.12 names the Python that .venv is made with (3.11 or newer).'

setup: .venv/ready ## The environment in .venv (every other target sees to it)
	@:

# pip brings uv alone: in a third of pip's time uv makes .venv equal to the lock, and nothing else is left in it.
.venv/uv.txt: requirements.lock
	@.venv/bin/python -c 'import pip' 2>/dev/null || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "set-up: $(PYTHON) is not Python 3.11 or newer; name one that is: make PYTHON=python3.12" >&2; exit 1; }; \
	  echo 'set-up: .venv'; $(PYTHON) -m venv --clear .venv; }
	@sed -n '/^uv==/,/[^\]$$/p' requirements.lock > .venv/uv.part
	@$(BIN)python -m pip install -q --disable-pip-version-check --require-hashes -r .venv/uv.part
	@mv .venv/uv.part $@

# pip is the way out where only its own configuration knows the package index.
.venv/ready: .venv/uv.txt pyproject.toml
	@echo 'set-up: packages of requirements.lock'
	@$(BIN)uv pip sync -q --system-certs --compile-bytecode --python $(BIN)python --require-hashes requirements.lock \
	  || { echo 'set-up: uv failed; pip tries the same, in a minute or less' >&2; \
	       $(BIN)python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock; }
	@$(BIN)python -m pip install -q --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@$(BIN)uv pip check -q --python $(BIN)python \
	  || { echo 'set-up: pyproject.toml asks for what requirements.lock does not hold: make lock' >&2; exit 1; }
	@touch $@

browser: .venv/ready ## The browser that smoke/ drives: found, or installed
	@$(BIN)python .ci/browser.py || true

demo: .venv/ready browser ## Health checks and smoke path against the embedded stand-in
	@$(BIN)python -m pytest $(wildcard checks smoke) --env demo $(ARGS)

test: .venv/ready browser ## The suite's own tests, in random order
	@$(BIN)python -m pytest tests -p timeout -p randomly --timeout 120 $(ARGS)

lint: .venv/ready ## Rules, format and types
	@$(BIN)ruff check -q .
	@$(BIN)ruff format -q --check .
	@$(BIN)mypy
	@$(BIN)mypy tests/conftest.py

bench: .venv/ready ## What is measured, in at most 10 minutes (ARGS=gate for one)
	@$(BIN)python -m benchmarks bench $(ARGS)

soak: .venv/ready ## The long counts; goes on where it was stopped
	@$(BIN)python -m benchmarks soak $(ARGS)

lock: .venv/uv.txt ## requirements.lock from pyproject.toml (ARGS=--upgrade for newer versions)
	@echo 'lock: requirements.lock from pyproject.toml'
	@$(BIN)uv pip compile pyproject.toml --group browser --group standin --group dev -q --system-certs \
	  --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command 'make lock' -o requirements.lock $(ARGS) > /dev/null

clean: ## Removes .venv and caches, keeps reports/
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
