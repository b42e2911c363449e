"""The campaign: every mutant before the proofs and the benches, what was found kept for the next time."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mutation import equivalence, proofs
from mutation.benches import CASES_MAX, judge_by_bench
from mutation.blocks import Block, load_block, proof_netlist
from mutation.equivalence import judge_equivalence
from mutation.judgement import FAILED, Judgement
from mutation.mutants import Mutant, draw_mutants
from mutation.proofs import judge_by_proofs
from mutation.tools import BUILD

STAGES: dict[str, Callable[[Block, Sequence[Mutant], Mutant], Judgement]] = {
    "proofs": judge_by_proofs,
    "benches": judge_by_bench,
    "equivalence": judge_equivalence,
}


@dataclass(frozen=True)
class Result:
    """A mutant, and the verdicts of the stages; empty where a stage was not asked.

    Parameters
    ----------
    mutant : Mutant
        The mutant.
    proofs, benches, equivalence : Judgement
        What they found.
    """

    mutant: Mutant
    proofs: Judgement
    benches: Judgement
    equivalence: Judgement

    @property
    def killed(self) -> bool:
        """Return whether a proof or a bench fails."""
        return FAILED in (self.proofs.verdict, self.benches.verdict)


@cache
def block_mutants(block: str, seed: int) -> list[Mutant]:
    """Return a block's mutants."""
    return draw_mutants(block, load_block(block).reference, seed)


def _judge(stage: str, mutant: Mutant, seed: int) -> Judgement:
    return STAGES[stage](load_block(mutant.block), block_mutants(mutant.block, seed), mutant)


@cache
def _fingerprint(stage: str, block: str) -> str:
    """Return a hash of all that a stage's verdicts depend on, but for the mutant."""
    loaded = load_block(block)
    designs = [proof_netlist(spec).digest for spec in loaded.specs] or [loaded.reference.digest]
    limits = [proofs.BMC_SECONDS, proofs.BMC_CYCLES, proofs.PDR_SECONDS]
    if stage == "benches":
        designs = [case.netlist.digest for case in loaded.cases[:CASES_MAX]]
        limits = [Path(import_module(loaded.cases[0].module).__file__).read_text()]
    if stage == "equivalence":
        limits = [equivalence.SECONDS]
    return hashlib.sha256(repr((stage, designs, limits)).encode()).hexdigest()[:12]


class Campaign:
    """Runs what is not known yet; what is found is kept in `build/mutate`, a file for each block.

    Parameters
    ----------
    blocks : sequence of str
        Blocks.
    seed : int
        Of Yosys' choice.
    jobs : int
        Processes.
    console : Console
        For the progress.
    """

    def __init__(self, blocks: Sequence[str], seed: int, jobs: int, console: Console) -> None:
        self.seed = seed
        self.mutants = [mutant for block in blocks for mutant in block_mutants(block, seed)]
        self._jobs = jobs
        self._console = console
        self._known: dict[str, dict[str, Judgement]] = {block: _read(block) for block in blocks}

    def run(self, *, all_benches: bool = True) -> list[Result]:
        """Judge all mutants; with the benches, if not `all_benches`, those only that the proofs do not notice."""
        self._stage("proofs", self.mutants)
        self._stage("benches", [one.mutant for one in self.results() if not one.killed])
        if all_benches:
            self._stage("benches", self.mutants)
        self._stage("equivalence", [one.mutant for one in self.results() if not one.killed])
        return self.results()

    def results(self) -> list[Result]:
        """Return what is known so far."""
        return [self._result(mutant) for mutant in self.mutants]

    def _result(self, mutant: Mutant) -> Result:
        found = {stage: self._find(stage, mutant) or Judgement("") for stage in STAGES}
        return Result(mutant, **found)

    def _find(self, stage: str, mutant: Mutant) -> Judgement | None:
        return self._known[mutant.block].get(_key(stage, mutant))

    def _stage(self, stage: str, mutants: Sequence[Mutant]) -> None:
        missing = [mutant for mutant in mutants if self._find(stage, mutant) is None]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task(stage, total=len(missing))
            for mutant, judgement in self._judge_all(stage, missing):
                self._known[mutant.block][_key(stage, mutant)] = judgement
                _write(mutant.block, self._known[mutant.block])
                progress.update(bar, advance=1, description=f"{stage:12}{mutant.block:18}")

    def _judge_all(self, stage: str, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Judgement]]:
        with ProcessPoolExecutor(self._jobs, mp_context=get_context("fork")) as pool:
            futures = {pool.submit(_judge, stage, mutant, self.seed): mutant for mutant in mutants}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def _key(stage: str, mutant: Mutant) -> str:
    return f"{stage} {_fingerprint(stage, mutant.block)} {mutant.digest}"


def _read(block: str) -> dict[str, Judgement]:
    path = BUILD / f"{block}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    return {key: Judgement(**judgement) for key, judgement in known.items()}


def _write(block: str, known: dict[str, Judgement]) -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    fresh = BUILD / f"{block}.json.new"
    fresh.write_text(json.dumps({key: asdict(judgement) for key, judgement in known.items()}, indent=1) + "\n")
    fresh.replace(BUILD / f"{block}.json")
