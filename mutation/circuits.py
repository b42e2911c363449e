"""Circuits for ABC that hold all mutants of a block, one of them switched on."""

import hashlib
from collections.abc import Sequence

from mutation.aiger import hold_inputs
from mutation.tools import BUILD, TO_AIGER, run_abc, run_yosys, scratch_folder
from sim.build import alone_in

SWITCH = "mutant"
"""The input that switches a mutant on: its number, from 1; 0 for none."""


def with_switch(module: str) -> str:
    """Return Yosys' command that gives a module the switch."""
    return f"mutate -mode none -ctrl {SWITCH} 16 0 -module {module}"


def circuit(design: str, steps: Sequence[str]) -> bytes:
    """Return the circuit of a design in RTLIL after steps of Yosys, which begin with reading `design.il`; kept."""
    script = "\n".join([*steps, TO_AIGER.format(target="design.aig")])
    name = hashlib.sha256((design + script).encode()).hexdigest()[:16]
    folder = BUILD / "circuits" / name
    with alone_in(folder):
        target = folder / "design.aig"
        if not target.exists():
            scratch = scratch_folder("circuit")
            (scratch / "design.il").write_text(design)
            run_yosys(script, scratch)
            (scratch / "design.aig").replace(target)
        return target.read_bytes()


def search(switched: bytes, numbers: Sequence[int], *commands: str) -> dict[int, str]:
    """Run ABC's commands on a circuit with one mutant after another switched on; return the verdicts."""
    folder = scratch_folder("search")
    for number in numbers:
        (folder / f"{number}.aig").write_bytes(hold_inputs(switched, SWITCH, number))
    verdicts = run_abc(["fold", "strash", *commands], [str(number) for number in numbers], folder)
    return dict(zip(numbers, verdicts, strict=True))
