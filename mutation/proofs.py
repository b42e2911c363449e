"""What the proofs say of a mutant: the harnesses' own properties and assumptions, on the mutated design."""

from collections.abc import Sequence

from formal.spec import Spec
from mutation.blocks import Block, proof_netlist
from mutation.circuits import circuit, search, with_switch
from mutation.judgement import ABSENT, FAILED, PROVEN, UNDECIDED, Judgement
from mutation.mutants import Mutant

BMC_SECONDS = 15
BMC_CYCLES = 150
PDR_SECONDS = 6

VERDICTS = {"snl_SAT": FAILED, "snl_UNSAT": PROVEN}


def judge_by_proofs(block: Block, mutants: Sequence[Mutant], mutant: Mutant) -> Judgement:
    """Look for a property of the block that a mutant breaks.

    Parameters
    ----------
    block : Block
        The block.
    mutants : sequence of Mutant
        All of the block: they are in the circuit.
    mutant : Mutant
        The one to switch on.
    """
    verdicts = []
    for spec in block.specs:
        if mutant.command(proof_netlist(spec)):
            verdict = _search(spec, mutants, mutants.index(mutant) + 1)
            if verdict == FAILED:
                return Judgement(FAILED, spec.name)
            verdicts.append(verdict)
    if not verdicts:
        return Judgement(ABSENT)
    return Judgement(UNDECIDED if UNDECIDED in verdicts else PROVEN)


def judge_unchanged(spec: Spec, mutants: Sequence[Mutant]) -> str:
    """Return the verdict while no mutant is switched on."""
    return _search(spec, mutants, 0)


def _search(spec: Spec, mutants: Sequence[Mutant], number: int) -> str:
    netlist = proof_netlist(spec)
    steps = [
        *netlist.read("design.il"),
        with_switch(netlist.module),
        *(mutant.command(netlist, switch=index) for index, mutant in enumerate(mutants, 1)),
        f"prep -flatten -top {netlist.top}",
    ]
    switched = circuit(netlist.text, steps)
    for engine in (f"bmc3 -T {BMC_SECONDS} -F {BMC_CYCLES}", f"pdr -T {PDR_SECONDS}"):
        verdict = search(switched, number, engine)
        if verdict in VERDICTS:
            return VERDICTS[verdict]
    return UNDECIDED
