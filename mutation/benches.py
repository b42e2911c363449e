"""What the cocotb benches say of a mutant: all mutants of a block in one build, one of them switched on in each run."""

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cocotb_tools.runner import Runner

from hdl.generate import VERILOG_SCRIPT
from mutation.blocks import Block
from mutation.cases import Case
from mutation.circuits import with_switch
from mutation.judgement import ABSENT, FAILED, UNDECIDED, Judgement
from mutation.mutants import Mutant
from mutation.tools import BUILD, run_yosys
from sim.build import BuildError, alone_in, build_simulator, run_bench, write_if_changed
from tb.simulate import PARAMETERS

SELECTOR = "tb.select_mutant"
CASES_MAX = 3
"""So many of a bench's builds are used, the small ones."""
BASELINE_SECONDS_MAX = 300
SECONDS_SPARE = 30


class BenchError(RuntimeError):
    """A bench fails on the design that holds the mutants while none is switched on."""


def judge_by_benches(block: Block, mutants: Sequence[Mutant], wanted: Sequence[Mutant]) -> list[Judgement]:
    """Look for builds of the block's bench that fail with mutants.

    Parameters
    ----------
    block : Block
        The block.
    mutants : sequence of Mutant
        All of the block: they are in the build.
    wanted : sequence of Mutant
        Those to switch on, one at a time.
    """
    return [_judge(block, mutants, mutant) for mutant in wanted]


def _judge(block: Block, mutants: Sequence[Mutant], mutant: Mutant) -> Judgement:
    cases = [case for case in block.cases if mutant.command(case.netlist)][:CASES_MAX]
    for case in cases:
        with alone_in(_folder(block, case)):
            runner, seconds = _build(block, case, mutants)
        if not _passes(block, case, runner, mutants.index(mutant) + 1, SECONDS_SPARE + int(4 * seconds)):
            return Judgement(FAILED, case.label)
    return Judgement(UNDECIDED if cases else ABSENT)


def _folder(block: Block, case: Case) -> Path:
    return BUILD / block.name / case.label


def _build(block: Block, case: Case, mutants: Sequence[Mutant]) -> tuple[Runner, float]:
    """Build a case; return its runner, and how many seconds its bench takes while no mutant is switched on."""
    folder = _folder(block, case)
    verilog = folder / f"{case.top}.v"
    changed = write_if_changed(verilog, lambda path: _write_verilog(case, mutants, path))
    runner = build_simulator(case.top, verilog, folder=folder)
    measured = folder / "baseline_seconds"
    if changed or not measured.exists():
        start = time.monotonic()
        if not _passes(block, case, runner, 0, BASELINE_SECONDS_MAX):
            raise BenchError(f"{case.label} fails without a mutant; see {folder}")
        measured.write_text(str(time.monotonic() - start))
    return runner, float(measured.read_text())


def _write_verilog(case: Case, mutants: Sequence[Mutant], path: Path) -> None:
    netlist = case.netlist
    switched = [one.command(netlist, switch=index) for index, one in enumerate(mutants, 1)]
    (path.parent / "design.il").write_text(netlist.text)
    run_yosys(
        "\n".join([*netlist.read("design.il"), with_switch(netlist.module), *switched, "write_rtlil mutated.il"]),
        path.parent,
    )
    steps = VERILOG_SCRIPT.format(source="mutated.il", vote="", target=path.name)
    run_yosys("\n".join(steps.split("; ")), path.parent)


def _passes(block: Block, case: Case, runner: Runner, number: int, seconds: int) -> bool:
    folder = _folder(block, case) / f"run_{os.getpid()}"
    folder.mkdir(exist_ok=True)
    (folder / PARAMETERS).write_text(json.dumps(case.parameters | {"draws": case.draws}))
    (folder / "results.xml").unlink(missing_ok=True)
    environment = {
        "COCOTB_TEST_FILTER": f"select_mutant|{case.only}" if case.only else "",
        "COCOTB_RANDOM_SEED": "1",
        "COCOTB_MAX_FAILURES": "1",
        "MUTANT": str(number),
        "MUTANT_SECONDS": str(seconds),
    }
    # A simulation that is killed or stops itself leaves no results.
    with suppress(BuildError, SystemExit, OSError, RuntimeError):
        run_bench(runner, case.top, f"{SELECTOR},{case.module}", folder=folder, env=environment)
        return True
    return False
