"""The campaign: every mutant before the proofs and the benches, what was found kept for the next time."""

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from itertools import groupby
from multiprocessing import get_context

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mutation import equivalence, proofs
from mutation.benches import CASES_MAX, judge_by_benches
from mutation.blocks import Block, load_block, proof_netlist
from mutation.equivalence import judge_equivalence
from mutation.judgement import FAILED, Judgement
from mutation.mutants import Mutant, draw_mutants
from mutation.proofs import judge_by_proofs
from mutation.tools import BUILD

STAGES: dict[str, Callable[[Block, Sequence[Mutant], Sequence[Mutant]], list[Judgement]]] = {
    "proofs": judge_by_proofs,
    "equivalence": judge_equivalence,
    "benches": judge_by_benches,
}
AT_A_TIME = {"proofs": 10, "equivalence": 10, "benches": 1}
"""Mutants that one call of a stage judges: what was found of them is kept together."""


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


def _judge(stage: str, block: str, wanted: Sequence[Mutant], seed: int) -> list[Judgement]:
    return STAGES[stage](load_block(block), block_mutants(block, seed), wanted)


@cache
def _fingerprint(stage: str, block: str) -> str:
    """Return a hash of all that a stage's verdicts depend on, but for the mutant."""
    loaded = load_block(block)
    designs = [proof_netlist(spec).digest for spec in loaded.specs] or [loaded.reference.digest]
    limits: list[object] = [proofs.SEARCHES]
    if stage == "benches":
        designs = [case.netlist.digest for case in loaded.cases[:CASES_MAX]]
        limits = [inspect.getsource(import_module(loaded.cases[0].module))]
    if stage == "equivalence":
        limits = [equivalence.ENGINES]
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
        self.stage("proofs", self.mutants)
        self.stage("equivalence", [one.mutant for one in self.results() if not one.killed])
        self.stage("benches", [one.mutant for one in self.results() if all_benches or not one.killed])
        return self.results()

    def results(self) -> list[Result]:
        """Return what is known so far."""
        return [self._result(mutant) for mutant in self.mutants]

    def _result(self, mutant: Mutant) -> Result:
        found = {stage: self._find(stage, mutant) or Judgement("") for stage in STAGES}
        return Result(mutant, **found)

    def _find(self, stage: str, mutant: Mutant) -> Judgement | None:
        return self._known[mutant.block].get(_key(stage, mutant))

    def stage(self, stage: str, mutants: Sequence[Mutant]) -> None:
        """Have a stage judge those of some mutants that it did not judge yet."""
        missing = [mutant for mutant in mutants if self._find(stage, mutant) is None]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task(stage, total=len(missing))
            for block, judgements in self._judge_all(stage, missing):
                found = {_key(stage, mutant): judgement for mutant, judgement in judgements.items()}
                self._known[block] |= found
                _write(block, self._known[block])
                progress.update(bar, advance=len(found), description=f"{stage:12}{block:18}")

    def _judge_all(self, stage: str, mutants: Sequence[Mutant]) -> Iterator[tuple[str, dict[Mutant, Judgement]]]:
        with ProcessPoolExecutor(self._jobs, mp_context=get_context("fork")) as pool:
            futures = {
                pool.submit(_judge, stage, block, wanted, self.seed): (block, wanted)
                for block, wanted in _portions(mutants, AT_A_TIME[stage])
            }
            try:
                for future in as_completed(futures):
                    block, wanted = futures[future]
                    yield block, dict(zip(wanted, future.result(), strict=True))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def _portions(mutants: Sequence[Mutant], size: int) -> Iterator[tuple[str, list[Mutant]]]:
    for block, some in groupby(mutants, key=lambda mutant: mutant.block):
        of_block = list(some)
        yield from ((block, of_block[start : start + size]) for start in range(0, len(of_block), size))


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
