# Corticodec. `make help` lists the targets. Everything is installed into .venv/ at the first use.

SHELL := bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready
SYNTH_READY := $(VENV)/.synth-ready
ZARR3_VENV := $(VENV)-zarr3
ZARR3_READY := $(ZARR3_VENV)/.ready

CHANNELS ?= 1024
LANES ?= 8
DATA ?=
SIM_ARGS ?=
DRAWS ?= 500
SEED ?= 1
TEST_ARGS ?=
BLOCK ?=
JOBS ?= 2
BENCH_ARGS ?=
SYNTH_ARGS ?=
VERILOG := build/verilog/spike_encoder_$(CHANNELS)x$(LANES).v

# $(call need,command,Debian package): stop with the command that installs what is missing.
need = command -v $(1) >/dev/null || { echo "$(1) is missing; install it, for example with: apt-get install $(2)" >&2; exit 2; }

.PHONY: help sim sim-recording test test-zarr tb-full formal mutate verilog results faults bench bench-spikes bench-waveform bench-stores fuzz synth synth-full bitstream lint clean

help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do \
		printf '%-14s %s\n' "$$name" "$$text"; done

$(READY): pyproject.toml
	@$(call need,$(PYTHON),python3)
	@$(call need,g++,g++)
	@$(call need,perl,perl)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than Python 3.11; name a newer one with: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "$(PYTHON) cannot make a virtual environment; install it with: apt-get install python3-venv" >&2; exit 2; }
	@echo "Installing Corticodec and its tools into $(VENV)/ (about a minute, once)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[lint]'
	@touch $@

$(BENCH_READY): $(READY)
	@echo "Installing the compressors to compare with into $(VENV)/"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

# SpikeInterface wants zarr 2 below Python 3.14, so that zarr 3 has an environment of its own.
$(ZARR3_READY): pyproject.toml
	@$(PYTHON) -m venv $(ZARR3_VENV)
	@echo "Installing Corticodec with zarr 3 into $(ZARR3_VENV)/"
	@$(ZARR3_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test-zarr3]'
	@touch $@

$(SYNTH_READY): $(READY)
	@echo "Installing nextpnr into $(VENV)/"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[synth]'
	@touch $@

sim: $(READY) ## Send spikes through the RTL (DATA=path WAVES=1 SIM_ARGS=...)
	@$(RUN) -m sim run $(if $(DATA),--data '$(DATA)') $(if $(filter-out 0,$(WAVES)),--waves) $(SIM_ARGS)

sim-recording: $(READY) ## Send a whole recording through, compiled (DATA=path)
	@$(RUN) -m sim recording $(if $(DATA),--data '$(DATA)') $(SIM_ARGS)

test: $(READY) ## Run all tests and every block's bench (TEST_ARGS=...)
	@$(RUN) -m pytest -n 2 $(TEST_ARGS)

test-zarr: $(ZARR3_READY) ## Test what needs zarr 3: its codecs, archives
	@$(ZARR3_VENV)/bin/python -m pytest tests/test_numcodecs.py tests/test_zarr.py tests/test_archive.py \
		tests/test_other_software_document.py $(TEST_ARGS)

tb-full: $(READY) ## Encode many more random recordings in simulation (DRAWS=500 SEED=1)
	@$(RUN) -m pytest -n auto tb/test_spike_encoder.py --random-draws $(DRAWS) --draw-seed $(SEED) $(TEST_ARGS)

formal: $(READY) ## Prove the blocks' properties; write docs/formal.md (BLOCK=isi_encoder for one)
	@$(RUN) -m formal $(BLOCK)

mutate: $(READY) ## Change the hardware bit by bit; count what proofs and benches notice (BLOCK=rice_mean JOBS=2)
	@$(RUN) -m mutation --jobs $(JOBS) $(BLOCK)

verilog: $(READY) ## Write the encoder's Verilog (CHANNELS=1024 LANES=8)
	@$(RUN) -m hdl generate --channels $(CHANNELS) --lanes $(LANES) --output $(VERILOG)

results: $(READY) ## Send every real recording through; write docs/results.md
	@$(RUN) -m sim results

faults: $(READY) ## Damage links and state 100,000 times; write docs/faults.md
	@$(RUN) -m sim faults $(SIM_ARGS)

bench: $(BENCH_READY) ## Run all benchmarks, and make results; write docs/results.md, which lists all pages
	@$(RUN) -m bench.encode
	@$(RUN) -m bench.receive
	@$(MAKE) --no-print-directory bench-spikes bench-waveform bench-stores results

bench-spikes: $(BENCH_READY) ## Measure the spike codecs; write docs/spike-codecs-results.md (BENCH_ARGS=--quick)
	@$(RUN) -m bench.spikes $(BENCH_ARGS)

bench-waveform: $(BENCH_READY) ## Measure the waveform codec; write docs/waveforms.md (BENCH_ARGS=--quick)
	@$(RUN) -m bench.waveform $(BENCH_ARGS)

bench-stores: $(BENCH_READY) ## Save a recording to Zarr; write docs/stores.md (BENCH_ARGS=--quick)
	@$(RUN) -m bench.stores $(BENCH_ARGS)

fuzz: export NUMBA_BOUNDSCHECK = 1
fuzz: export NUMBA_CACHE_DIR = build/numba-boundscheck
fuzz: $(READY) ## Random bytes and mutated streams into receiver, codecs and RTL decoder (minutes)
	@$(RUN) -m bench.fuzz_receiver
	@$(RUN) -m bench.fuzz_waveform
	@$(RUN) -m bench.fuzz_codecs
	@$(RUN) -m sim fuzz

synth: $(SYNTH_READY) ## Measure area and speed on FPGAs and in gates; write docs/silicon.md (hours; SYNTH_ARGS=--missing)
	@PYTHONHASHSEED=0 $(RUN) -m synth measure $(SYNTH_ARGS)
	@$(RUN) -m synth toggles $(filter --output=%,$(SYNTH_ARGS))

synth-full: override SYNTH_ARGS += --sweep
synth-full: synth ## The same with a sweep of up to 4096 channels

bitstream: $(SYNTH_READY) ## Build the encoder for an iCEBreaker, to build/bitstream/icebreaker.bin
	@PYTHONHASHSEED=0 $(RUN) -m board

lint: $(READY) ## Check style and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

clean: ## Remove what was built; .venv/ stays
	rm -rf build
