"""Whether a mutant that nobody noticed is a mutant at all: sequential equivalence with the original, by PDR."""

from collections.abc import Sequence

from formal.spec import TOP
from mutation.blocks import Block, proof_netlist
from mutation.circuits import circuit, search, with_switch
from mutation.judgement import ALWAYS, AS_USED, UNPROVEN, Judgement
from mutation.mutants import Mutant
from mutation.netlist import Netlist
from mutation.twin import PAIR, TWIN, free_pair, twin_module, used_pair

SECONDS = 15


def judge_equivalence(block: Block, mutants: Sequence[Mutant], mutant: Mutant) -> Judgement:
    """Return in which sense a mutant, one of the block's `mutants`, is equivalent to the original."""
    netlists = [proof_netlist(spec) for spec in block.specs] or [block.reference]
    number = mutants.index(mutant) + 1
    if _proven(netlists[0], free_pair(netlists[0]), PAIR, mutants, number):
        return Judgement(ALWAYS)
    for netlist in netlists:
        # Each harness assumes what the block's users keep; one that allows the least suffices.
        text, top = (used_pair(netlist), TOP) if block.specs else (free_pair(netlist, only_valid=True), PAIR)
        if mutant.command(netlist) and _proven(netlist, text, top, mutants, number):
            return Judgement(AS_USED)
    return Judgement(UNPROVEN)


def _proven(netlist: Netlist, text: str, top: str, mutants: Sequence[Mutant], number: int) -> bool:
    twin = twin_module(netlist)
    steps = [
        "read_rtlil design.il",
        f"proc -noopt {netlist.module}",
        f"copy {netlist.module} {twin}",
        "proc -noopt",
        f"hierarchy -top {top}",
        f"delete {top}/t:$assert {top}/c:{TWIN}.* %d",
        with_switch(twin),
        *(mutant.command(netlist, module=twin, switch=index) for index, mutant in enumerate(mutants, 1)),
        f"prep -flatten -top {top}",
        "memory_nordff",
        "setundef -init -zero",  # as Amaranth has it of what memories read, which is no part of the reset
    ]
    switched = circuit(text, steps)
    # PDR has no verdict where scorr left nothing but constants; iprove is for that.
    engines = (f"pdr -T {SECONDS}", "iprove")
    return any(search(switched, number, "scorr", engine) == "snl_UNSAT" for engine in engines)
