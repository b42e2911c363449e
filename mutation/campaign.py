"""The campaign: every mutant before the proofs and the benches, what was found kept for the next time."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mutation import equivalence, proofs
from mutation.benches import CASES_MAX, judge_by_bench
from mutation.blocks import load_block, proof_netlist
from mutation.equivalence import judge_equivalence
from mutation.mutants import Mutant, draw_mutants
from mutation.proofs import Judgement, judge_by_proofs
from mutation.tools import BUILD


@dataclass(frozen=True)
class Result:
    """A mutant, and what became of it.

    Parameters
    ----------
    mutant : Mutant
        The mutant.
    by_proofs, by_benches : Judgement or None
        What they say; None where they were not asked.
    equivalence : str
        See `judge_equivalence`; empty where it was not asked for, since the mutant was noticed.
    """

    mutant: Mutant
    by_proofs: Judgement | None = None
    by_benches: Judgement | None = None
    equivalence: str = ""

    @property
    def killed_by_proofs(self) -> bool:
        """Return whether a property fails."""
        return self.by_proofs is not None and self.by_proofs.kills

    @property
    def killed_by_benches(self) -> bool:
        """Return whether a bench fails."""
        return self.by_benches is not None and self.by_benches.kills

    @property
    def killed(self) -> bool:
        """Return whether anything fails."""
        return self.killed_by_proofs or self.killed_by_benches

    @property
    def equivalent(self) -> bool:
        """Return whether it was proven to be no mutant."""
        return not self.killed and self.equivalence in (equivalence.ALWAYS, equivalence.AS_USED)


@cache
def block_mutants(block: str, seed: int) -> list[Mutant]:
    """Return a block's mutants."""
    return draw_mutants(block, load_block(block).reference, seed)


def _prove(mutant: Mutant, seed: int) -> dict[str, Any]:
    return asdict(judge_by_proofs(load_block(mutant.block), block_mutants(mutant.block, seed), mutant))


def _bench(mutant: Mutant, seed: int) -> dict[str, Any]:
    return asdict(judge_by_bench(load_block(mutant.block), block_mutants(mutant.block, seed), mutant))


def _compare(mutant: Mutant, seed: int) -> dict[str, Any]:
    return {"sense": judge_equivalence(load_block(mutant.block), block_mutants(mutant.block, seed), mutant)}


STAGES: dict[str, Callable[[Mutant, int], dict[str, Any]]] = {
    "proofs": _prove,
    "benches": _bench,
    "equivalence": _compare,
}


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
        self._known: dict[str, dict[str, dict[str, Any]]] = {block: _read(block) for block in blocks}

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
        found = {stage: self._find(stage, mutant) for stage in STAGES}
        result = Result(mutant)
        if found["proofs"]:
            result = replace(result, by_proofs=Judgement(**found["proofs"]))
        if found["benches"]:
            result = replace(result, by_benches=Judgement(**found["benches"]))
        if found["equivalence"]:
            result = replace(result, equivalence=found["equivalence"]["sense"])
        return result

    def _find(self, stage: str, mutant: Mutant) -> dict[str, Any] | None:
        return self._known[mutant.block].get(_key(stage, mutant))

    def _stage(self, stage: str, mutants: Sequence[Mutant]) -> None:
        missing = [mutant for mutant in mutants if self._find(stage, mutant) is None]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task(stage, total=len(missing))
            for mutant, verdict in self._judge(stage, missing):
                self._known[mutant.block][_key(stage, mutant)] = verdict
                _write(mutant.block, self._known[mutant.block])
                progress.update(bar, advance=1, description=f"{stage:12}{mutant.block:18}")

    def _judge(self, stage: str, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, dict[str, Any]]]:
        with ProcessPoolExecutor(self._jobs, mp_context=get_context("fork")) as pool:
            futures = {pool.submit(STAGES[stage], mutant, self.seed): mutant for mutant in mutants}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def _key(stage: str, mutant: Mutant) -> str:
    return f"{stage} {_fingerprint(stage, mutant.block)} {mutant.digest}"


def _read(block: str) -> dict[str, dict[str, Any]]:
    path = BUILD / f"{block}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _write(block: str, known: dict[str, dict[str, Any]]) -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    fresh = BUILD / f"{block}.json.new"
    fresh.write_text(json.dumps(known, indent=1) + "\n")
    fresh.replace(BUILD / f"{block}.json")
