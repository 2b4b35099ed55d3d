# make demo      sets everything up in .venv and runs the main job on a small data set
# make test      sets everything up and passes the checks and tests
# make test-all  the same with the full cross products
# make lint      style, types and layers only
#
# Needs Python ≥ 3.11 and nothing else. Without a GPU, `make demo TORCH_BACKEND=cpu` sets up with
# the smaller torch for CPUs.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lint clean

VENV ?= .venv
TORCH_BACKEND ?=
RUN := $(VENV)/bin
CHECK := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3.14 python3 python; do \
	$$p -c '$(CHECK)' >/dev/null 2>&1 && echo $$p && break; done)
# Tests run in two processes of one thread each: on two cores that takes half the time.
TEST_PROCESSES ?= 2
PYTEST = OMP_NUM_THREADS=1 $(RUN)/python -m pytest -q -p no:randomly --durations=15 \
	-n $(TEST_PROCESSES) --dist worksteal
# One stamp per choice of torch, so that changing it installs anew.
STAMP := $(VENV)/.installed$(if $(TORCH_BACKEND),-$(TORCH_BACKEND))

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c '$(CHECK)'; then \
		echo "segwright needs Python 3.11 or newer; found: $$($(or $(PYTHON),python3) --version 2>&1)." >&2; \
		echo "Install one (python.org, or: uv python install 3.12) or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi
	@[ -x $(RUN)/python ] || sh tools/make_venv.sh "$(PYTHON)" $(VENV)
	@sh tools/install.sh $(VENV) "$(TORCH_BACKEND)"
	@rm -f $(VENV)/.installed* && touch $@

demo: $(STAMP)
	@$(RUN)/python -m examples.demo

lint: $(STAMP)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/lint-imports --no-cache
	$(RUN)/pyright --pythonpath $(RUN)/python

test: lint
	$(PYTEST) -m "not slow"

test-all: lint
	$(PYTEST)

clean:
	rm -rf demo .pytest_cache .ruff_cache .hypothesis
