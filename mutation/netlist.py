"""A block's netlist: its cells, and how a cell of one netlist is found in another."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from formal.runs import ROOT
from mutation.tools import run_yosys, scratch_folder

SOURCE = re.compile(r"attribute \\src .*\n")


class CellKey(NamedTuple):
    """Where a cell comes from; netlists of one block that differ in size have this in common.

    Attributes
    ----------
    kind : str
        Type of the cell; for a submodule, its name.
    source : str
        Lines of the source that it is made of.
    ordinal : int
        Number among the cells of that kind and source.
    """

    kind: str
    source: str
    ordinal: int


class Cell(NamedTuple):
    """A cell of a netlist: its name there, and the widths of its ports."""

    name: str
    ports: dict[str, int]


@dataclass(frozen=True)
class Netlist:
    """A design in RTLIL, and the module in it that is mutated.

    Parameters
    ----------
    text : str
        The design.
    top : str
        Its top module.
    module : str
        The block's own module; what is instantiated in it is not mutated.
    cutpoints : tuple of str
        Instances whose outputs are left free.
    """

    text: str = field(repr=False)
    top: str
    module: str
    cutpoints: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return a hash of all that matters of the design: not where its sources are."""
        parts = (SOURCE.sub("", self.text), self.top, self.module, *self.cutpoints)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def read(self, source: str) -> list[str]:
        """Return commands that read the design from a file, with the module's processes made into cells."""
        return [
            f"read_rtlil {source}",
            f"proc -noopt {self.module}",  # first, for its new cells to be numbered alike in all netlists
            "proc -noopt",
            f"hierarchy -top {self.top}",
            *(f"cutpoint {self.top}.{instance}" for instance in self.cutpoints),
        ]

    @cached_property
    def cells(self) -> dict[CellKey, Cell]:
        """Return the module's cells."""
        folder = scratch_folder("cells")
        (folder / "design.il").write_text(self.text)
        run_yosys("\n".join([*self.read("design.il"), "write_json design.json"]), folder)
        return dict(_keyed(json.loads((folder / "design.json").read_text())["modules"][self.module]["cells"]))


def _keyed(cells: dict[str, dict[str, Any]]) -> Iterator[tuple[CellKey, Cell]]:
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for name in sorted(cells, key=_natural):
        cell = cells[name]
        kind = cell["type"] if cell["type"].startswith("$") else name
        source = relative(cell["attributes"].get("src", ""))
        ports = {port: len(bits) for port, bits in cell["connections"].items()}
        yield CellKey(kind, source, counts[kind, source]), Cell(name, ports)
        counts[kind, source] += 1


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def relative(source: str) -> str:
    """Return places of sources relative to the project's folder."""
    return source.replace(f"{ROOT}/", "")
