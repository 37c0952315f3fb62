# Two commands matter: `make playground` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help venv playground test test-servers coverage lint types imports bench campaign requirements clean
# Another Python beside the first: make test VENV=.venv-3.13 PYTHON=/path/to/python3.13
export VENV ?= .venv
bin := $(VENV)/bin

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

venv: ## create .venv with all packages for development
	@requirements/install.sh dev

playground: ## try the bot in a browser: no Slack, no database server (PORT=8080, BROWSER=no, LAYOUT=laravel)
	@requirements/install.sh playground
	@exec $(bin)/queue-bot playground $(if $(PORT),--port $(PORT)) $(if $(filter no,$(BROWSER)),--no-browser) $(if $(LAYOUT),--layout $(LAYOUT))

test: venv ## run the tests on a real MariaDB, SQLite and a real browser (ARGS="-k retry" for some)
	@tests/services/install.sh
	@$(bin)/python -m pytest -n 4 --databases one $(ARGS)

test-servers: venv ## run the tests of the database on MySQL, MariaDB 11.8 and Galera, those with PHP's workers, the crash tests, and background work on the other database (ARGS="mysql" for one)
	@tests/services/install.sh php
	@$(bin)/python -m tests.services $(ARGS)

coverage: venv ## run every test and say which lines none of them ran; takes about twice as long
	@tests/services/install.sh
	@$(bin)/python -m pytest -n 3 --cov --cov-report=term $(ARGS)

lint: venv ## check format and lint
	@$(bin)/ruff format --check .
	@$(bin)/ruff check .

types: venv ## check types with mypy --strict
	@$(bin)/mypy --strict bot tests

imports: venv ## check the import contracts
	@$(bin)/lint-imports

bench: venv ## measure speed; takes 20 minutes
	@tests/services/install.sh
	@$(bin)/python -m tests.bench

campaign: venv ## run long tests with faults; takes 30 minutes
	@tests/services/install.sh
	@$(bin)/python -m tests.campaign

requirements: venv ## pin the newest versions that pyproject.toml allows
	@requirements/compile.sh --upgrade

clean: ## remove all generated files, .venv too
	@rm -rf .venv .venv-* build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find bot tests -name __pycache__ -type d -prune -exec rm -rf {} +
