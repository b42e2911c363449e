"""Whether a mutant that nobody noticed is a mutant at all: sequential equivalence with the original, by PDR."""

from collections.abc import Sequence

from formal.spec import TOP
from mutation.blocks import Block, proof_netlist
from mutation.circuits import circuit, search, with_switch
from mutation.judgement import ALWAYS, AS_USED, UNPROVEN, Judgement
from mutation.mutants import Mutant
from mutation.netlist import Netlist
from mutation.twin import PAIR, TWIN, free_pair, twin_module, used_pair

ENGINES = (("scorr", "iprove"), ("scorr -F 2", "dc2", "scorr -F 3", "iprove"), ("scorr", "pdr -T 10"))
"""Commands of ABC, one attempt after another. PDR has no verdict where scorr leaves nothing but constants."""


def judge_equivalence(block: Block, mutants: Sequence[Mutant], wanted: Sequence[Mutant]) -> list[Judgement]:
    """Return in which sense the wanted ones of the block's mutants are equivalent to the original."""
    netlists = [proof_netlist(spec) for spec in block.specs] or [block.reference]
    verdicts = dict.fromkeys(wanted, UNPROVEN)
    _compare(netlists[0], free_pair(netlists[0]), PAIR, mutants, verdicts, ALWAYS)
    for netlist in netlists:
        # Each harness assumes what the block's users keep; one that allows the least suffices.
        text, top = (used_pair(netlist), TOP) if block.specs else (free_pair(netlist, only_valid=True), PAIR)
        _compare(netlist, text, top, mutants, verdicts, AS_USED)
    return [Judgement(verdict) for verdict in verdicts.values()]


def _compare(
    netlist: Netlist, text: str, top: str, mutants: Sequence[Mutant], verdicts: dict[Mutant, str], sense: str
) -> None:
    """Note the sense with those of the mutants of which nothing is known that are equivalent in this design."""
    left = {
        mutants.index(mutant) + 1: mutant
        for mutant, verdict in verdicts.items()
        if verdict == UNPROVEN and mutant.command(netlist)
    }
    if not left:
        return
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
    for commands in ENGINES:
        for number, verdict in search(switched, list(left), *commands).items():
            if verdict == "snl_UNSAT":
                verdicts[left.pop(number)] = sense
        if not left:
            return
