# Two commands for a newcomer: `make demo` and `make test`. Everything they need they set up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TARGET ?=
PORT ?= 8000

.PHONY: demo serve test check mypy basedpyright format bench soak survive doors rounds golden docs agreement ladder screenshots lock clean

demo: $(VENV)/.runtime ## the whole way on the bundled synthetic trial; TARGET=<base url> delivers to that FHIR server
	$(BIN)/adapter demo $(if $(TARGET),--target $(TARGET))

serve: $(VENV)/.runtime ## FHIR over HTTP and the clinician's page, out of the ledger of the demonstration; PORT=<another than 8000>
	@[ -f .demo/adapter.toml ] || $(BIN)/adapter demo
	@sed -i 's|^url = "http://127.0.0.1:[0-9]*"$$|url = "http://127.0.0.1:$(PORT)"|' .demo/adapter.toml
	@echo "The clinician's page, once and within ten minutes:"
	@$(BIN)/adapter invite a-clinician --config .demo/adapter.toml
	@echo "The same for the trial's staff, with safety signals:"
	@$(BIN)/adapter invite an-operator --config .demo/adapter.toml
	$(BIN)/adapter serve --config .demo/adapter.toml --port $(PORT)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, found: $$($(PYTHON) --version 2>&1)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/need python3-venv
	$(PYTHON) -m venv $(VENV)

# --no-deps: every dependency stands in the lock with its hash, so nothing else may come along.
# --no-compile: most of what comes is never imported; what is, is compiled then.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --no-compile --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --no-compile --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(VENV)/.runtime $@

test: check ## every check and every test, the real FHIR server included
	$(BIN)/pytest --numprocesses 2 --dist loadgroup

check: $(VENV)/.dev ## format, lint, types, the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(MAKE) --jobs=2 --output-sync --no-print-directory mypy basedpyright
	$(BIN)/lint-imports

mypy basedpyright: $(VENV)/.dev
	$(BIN)/$@

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## what our own work costs, as ratios
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/memory.py
	PYTHONPATH=. $(BIN)/python benchmarks/delivery.py
	PYTHONPATH=. $(BIN)/python benchmarks/serving.py
	PYTHONPATH=. $(BIN)/python benchmarks/page.py
	PYTHONPATH=. $(BIN)/python benchmarks/export.py

soak: survive doors rounds ## what delivery survives in its long form, then new generated cases (hours; also part by part)

survive: $(VENV)/.dev
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest -p no:randomly tests/live/test_survival.py tests/live/test_survival_elsewhere.py tests/live/test_failpoints.py tests/live/test_recovery.py tests/live/test_killed_pull.py tests/live/test_kill.py tests/live/test_faulty_record_systems.py tests/live/test_soak.py
	$(BIN)/python tools/survival_page.py

doors: $(VENV)/.dev
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest --numprocesses 2 --dist loadgroup tests/live/test_hostile.py tests/live/test_fuzzed.py

rounds: $(VENV)/.dev
	for round in 1 2 3 4 5 6 7 8 9 10; do HYPOTHESIS_PROFILE=soak $(BIN)/pytest --numprocesses 2 --dist loadgroup tests/properties tests/unit/sources tests/unit/ingest || exit 1; done

golden: $(VENV)/.dev ## writes the expectations of fixtures/golden anew; review the difference
	PYTHONPATH=. $(BIN)/python tests/golden/cases.py
	PYTHONPATH=. $(BIN)/python tests/golden/participation.py
	PYTHONPATH=. $(BIN)/python tests/golden/sources.py

docs: $(VENV)/.dev ## writes docs/instruments anew, a page for every mapping file of an instrument
	PYTHONPATH=. $(BIN)/python tools/instrument_pages.py

agreement: $(VENV)/.dev ## lets LHC-Forms, fhirpath.js and HAPI compute our scores; writes docs/agreement.md
	PYTHONPATH=. $(BIN)/python tests/conformance/scoring/agreement.py

ladder: $(VENV)/.dev ## tries every way on every record system; writes docs/ladder.md
	PYTHONPATH=. $(BIN)/python -m tests.live.ladder.table

screenshots: $(VENV)/.dev ## takes the pictures of the README: the clinician's page of the demonstration
	@[ -f .demo/adapter.toml ] || $(BIN)/adapter demo
	PYTHONPATH=. $(BIN)/python tools/screenshots.py

lock: ## needs uv on the path
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements-dev.lock
	uv pip compile --group foreign --universal --python-version 3.11 --generate-hashes --no-header -q -o tests/live/foreign/requirements.lock

clean:
	rm -rf $(VENV) .demo .cache
