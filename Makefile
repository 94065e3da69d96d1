.DEFAULT_GOAL := help
.PHONY: help setup demo demo-down test check lint unit sanity postgres molecule core bench load clean

help: ## Show what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## Prepare .venv and the collections, with what the tests need
	@demo/setup.sh dev

demo: ## Deploy both apps to a disposable server on this machine
	@demo/demo.sh up

demo-down: ## Remove the disposable server with all its data
	@demo/demo.sh down

test: ## Run lint, unit tests, sanity and Molecule, as CI does
	@tests/run.sh

check: ## Lint and unit tests, within three minutes: what to run before a commit
	@tests/run.sh lint unit

lint unit sanity postgres molecule: ## Run one part of the tests
	@tests/run.sh $@

CORE ?= 2.21
PYTHON ?= python3
core: ## Run unit tests and sanity under another ansible-core: make core CORE=2.21 PYTHON=python3.13
	@demo/setup.sh dev
	@tests/core.sh $(CORE) $(PYTHON)

bench: ## Measure deploys; a table here, JSON under build/
	@demo/setup.sh dev
	@demo/engine.sh start
	@.venv/bin/python tests/bench/bench.py

load: ## Count what visitors lose of each kind of deploy; a table here, JSON under build/
	@demo/setup.sh dev
	@demo/engine.sh start
	@.venv/bin/python tests/bench/load.py

clean: demo-down ## Remove everything that was made here: demo, engine, build/, .venv and the collections
	@demo/engine.sh stop
	rm -rf build .venv collections/ansible_collections/community collections/.rarebooks
