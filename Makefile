# The commands of the platform. `make help` lists them; each prepares what it needs by itself.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# The first Python >= 3.11 of this machine; it only makes the virtual environment.
PYTHON ?= $(shell for p in python3 python3.12 python3.13 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
ENV := . ./.airflow/env.sh &&

AS_OF ?=
# Another campaign than the default: make run CAMPAIGN=bank_full
CAMPAIGN ?=
ifneq ($(CAMPAIGN),)
export BANK_CAMPAIGN := $(CAMPAIGN)
endif
COMMIT ?= $(or $(GITHUB_SHA),$(shell git rev-parse HEAD 2>/dev/null))
PYTEST ?=
# Files of tests that run side by side: much of their time they wait for servers, Spark and Airflow. One by one: make test WORKERS=0
WORKERS ?= auto
PYTEST_RUN := python -m pytest --numprocesses $(WORKERS) --dist loadfile

.PHONY: help setup runtime python run score serve replay test lint coverage audit metrics smoke images scan deploy notify format airflow backfill rollback bench prune screenshots dag-docs api-examples experiments notebook protocol up down clean-volumes test-e2e test-compose mail-test mutation doctor archive s3-jars lock lock-check clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: python ## prepare .venv, a Java and Airflow's home, with all tools; the other commands prepare what they need
	@$(PYTHON) -m scripts.setup

# The same without what only tests and checks need, a quarter of it. What is there already stays.
runtime: python
	@$(PYTHON) -m scripts.setup runtime

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found on PATH; or name it: make setup PYTHON=/path/to/python3.12"; exit 1; }

run: runtime ## run the training DAG, on the last landed day or as of a day: make run AS_OF=2010-06-30; another CAMPAIGN=, an export to land first FROM=
	@$(ENV) $(if $(FROM),bank-marketing land --from "$(FROM)" &&) exec python -m scripts.run_dag $(if $(AS_OF),--as-of $(AS_OF))

replay: runtime ## replay the campaign as lived, month by month: what the platform would have earned; FROM=, TO=, EVERY=week, OUTPUT=folder
	@$(ENV) bank-marketing replay $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) --every $(or $(EVERY),month) $(if $(OUTPUT),--output $(OUTPUT))

score: runtime ## the nightly scoring without Airflow, on the newest evening or one of your own: make score AS_OF=2010-06-30
	@$(ENV) bank-marketing call-list $(if $(AS_OF),--as-of $(AS_OF))

serve: runtime ## the API and the analyst's pages on localhost:8000 (PORT=8001), on the model in production; Ctrl-C ends it
	@$(ENV) exec bank-marketing serve $(if $(PORT),--port $(PORT))

test: setup ## run the tests; a part of them: make test PYTEST=tests/etl
	@$(ENV) $(PYTEST_RUN) $(PYTEST)

test-e2e: setup ## run the tests of a night and a week under a real Airflow, with scheduler, mails and browser: some ten minutes
	@$(ENV) python -m pytest -v -m e2e tests/e2e $(PYTEST)

lint: setup ## check style, types, the package's floors, YAML, the containers, the pipeline and the lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	$(BIN)/python -m scripts.deploy_checks
	$(BIN)/python -m scripts.pipeline_checks
	$(BIN)/python -m scripts.lock check

coverage: setup ## all tests as `make test` runs them, with coverage.xml for SonarQube
	@$(ENV) $(PYTEST_RUN) --cov --cov-report=xml --cov-report=term:skip-covered $(PYTEST)

mutation: setup ## put faults into the code and count those that its tests notice: make mutation FOLDER=rules (all without); keep the scores: RECORD=1
	@$(ENV) python -m scripts.mutation $(FOLDER) $(if $(RECORD),--record)

audit: setup ## known holes in what is locked, secrets in what is committed; accept what was looked at: make audit ACCEPT=1
	@$(ENV) python -m scripts.audit $(if $(ACCEPT),--accept)

metrics: runtime ## what the newest run's model is worth, as a pull request shows it; into a file: OUTPUT=metrics.md
	@$(ENV) python -m scripts.metrics_comment $(if $(OUTPUT),--output $(OUTPUT))

