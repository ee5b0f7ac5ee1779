# Each target sets up what it needs, once; `make` lists them. What is needed already:
# Python 3.11 or newer with venv and pip. `make PYTHON=python3.13 test` takes another.

PYTHON ?= python3
BIN := .venv/bin
DYNAMODB_LOCAL := .tools/dynamodb-local.stamp
UV := .tools/uv/bin/uv
COMPILE := $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--upgrade --generate-hashes --no-emit-index-url --no-header

# The property tests' profile: ci replays, dev varies, soak runs for a night.
export HYPOTHESIS_PROFILE ?= ci

# Each process has a DynamoDB Local of its own; a file's tests share a browser.
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile

SYSTEM := caddy chromium gcc java nginx npm openssl systemd-analyze wrk
PACKAGE_gcc := gcc libc6-dev
PACKAGE_java := default-jre-headless
PACKAGE_nginx := nginx-light
PACKAGE_systemd-analyze := systemd

.PHONY: help serve test soak check format bench docs lock clean package-aws deploy-aws $(SYSTEM:%=system-%)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

serve: .venv/serve.stamp ## set up Footfall and serve on http://127.0.0.1:8080
	$(BIN)/footfall serve $(ARGS)

test: .venv/dev.stamp $(DYNAMODB_LOCAL) tests/browser/node_modules
test: system-caddy system-chromium system-gcc system-nginx system-openssl
test: system-systemd-analyze system-wrk
test: ## run all tests, with coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PARALLEL) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

soak: .venv/dev.stamp ## simulate faults over 10,000 seeds, an hour
	$(BIN)/python -m tests.simulation $(or $(ARGS),0 9999)

check: docs ## format, lint, types, imports, the template, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/cfn-lint deploy/aws/template.yaml
	$(BIN)/hadolint Dockerfile
	$(BIN)/pytest --quiet tests/test_style.py

format: .venv/dev.stamp ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev.stamp $(DYNAMODB_LOCAL) benchmarks/node_modules
bench: system-wrk ## measure Footfall beside its peers, in one run
	$(BIN)/python -m benchmarks $(ARGS)

docs: .venv/dev.stamp ## build the documentation into site/
	$(BIN)/zensical build --strict --clean

package-aws: .venv/serve.stamp ## build the function's package, build/aws/footfall.zip
	$(BIN)/python deploy/aws/package.py

deploy-aws: package-aws ## deploy to AWS: ARGS="--site https://example.com"
	@$(BIN)/python deploy/aws/deploy.py $(ARGS)

lock: $(UV) ## pin the newest versions that pyproject.toml and package.json allow
	$(COMPILE) --group build --output-file requirements/serve.lock
	$(COMPILE) --group dev --constraint requirements/serve.lock \
		--output-file requirements/dev.lock
	for of in benchmarks tests/browser; do (cd $$of && npm update --package-lock-only \
		--omit-lockfile-registry-resolved) || exit 1; done

clean: ## remove everything that make made
	rm -rf .venv .tools .cache .coverage* .hypothesis .mypy_cache .pytest_cache \
		.ruff_cache benchmarks/node_modules tests/browser/node_modules build dist site

# Editable, built by the locked hatchling: no step fetches what is not in the lock.
.venv/%.stamp: requirements/%.lock pyproject.toml
	@echo "Setting up .venv from $< (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Footfall needs Python 3.11 or newer: make PYTHON=python3.13 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement $<
	@$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

$(DYNAMODB_LOCAL): tests/dynamodb_local.py | .venv/dev.stamp system-java system-npm
	$(BIN)/python -m tests.dynamodb_local
	@touch $@

%/node_modules: %/package-lock.json | system-npm
	cd $* && npm ci --ignore-scripts
	@touch $@

# Where root runs this, as in a container, what is missing is installed. Elsewhere the
# test that needs it fails and names the command.
$(SYSTEM:%=system-%): system-%:
	@command -v $* >/dev/null || test "$$(id -u)" -ne 0 || { apt-get update && \
		DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
		$(or $(PACKAGE_$*),$*); }

$(UV):
	$(PYTHON) -m venv .tools/uv
	.tools/uv/bin/python -m pip install --quiet uv==0.13.9
