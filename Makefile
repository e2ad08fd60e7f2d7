# Two doors for a stranger: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FUZZ_SECONDS ?= 1800

PROGRAMS := tshark tcpdump chromium pdftotext ip psql java
PACKAGES := tshark tcpdump chromium poppler-utils iproute2 postgresql default-jre-headless

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

demo: $(STAMP) ## scan the bundled clinic into build/demo and say where the report lies
	@$(BIN)/beholden scan examples/clinic/clinic.pcapng examples/clinic/inventory.csv --store build/demo
	@echo
	@echo "next: $(BIN)/beholden show devices --store build/demo"
	@echo "      $(BIN)/beholden explain 192.168.10.11 --store build/demo"

test: $(STAMP) programs check ## run everything: lint, types, contracts and all tests
	$(BIN)/pytest -n 2 --dist loadfile $(PYTEST_ARGS)

check: $(STAMP) ## lint, format, types and import contracts, without tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: PROGRAMS := tcpdump tshark ndpiReader
bench: PACKAGES := tcpdump tshark libndpi-bin
bench: $(STAMP) programs ## measure against the peers of bench/README.md, write bench/results.md
	$(BIN)/python bench/run.py

docs: $(STAMP) ## write the reference pages anew and build the site into site/
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

golden: $(STAMP) ## refresh the golden files; read the difference before you commit it
	BEHOLDEN_UPDATE_GOLDEN=1 $(BIN)/pytest -n 2 -q $(PYTEST_ARGS) tests

lock: $(STAMP) ## pin every dependency with its hashes into requirements.lock
	$(BIN)/pip install --quiet uv
	printf 'hatchling\neditables\npg8000\n' | $(BIN)/uv pip compile pyproject.toml - --universal --python-version 3.11 \
		--extra dev --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --upgrade \
		--custom-compile-command 'make lock' --quiet --output-file requirements.lock

fuzz: $(STAMP) ## fuzz every dissector for FUZZ_SECONDS (default 1800)
	$(BIN)/pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python tests/fuzz/fuzz_dissectors.py -max_total_time=$(FUZZ_SECONDS)

fuzz-captures: $(STAMP) ## fuzz packet kernels and what is made of what they select for FUZZ_SECONDS (default 1800)
	$(BIN)/pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python tests/fuzz/fuzz_captures.py -max_total_time=$(FUZZ_SECONDS)

fuzz-readers: FUZZ_SECONDS = 600
fuzz-readers: $(STAMP) ## fuzz every reader of files for FUZZ_SECONDS (default 600), one after another
	$(BIN)/pip install --quiet --disable-pip-version-check atheris
	for one in $$(cd tests/fuzz && ../../$(BIN)/python -c 'print(*__import__("fuzz_readers").names())'); do \
		FUZZ_READER=$$one $(BIN)/python tests/fuzz/fuzz_readers.py -max_total_time=$(FUZZ_SECONDS) || exit; done

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

# Programs that tests and bench speak to. Without root or apt nothing is installed, and what needs them says so.
programs:
	@missing=; for one in $(PROGRAMS); do command -v $$one >/dev/null || missing="$$missing $$one"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "not installed:$$missing (needs root and apt-get); what needs them is skipped"; exit 0; fi; \
	echo "installing:$$missing"; export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq || true; \
	for one in $(PACKAGES); do apt-get install -y -qq --no-install-recommends $$one >/dev/null \
		|| echo "$$one could not be installed; what needs it is skipped"; done

.PHONY: help demo test check bench docs golden lock fuzz fuzz-captures fuzz-readers programs