smoke: runtime ## ask a running service what a client would: make smoke URL=http://localhost:8000, with a key in BANK_SMOKE_API_KEY
	@$(ENV) python -m scripts.smoke_test $(or $(URL),http://localhost:8000)

images: setup ## build and push the images of a release, by digest into images.json: make images REGISTRY=…; needs Docker Buildx
	@test -n "$(REGISTRY)" || { echo "name the registry: make images REGISTRY=<account>.dkr.ecr.<region>.amazonaws.com"; exit 2; }
	REGISTRY="$(REGISTRY)" COMMIT="$(COMMIT)" docker buildx bake --file deploy/docker-bake.hcl --metadata-file build.json
	@$(ENV) python -m scripts.deploy images --metadata build.json --output images.json

scan: setup ## what the registry found in the images of images.json; stops at grave findings
	@$(ENV) python -m scripts.deploy scan --images images.json

deploy: setup ## move an environment to images.json, test it, go back if need be: make deploy ENVIRONMENT=staging [DRY_RUN=1]
	@mkdir -p records
	@$(ENV) python -m scripts.deploy release "$(ENVIRONMENT)" --images images.json --commit "$(COMMIT)" --record "records/$(ENVIRONMENT).json" $(if $(DRY_RUN),--dry-run)

notify: setup ## tell people how a pipeline ended (NEEDS, NOTIFY_MAIL_FROM, NOTIFY_MAIL_TO, NOTIFY_WEBHOOK_URL); DRY_RUN=1 only prints it
	@$(ENV) python -m scripts.deploy notify --commit "$(COMMIT)" --records records $(if $(DRY_RUN),--dry-run)

format: setup ## let ruff format the code and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

airflow: runtime ## Airflow's UI on localhost:8080, with the DAGs ready to trigger; Ctrl-C ends it
	@$(ENV) exec python -m scripts.serve_airflow

experiments: runtime ## search for the model under the time-ordered protocol and write results.json; a broken-off search goes on
	@$(ENV) bank-marketing experiments $(if $(AS_OF),--as-of $(AS_OF))

notebook: setup ## run notebooks/experiments.py, write it with its outputs, and draw the pictures of docs/model.md; needs a run
	@$(ENV) python -m scripts.notebook

protocol: runtime ## judge the chosen model and its baselines month by month; write every prediction to a file
	@$(ENV) bank-marketing evaluate-protocol $(if $(AS_OF),--as-of $(AS_OF))

backfill: runtime ## a DAG for days of the past, dry run first: make backfill DAG=training|scoring|monitoring FROM=2010-06-01 TO=2010-06-14 [YES=1] [PROMOTE=1] [AGAIN=1]
	@$(ENV) python -m scripts.backfill --dag "$(or $(DAG),training)" --from "$(FROM)" --to "$(TO)" $(if $(PROMOTE),--promote) $(if $(AGAIN),--again) $(if $(YES),--yes)

rollback: runtime ## put an earlier model version back into production, on record: make rollback TO=3 REASON="..."
	@$(ENV) bank-marketing rollback --to "$(TO)" --reason "$(REASON)"

prune: runtime ## show what is older than its retention and needed by nothing; remove it: make prune REMOVE=1
	@$(ENV) bank-marketing prune $(if $(REMOVE),--remove)

screenshots: setup ## take the pictures of Airflow in docs/ again, from the end-to-end test's night
	@$(ENV) BANK_SCREENSHOTS=docs/images/airflow python -m pytest -v -m e2e tests/e2e

dag-docs: runtime ## write docs/dags.md again after a change of a DAG
	@$(ENV) python -m scripts.dag_docs

up: ## the whole platform in containers: build, start, wait, say where to look; DAG authors: DEVELOP=1. Needs Docker and a Python
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; without one: docker compose up"; exit 1; }
	@DEVELOP=$(DEVELOP) $(PYTHON) -m scripts.compose_up

down: ## stop the containers; the data stay
	docker compose --profile '*' down --remove-orphans

clean-volumes: ## remove the containers and their data, after asking (YES=1: without)
	@YES=$(YES) $(or $(PYTHON),python3) -m scripts.compose_clean

test-compose: setup ## build and start the containers and try everything on them; needs a Docker engine and some 20 minutes
	@$(ENV) python -m pytest -v -m compose --timeout 3600 -o log_cli=true --log-cli-level=INFO tests/compose

archive: runtime ## fetch the campaigns' published archives into the cache, each checked; fails where one cannot be had
	@$(ENV) python -m scripts.archive

s3-jars: ## fetch what Spark needs for artifacts on S3 (BANK_ARTIFACT_ROOT=s3://…): 13 MB from Maven Central, checked
	@$(PYTHON) -m scripts.spark_jars

bench: setup ## measure again what the benchmarks' READMEs say, each folder of benchmarks/ by itself; an hour or so on two cores
	@$(ENV) for main in benchmarks/*/__main__.py; do python -m benchmarks.$$(basename $$(dirname $$main)) || exit 1; done

mail-test: runtime ## send a test mail to those who get the alerts, through the server that the alerts take
	@$(ENV) python -m scripts.mail_test

doctor: ## check Python, Java, disk, memory, ports, the archive, the environment, and say how to mend them
	@if [ -f .airflow/env.sh ]; then . ./.airflow/env.sh; fi; PYTHONPATH=include $(or $(PYTHON),python3) -m scripts.doctor

lock: setup ## write requirements.lock again after a change of requirements.txt or pyproject.toml; newest versions: UPGRADE=1
	$(BIN)/python -m scripts.lock $(if $(UPGRADE),upgrade)

lock-check: setup ## check that requirements.lock is in step
	$(BIN)/python -m scripts.lock check

clean: ## remove the environment and caches; what landed and was made (landing, artifacts) stays
	rm -rf .venv .java .airflow .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
