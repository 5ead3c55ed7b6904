# Two commands, each complete by itself on a fresh machine: `make demo` and `make test`.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash

.PHONY: help setup demo test check format board pages

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

setup: .venv/.ready  ## a .venv with everything that run, the embedded data and the tests need

# torch first, so that its build for this machine is chosen before anything else asks for one.
.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	touch $@

demo: setup  ## learned views and every yardstick on spoken digits, and the board (minutes)
	$(BIN)/vmbench sweep --domain audio --method raw-features --method random-init \
	  --method random-init-calibrated --method supervised --method viewmaker --out runs/demo

test: setup check  ## all checks, as CI runs them

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

format: setup  ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

board: setup  ## carry out leaderboard/grid.toml (an hour or more) and write leaderboard/ from its results
	$(BIN)/vmbench sweep --file leaderboard/grid.toml --out runs/board
	$(BIN)/python -m vmbench_leaderboard.committed --from runs/board

pages: setup  ## write leaderboard/README.md and index.html from leaderboard/results as they are
	$(BIN)/python -m vmbench_leaderboard.committed
