"""The blocks whose netlists are mutated, each with the proofs and the benches that judge it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from formal.edits import HDL
from formal.runs import list_blocks, load_specs
from formal.spec import DUT, TOP, Spec, to_rtlil
from mutation.cases import Case, bench_cases
from mutation.netlist import Netlist

BENCHES = {"spike_encoder": ("spike_encoder", "encoder"), "spike_encoder_top": ("spike_encoder", "")}
"""Bench, and where in its design the block is, of the blocks that have no bench of their own name."""
COMPONENT = "(wiring.Component):"


@dataclass(frozen=True)
class Block:
    """A block, and what judges its mutants.

    Parameters
    ----------
    name : str
        Its file in `hdl`.
    specs : tuple of Spec
        Its harnesses that hold its design; none where it has no proof of its own.
    cases : tuple of Case
        Its bench's builds.
    """

    name: str
    specs: tuple[Spec, ...]
    cases: tuple[Case, ...]

    @property
    def reference(self) -> Netlist:
        """Return the netlist that mutants are drawn from: that of the first harness, or of the smallest bench."""
        return proof_netlist(self.specs[0]) if self.specs else self.cases[0].netlist


@cache
def proof_netlist(spec: Spec) -> Netlist:
    """Return a harness with its design; the latter is what is mutated."""
    return Netlist(to_rtlil(spec), TOP, f"{TOP}.{DUT}", spec.abstracted)


def list_components() -> list[str]:
    """Return the names of the blocks that are components: all of `hdl` that becomes a module of its own."""
    return sorted(path.stem for path in HDL.glob("*.py") if COMPONENT in path.read_text().partition("class ")[2])


@cache
def load_block(name: str) -> Block:
    """Return a block."""
    proven: Sequence[Spec] = load_specs(name) if name in list_blocks() else ()
    harnesses = tuple(spec for spec in proven if f"\nmodule \\{TOP}.{DUT}\n" in proof_netlist(spec).text)
    return Block(name, harnesses, tuple(bench_cases(*BENCHES.get(name, (name, "")))))
