# Everything a person types. `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
bin := .venv/bin

# A stamp names the folder that .venv was made in; any other content means that it has to be made anew. There are two:
# what runs the platform, and what a contributor needs on top of it to test, check and build.
to_run := .venv/.installed-to-run
to_work := .venv/.installed-to-work
ifneq ($(shell cat $(to_run) 2>/dev/null),$(CURDIR))
.PHONY: $(to_run)
endif
ifneq ($(shell cat $(to_work) 2>/dev/null),$(CURDIR))
.PHONY: $(to_work)
endif
locked := uv.lock pyproject.toml $(wildcard */pyproject.toml */*/pyproject.toml) .make/setup .make/uv

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^##@ /{print ""; print substr($$0, 5)} /^[a-z-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' \
	  $(MAKEFILE_LIST)

##@ Run the platform

.PHONY: run
run: setup-run ## Install and start the platform on http://127.0.0.1:8080
	@$(bin)/python .make/ui.py build --or-go-without
	@exec $(bin)/alerting up

.PHONY: demo-reset
demo-reset: setup-run ## Delete the embedded data, so that the next start loads the demo afresh
	@$(bin)/python .make/demo_reset.py

.PHONY: setup-run
setup-run: $(to_run) ## Install what runs the platform, without tools for tests and checks
	@:

$(to_work): $(locked)
	@.make/setup work

$(to_run): $(locked)
	@.make/setup run

.PHONY: run-all
run-all: setup ## Start the distributed platform: services, API and one worker of each kind, in the background
	@$(bin)/python -m tests.support.servers start-all

.PHONY: stop-all
stop-all: setup ## Stop the distributed platform and its services; their data stays in .data/services
	@$(bin)/python -m tests.support.servers stop-all

##@ Change it

.PHONY: setup
setup: $(to_work) ## Install everything that a contributor needs into this checkout
	@:

.PHONY: test
test: setup ## Run all tests, and say what could not be run
	@$(bin)/python -m tests.run

.PHONY: test-thorough
test-thorough: setup ## Run all tests, the longest of them with all kills and alerts that are claimed of a release
	@ALERTING_TESTS=thorough $(bin)/python -m tests.run

.PHONY: lint
lint: setup ## Check style, import layers and the tidiness of the sources, within half a minute
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/lint-imports --no-cache --no-logo
	$(bin)/pytest -q tests/tidy

.PHONY: types
types: setup ## Check the types
	$(bin)/mypy
	$(bin)/pyright

.PHONY: check
check: lint types ## Check all that a change of Python can break: lint, types, the lock file
	"$$(.make/uv)" lock --check --quiet

.PHONY: check-all
check-all: check proto-lint proto-verify ui-check ui-budget ## Check messages, user interface and playground as well
	$(bin)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

.PHONY: fmt
fmt: setup ## Format the code and mend what can be mended by itself
	$(bin)/ruff check --fix
	$(bin)/ruff format

.PHONY: lock
lock: ## Lock the newest versions that fit (UPGRADE=1), or only what changed
	@"$$(.make/uv)" lock $(if $(UPGRADE),--upgrade)
	@python3 .make/lock_hosts.py uv.lock

##@ The user interface and the playground

.PHONY: ui
ui: setup-run ## Build the user interface, if its sources have changed
	@$(bin)/python .make/ui.py build

.PHONY: ui-dev
ui-dev: setup-run ## Serve the user interface with hot reload, in front of a running platform (ALERTING_URL=…)
	@exec $(bin)/python .make/ui.py run dev

.PHONY: ui-check
ui-check: setup ## Check its types, style and accessibility rules, and that its client is that of the API
	@$(bin)/python .make/ui.py check

.PHONY: ui-test
ui-test: setup ## Run the tests of its parts
	@$(bin)/python .make/ui.py test

.PHONY: ui-api
ui-api: setup ## Make the types of its client anew from the API's description
	@$(bin)/python .make/ui.py api

.PHONY: ui-budget
ui-budget: ui ## Check that its JavaScript, and that of the playground, is within its budget
	@$(bin)/python .make/ui.py run budget
	@$(bin)/python playground/build.py
	@$(bin)/python .make/ui.py run budget-playground

.PHONY: ui-fmt
ui-fmt: setup ## Format it, and mend what can be mended by itself
	@$(bin)/python .make/ui.py run fmt

.PHONY: playground
playground: playground-site ## Build the playground, and serve it on http://127.0.0.1:8090 (PORT=…)
	@exec $(bin)/python playground/serve.py --port $(PORT)

PORT ?= 8090
.PHONY: playground-site
playground-site: setup-run ## Build the playground as a static site, in playground/dist
	@$(bin)/python playground/build.py

##@ The messages between the stages

.PHONY: proto-generate
proto-generate: setup ## Make the Python classes of the messages in proto anew
	@$(bin)/python .make/proto.py generate

.PHONY: proto-lint
proto-lint: setup ## Check the style of the messages
	$(bin)/buf lint proto
	$(bin)/buf format proto --diff --exit-code

AGAINST ?= .git\#branch=main,subdir=proto
.PHONY: proto-breaking
proto-breaking: setup ## Check that messages stay readable by those who read them as they are on main (AGAINST=…)
	$(bin)/buf breaking proto --against '$(AGAINST)'

.PHONY: proto-verify
proto-verify: setup ## Check that the Python classes are those of the messages
	$(bin)/python .make/proto.py verify

##@ More tests and measurements

.PHONY: bench
bench: setup ## Measure speed, each figure beside a limit measured in the same run
	@$(bin)/python -m tests.bench

.PHONY: sim
sim: setup-run ## Simulate one world with faults: make sim SEED=81723 (TRACE=1 shows every event)
	@$(bin)/python -m alerting_core.sim --seed $(or $(SEED),1) $(if $(TRACE),--trace)

.PHONY: sim-long
sim-long: setup-run ## Simulate 20,000 worlds (SEEDS=100000 START=20000 for others)
	@$(bin)/python -m alerting_core.sim --seeds $(or $(SEEDS),20000) --start $(or $(START),0) --jobs 2

.PHONY: test-core-isolated
test-core-isolated: setup ## Run the unit tests of core, API and playground with nothing installed but what they need
	@$(bin)/python -m tests.run isolated isolated-api

.PHONY: test-core-pyodide
test-core-pyodide: setup ## Run the unit tests of core, API and playground in the browser's Python
	@$(bin)/python -m tests.run pyodide pyodide-api

.PHONY: services
services: setup ## Start Kafka, Redis and Postgres for development, and print the settings that lead to them
	@$(bin)/python -m tests.support.servers start

.PHONY: services-stop
services-stop: setup ## Stop them; their data stays in .data/services
	@$(bin)/python -m tests.support.servers stop
