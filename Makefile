# What a developer runs; `make help` lists it. Only python3 (3.11 or newer, with venv) and make are needed.

PYTHON ?= python3
PORT ?= 8000
VENV_PYTHON := .venv/bin/python
INSTALL := $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement
COMPILE := $(VENV_PYTHON) -m piptools compile --quiet --no-header --allow-unsafe --strip-extras --generate-hashes \
	--no-emit-index-url --no-emit-find-links
MANAGE := $(VENV_PYTHON) -m apollo_site.devkeys manage.py

export PORT
export PYTHONUNBUFFERED = 1

.PHONY: help run free-port manage test lint check bench lock messages

help: ## this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 10 | sed 's/^/  /'

# The comforts of development. What is set outside (DATABASE_URL, EMAIL_URL and the rest) wins.
# The server runs without APOLLO_DEBUG: Django's pages for errors would stand where ours stand in production.
run manage: export APOLLO_INSECURE_HTTP ?= 1
manage: export APOLLO_DEBUG ?= 1
run manage: export APOLLO_HOSTS ?= localhost,127.0.0.1,[::1]
run manage: export APOLLO_PUBLIC_URL ?= http://localhost:$(PORT)
run manage: export APOLLO_FROM_EMAIL ?= office@example.org
run manage: export EMAIL_URL ?= filemail://$(CURDIR)/var/mail

run: .venv/made.stamp free-port .venv/run.stamp ## the whole site on http://localhost:8000 (PORT=8001 for another port), with made-up requests; Ctrl-C ends it
	@echo "Preparing the database ..."
	@$(MANAGE) migrate --verbosity 0
	@echo "Loading the starter articles and the demo accounts ..."
	@APOLLO_DEBUG=1 $(MANAGE) seed --demo
	@echo "Collecting style sheets and pictures ..."
	@$(MANAGE) collectstatic --noinput --verbosity 0
	@exec $(VENV_PYTHON) -m apollo_site.devkeys -m apollo_site.devserver

free-port:
	@$(VENV_PYTHON) -m apollo_site.devserver --check-port

manage: .venv/run.stamp ## one command of manage.py with the settings of `make run`: make manage ARGS="createsuperuser"
	@$(MANAGE) $(ARGS)

test: .venv/dev.stamp ## all tests, on the database that DATABASE_URL names (SQLite if unset); some: make test ARGS="tests/outbox -x"
	$(VENV_PYTHON) -m pytest $(ARGS)

# As in production, on a database of its own that is thrown away.
lint: export APOLLO_DEBUG = 0
lint: export APOLLO_INSECURE_HTTP = 0
lint: export APOLLO_HOSTS = www.example.org
lint: export APOLLO_PUBLIC_URL = https://www.example.org
lint: export APOLLO_FROM_EMAIL = office@example.org
lint: export EMAIL_URL = smtp+tls://mail.example.org:587
lint: export DATABASE_URL = sqlite:///$(CURDIR)/var/lint.sqlite3
lint: .venv/dev.stamp ## format, lint, missing migrations, Django's deployment check, the starter articles
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m ruff check .
	$(MANAGE) makemigrations --check --dry-run
	rm -f var/lint.sqlite3
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) check --deploy --fail-level WARNING
	$(MANAGE) check_articles --content
	rm -f var/lint.sqlite3

check: lint test ## everything that must pass: lint and test

# A database of its own, unless DATABASE_URL names an empty one.
bench: export APOLLO_DEBUG ?= 1
bench: export APOLLO_INSECURE_HTTP ?= 1
bench: export APOLLO_HOSTS ?= localhost
bench: export APOLLO_PUBLIC_URL ?= http://localhost
bench: export APOLLO_FROM_EMAIL ?= office@example.org
bench: export EMAIL_URL ?= dummymail://
bench: export DATABASE_URL ?= sqlite:///$(CURDIR)/var/bench.sqlite3
bench: .venv/dev.stamp ## how long pages take with 1,000 and with 20,000 requests, as ratios
	rm -f var/bench.sqlite3
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) shell --no-imports --command "from tests.bench import main; main()"
	rm -f var/bench.sqlite3

messages: .venv/dev.stamp ## bring the Spanish words of the public site up to date with its texts, and compile them
	@$(VENV_PYTHON) -m apollo_site.catalogue

lock: .venv/dev.stamp ## write both lock files from pyproject.toml; newest versions: make lock ARGS=--upgrade
	$(COMPILE) $(ARGS) --output-file requirements.lock pyproject.toml
	$(COMPILE) $(ARGS) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

.venv/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Another one: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python has no venv module. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making the virtual environment .venv ..."
	@$(PYTHON) -m venv --clear .venv
	@touch $@

# The hashes of the lock are checked; nothing else can be installed.
.venv/run.stamp: .venv/made.stamp requirements.lock
	@echo "Installing packages from requirements.lock (a minute the first time) ..."
	@$(INSTALL) requirements.lock
	@touch $@

.venv/dev.stamp: .venv/made.stamp requirements-dev.lock
	@echo "Installing packages from requirements-dev.lock (a minute the first time) ..."
	@$(INSTALL) requirements-dev.lock
	@touch $@
