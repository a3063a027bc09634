# Everything that can be done with the study; `make help` lists it. Needs Python 3.11 with venv, and GNU make.
RUN ?= published
SWEEP ?= threshold
CORES ?= 2
TORCH ?= cpu
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)

BIN := .venv/bin
TEST_BOOK := _build/test
export TORCH
.DEFAULT_GOAL := help
.PHONY: help environment book quick extended sweep smoke lab course wheelhouse test test-all lint compare publish-reference \
	smoke-reference trust integer-report release-archive release-check unlock clean browser node arm c microcontroller

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

environment: ## .venv from requirements.lock (TORCH=cuda: with the large CUDA build of torch)
	@$(PYTHON) tools/environment.py

book: environment ## run the published study and build the HTML book (RUN=name: of another run)
	@if [ -f config/$(RUN).yml ]; then $(BIN)/harlib run config/$(RUN).yml; fi
	@$(BIN)/python workflow/build_book.py --run runs/$(RUN)

quick: environment ## the whole study at the size of a class: minutes
	@$(BIN)/harlib run config/quick.yml

extended: environment ## seeds, sweeps and ablations of config/extended.yml; stopped, it goes on where it was
	@$(BIN)/harlib extended

sweep: environment ## a sweep of config/sweeps (SWEEP=name CORES=2; PROFILE=workflow/profiles/slurm: on a cluster)
	@$(BIN)/harlib sweep $(SWEEP) --cores $(CORES) $(if $(PROFILE),--profile $(PROFILE))

smoke: environment ## the smallest study that touches every part; its numbers mean nothing
	@$(BIN)/harlib run config/smoke.yml

lab: environment ## JupyterLab on the notebooks
	@$(BIN)/jupyter lab notebooks

course: ## the notebooks for a class: without solutions, and apart from them with, in build/course
	@$(PYTHON) tools/course.py

wheelhouse: environment ## all of it for a class without network, in build/wheelhouse; needs the built book
	@$(BIN)/python tools/wheelhouse.py

lint: environment ## ruff and mypy
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

test: lint browser node arm c ## everything that is checked on every change
	@$(BIN)/harlib run config/smoke.yml
	@$(BIN)/python workflow/build_book.py --run runs/smoke --workspace $(TEST_BOOK)
	@HARLIB_BOOK=$(TEST_BOOK)/_build/html $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder \
		src tests -m "not slow"

test-all: test ## test, its property tests on inputs drawn anew, and the tests that take minutes
	@$(BIN)/pytest -n 2 --dist loadfile --hypothesis-profile new src tests -m "hypothesis and not slow"
	@HARLIB_BOOK=$(TEST_BOOK)/_build/html $(BIN)/pytest tests -m slow

browser node arm c:
	@tools/system-packages.sh $@

node: tests/node_modules/.package-lock.json

tests/node_modules/.package-lock.json: tests/package-lock.json
	@tools/system-packages.sh node
	@npm ci --prefix tests --no-audit --no-fund --loglevel=error
	@touch $@

compare: environment ## runs/RUN beside the published run: differences with intervals, and what was changed
	@$(BIN)/harlib compare $(RUN)

microcontroller: environment arm ## exported C on Cortex-M under QEMU: reference/engines/cortex-m.csv
	@$(BIN)/python tools/cortex_m.py --out reference/engines

publish-reference: environment ## write reference/published/ anew from runs/published
	@$(BIN)/harlib run config/published.yml
	@$(BIN)/harlib publish-reference --run published

smoke-reference: smoke ## write reference/smoke anew: the smoke run's numbers, and what another processor does to them
	@$(BIN)/python tools/smoke_reference.py

trust: smoke ## count what became of broken files, kills and full disks, to book/tables: half an hour
	@$(BIN)/python tools/trust.py fuzz
	@$(BIN)/python tools/trust.py faults

release-archive: environment ## pack runs/published for a release, its checksum into reference/release.json
	@$(BIN)/harlib run config/published.yml
	@$(BIN)/python tools/release.py archive

release-check: environment ## name what is missing for a release
	@$(BIN)/python tools/release.py check

integer-report: environment ## all integer engines against the oracle, and the proofs, to reference/integer: ten minutes
	@$(BIN)/python tools/integer_report.py

unlock: environment ## take away the lock of a Snakemake that was killed; `harlib run` does so itself (RUN=name)
	@$(BIN)/snakemake --snakefile workflow/Snakefile --directory runs/$(RUN) --unlock \
		--config root=$(CURDIR) run=runs/$(RUN) workers=1 setpriv=0 device=cpu

clean: ## remove the built book and caches; runs and .venv stay
	@rm -rf _build book/run .pytest_cache .mypy_cache .ruff_cache .hypothesis
