# One page of commands. `make` alone prints them. Extra words go through ARGS:
#   make demo ARGS="--headless"      make test ARGS="-k checkin"      make bench ARGS="match --size 20000"

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

PY      := $(VENV)/bin/python
PIP     := $(PY) -m pip install --quiet --disable-pip-version-check
RUNTIME := $(VENV)/installed.txt
DEV     := $(VENV)/installed-dev.txt

export PYTHONUTF8 := 1

.PHONY: help install demo run test quick lint bench diagrams messages packages

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(RUNTIME) ## set up, load the sample world, do the main job live, leave the site running
	@exec $(PY) manage.py demo $(ARGS)

install: $(RUNTIME) ## make .venv with what requirements.txt names; nothing is downloaded after that

run: $(RUNTIME) ## start the embedded site on its own data, without the sample world
	@$(PY) manage.py migrate --verbosity 0
	@exec $(PY) manage.py run_embedded $(ARGS)

test: packages $(DEV) ## everything CI runs: lint, then all tests on SQLite and on PostgreSQL with Redis
	@exec $(PY) -m tests $(ARGS)

quick: $(DEV) ## under two minutes: rules without a database, then a subset on SQLite
	@exec $(PY) -m tests --quick $(ARGS)

lint: $(DEV) ## style, types, import contracts, missing migrations
	@exec $(PY) -m tests --lint-only

bench: packages $(DEV) ## all benchmarks, or one: make bench ARGS="NAME --size N"
	@exec $(PY) -m tests.benchmarks $(ARGS)

diagrams: $(DEV) ## redraw the state diagrams of docs/ from the transition tables
	@exec $(PY) -m tests.house.diagrams $(ARGS)

messages: $(DEV) ## collect texts into locale/zh_Hans/LC_MESSAGES/*.po and compile them
	@exec $(PY) -m tests.house.messages $(ARGS)

packages: # the servers and the browser that tests and benchmarks start; only what is missing
	@.ci/packages

# The stamps are copies of the files they were installed from: the same content means no pip at all.
$(RUNTIME): requirements.txt | $(PY)
	@cmp -s $< $@ || { echo "Installing what requirements.txt names (once) …"; $(PIP) -r $<; cp $< $@; }
	@touch $@

$(DEV): requirements-dev.txt requirements.txt | $(PY)
	@cat $^ | cmp -s - $@ || { echo "Installing what requirements-dev.txt names (once) …"; $(PIP) -r $<; }
	@cat $^ > $@
	@cp requirements.txt $(RUNTIME)

$(PY):
	@.ci/venv "$(PYTHON)" "$(VENV)"
