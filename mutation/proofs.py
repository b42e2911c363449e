"""What the proofs say of a mutant: the harnesses' own properties and assumptions, on the mutated design."""

from dataclasses import dataclass
from pathlib import Path

from formal.spec import Spec
from mutation.blocks import Block, proof_netlist
from mutation.mutants import Mutant
from mutation.tools import TO_AIGER, YosysError, run_abc, run_yosys, scratch_folder

BMC_SECONDS = 20
BMC_CYCLES = 150
PDR_SECONDS = 20
READ = ["read_aiger design.aig", "fold", "strash"]

FAILED, PROVEN, UNDECIDED, ABSENT = "failed", "proven", "undecided", "absent"
VERDICTS = {"snl_SAT": FAILED, "snl_UNSAT": PROVEN}


@dataclass(frozen=True)
class Judgement:
    """What was found of a mutant.

    Parameters
    ----------
    verdict : str
        "failed": a property fails, by a counterexample from reset on. "proven": every property still holds in every
        cycle. "undecided": neither was found in the time there is. "absent": no harness has the mutated bit.
    where : str
        The harness and its property, or the bench's build.
    """

    verdict: str
    where: str = ""

    @property
    def kills(self) -> bool:
        """Return whether the mutant is noticed."""
        return self.verdict == FAILED


def judge_by_proofs(block: Block, mutant: Mutant) -> Judgement:
    """Look for a property of the block that a mutant breaks."""
    verdicts = []
    for spec in block.specs:
        judgement = _judge(spec, mutant)
        if judgement.kills:
            return judgement
        verdicts.append(judgement.verdict)
    present = [verdict for verdict in verdicts if verdict != ABSENT]
    if not present:
        return Judgement(ABSENT)
    return Judgement(UNDECIDED if UNDECIDED in present else PROVEN)


def judge_unchanged(spec: Spec) -> Judgement:
    """Look for a property that fails without any mutation, as none may."""
    return _search(spec, "", scratch_folder("proofs"))


def _judge(spec: Spec, mutant: Mutant) -> Judgement:
    command = mutant.command(proof_netlist(spec))
    if not command:
        return Judgement(ABSENT)
    try:
        return _search(spec, command, scratch_folder("proofs"))
    except YosysError as problem:
        return Judgement(FAILED, f"cannot be built: {problem}")


def _search(spec: Spec, command: str, folder: Path) -> Judgement:
    netlist = proof_netlist(spec)
    (folder / "design.il").write_text(netlist.text)
    flat = f"prep -flatten -top {netlist.top}"
    run_yosys("\n".join([*netlist.read("design.il"), command, flat, TO_AIGER.format(target="design.aig")]), folder)
    for engine in (f"bmc3 -T {BMC_SECONDS} -F {BMC_CYCLES}", f"pdr -T {PDR_SECONDS}"):
        verdict, *_ = run_abc([*READ, engine], folder)
        if verdict in VERDICTS:
            return Judgement(VERDICTS[verdict], spec.name)
    return Judgement(UNDECIDED)
