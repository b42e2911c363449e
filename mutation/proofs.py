"""What the proofs say of a mutant: the harnesses' own properties and assumptions, on the mutated design."""

import re
from collections.abc import Sequence

from formal.spec import Spec
from mutation.blocks import Block, proof_netlist
from mutation.circuits import circuit, search, with_switch
from mutation.judgement import ABSENT, FAILED, PROVEN, UNDECIDED, Judgement
from mutation.mutants import Mutant

SHORTEN = ("dc2", "scorr", "dc2")
SEARCHES = (("bmc3 -T 5 -F 150",), (*SHORTEN, "bmc3 -T 10 -F 150"), (*SHORTEN, "pdr -T 5"))
"""Commands of ABC, one search after another until there is a verdict. Most mutants fail at once; of the others it pays
to make the circuit smaller first."""

VERDICTS = {"snl_SAT": FAILED, "snl_UNSAT": PROVEN}


def judge_by_proofs(
    block: Block, mutants: Sequence[Mutant], wanted: Sequence[Mutant], *, patience: int = 1
) -> list[Judgement]:
    """Look for properties of the block that mutants break.

    Parameters
    ----------
    block : Block
        The block.
    mutants : sequence of Mutant
        All of the block: they are in the circuit.
    wanted : sequence of Mutant
        Those to switch on, one at a time.
    patience : int
        Each search may take so many times its seconds, as where the machine has more to do.
    """
    judgements = dict.fromkeys(wanted, Judgement(ABSENT))
    for spec in block.specs:
        netlist = proof_netlist(spec)
        left = [one for one, found in judgements.items() if found.verdict != FAILED and one.command(netlist)]
        verdicts = _search(spec, mutants, [mutants.index(one) + 1 for one in left], patience)
        for mutant, verdict in zip(left, verdicts, strict=True):
            known = judgements[mutant].verdict
            judgements[mutant] = Judgement(UNDECIDED if (known, verdict) == (UNDECIDED, PROVEN) else verdict, spec.name)
    return list(judgements.values())


def judge_unchanged(spec: Spec, mutants: Sequence[Mutant]) -> str:
    """Return the verdict while no mutant is switched on."""
    return _search(spec, mutants, [0])[0]


def _search(spec: Spec, mutants: Sequence[Mutant], numbers: Sequence[int], patience: int = 1) -> list[str]:
    if not numbers:
        return []
    netlist = proof_netlist(spec)
    steps = [
        *netlist.read("design.il"),
        with_switch(netlist.module),
        *(mutant.command(netlist, switch=index) for index, mutant in enumerate(mutants, 1)),
        f"prep -flatten -top {netlist.top}",
    ]
    switched = circuit(netlist.text, steps)
    found = dict.fromkeys(numbers, "")
    for commands in SEARCHES:
        if left := [number for number in numbers if found[number] not in VERDICTS]:
            found |= search(switched, left, *(_given_time(command, patience) for command in commands))
    return [VERDICTS.get(found[number], UNDECIDED) for number in numbers]


def _given_time(command: str, patience: int) -> str:
    return re.sub(r"-T (\d+)", lambda limit: f"-T {int(limit[1]) * patience}", command)
