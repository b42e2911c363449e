"""Mutants: what Yosys proposes for a netlist, and how each is applied to any netlist of the block."""

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from mutation.netlist import CellKey, Netlist
from mutation.tools import run_yosys, scratch_folder

T = TypeVar("T")

OPTION = re.compile(r"-(\w+) (\S+)")
LEFT_ALONE = {"CLK", "RD_CLK", "WR_CLK", "clk", "rst", "Q"}
"""Ports that are not mutated: clocks and resets, which no property is about, and what registers put out, where a
mutated bit would lose its value after reset (their inputs are mutated)."""
CONTENTS = "$meminit_v2"
"""Cell of what a memory holds at first, which must be constant."""
MUTANTS_MIN = 6
BITS_PER_MUTANT = 300
"""A block has so many mutants at least, and one more for so many bits that could be mutated."""
SPARE = 3
"""So many times as many are asked for as are needed, for some are of ports that are left alone."""


@dataclass(frozen=True)
class Mutant:
    """One bit of one port of a cell, changed.

    Parameters
    ----------
    block : str
        Whose.
    mode : {"inv", "const0", "const1", "cnot0", "cnot1"}
        Inverted, stuck, or inverted where another bit of the port is 0 or 1.
    kind, source, ordinal
        The cell; see `CellKey`.
    port : str
        Its port.
    bit : int
        Of the port.
    control : int
        The other bit, of "cnot0" and "cnot1"; -1 otherwise.
    wire : str
        A signal with that bit, for people; empty where none has a name.
    """

    block: str
    mode: str
    kind: str
    source: str
    ordinal: int
    port: str
    bit: int
    control: int
    wire: str

    @property
    def key(self) -> CellKey:
        """Return which cell it changes."""
        return CellKey(self.kind, self.source, self.ordinal)

    @property
    def digest(self) -> str:
        """Return a name without special characters."""
        return hashlib.sha256(repr(asdict(self)).encode()).hexdigest()[:12]

    def command(self, netlist: Netlist, *, module: str = "", switch: int = 0) -> str:
        """Return Yosys' command that applies it to a netlist; empty where the netlist has no such bit.

        Parameters
        ----------
        netlist : Netlist
            Of the block, of any size.
        module : str
            A copy of the netlist's module to apply it to.
        switch : int
            If not 0, the change is only in force where the new input `mutant` has this value.
        """
        cell = netlist.cells.get(self.key)
        if cell is None or max(self.bit, self.control) >= cell.ports.get(self.port, 0):
            return ""
        words = ["mutate", f"-mode {self.mode}", f"-module {module or netlist.module}", f"-cell {cell.name}"]
        words += [f"-port {self.port}", f"-portbit {self.bit}"]
        words += [f"-ctrlbit {self.control}"] if self.control >= 0 else []
        words += [f"-ctrl mutant 16 {switch}"] if switch else []
        return " ".join(words)


def count_candidates(netlist: Netlist) -> int:
    """Return how many bits of a netlist could be mutated."""
    ports = ((key.kind, *port) for key, cell in netlist.cells.items() for port in cell.ports.items())
    return sum(width for kind, port, width in ports if _mutable(kind, port))


def _mutable(kind: str, port: str) -> bool:
    return kind != CONTENTS and port not in LEFT_ALONE


def draw_mutants(block: str, netlist: Netlist, seed: int) -> list[Mutant]:
    """Return mutants of a netlist, spread by Yosys over its cells, signals and lines of source."""
    count = MUTANTS_MIN + count_candidates(netlist) // BITS_PER_MUTANT
    folder = scratch_folder("list")
    (folder / "design.il").write_text(netlist.text)
    script = [*netlist.read("design.il"), f"mutate -list {SPARE * count} -seed {seed} -o list {netlist.module}"]
    run_yosys("\n".join(script), folder)
    names = {cell.name: key for key, cell in netlist.cells.items()}
    options = [dict(OPTION.findall(line)) for line in (folder / "list").read_text().splitlines()]
    wanted = [one for one in options if _mutable(names[one["cell"]].kind, one["port"])]
    return [_mutant(block, one, names) for one in wanted[:count]]


def _mutant(block: str, options: dict[str, str], names: dict[str, CellKey]) -> Mutant:
    key = names[options["cell"]]
    return Mutant(
        block,
        options["mode"],
        *key,
        port=options["port"],
        bit=int(options["portbit"]),
        control=int(options.get("ctrlbit", -1)),
        wire=f"{options['wire']}[{options['wirebit']}]" if "wire" in options else "",
    )


def sample(mutants: Sequence[T], count: int, seed: int) -> list[T]:
    """Return some of many, always the same ones for a seed."""
    chosen = random.Random(seed).sample(range(len(mutants)), min(count, len(mutants)))
    return [mutants[index] for index in sorted(chosen)]
