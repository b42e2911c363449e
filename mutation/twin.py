"""A design with two copies of a block side by side, and assertions that both put out the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from formal.spec import DUT
from mutation.netlist import Netlist

PORT = re.compile(r"^  wire width (\d+) (input|output) \d+ +\\(\S+)$", re.MULTILINE)
CONNECTION = re.compile(r"^    connect \\(\S+) (.+)$", re.MULTILINE)
PAIR = "pair"
TWIN = "twin"
ONE = "1'1"
"""Name of the second copy, and the beginning of the names of all that belongs to it."""


@dataclass(frozen=True)
class Port:
    """A port of a module."""

    name: str
    width: int
    output: bool


def twin_module(netlist: Netlist) -> str:
    """Return the name of the second copy's module."""
    return f"{netlist.module}_{TWIN}"


def free_pair(netlist: Netlist, *, only_valid: bool = False) -> str:
    """Return a design whose top module `pair` has the block's inputs, the reset among them, and two copies of it."""
    ports = _ports(netlist)
    inputs = [port for port in ports if not port.output]
    lines = [f"  wire width {port.width} input {place} \\{port.name}" for place, port in enumerate(inputs, 1)]
    lines += [f"  wire width {port.width} \\one.{port.name}" for port in ports if port.output]
    one = {port.name: f"\\one.{port.name}" if port.output else f"\\{port.name}" for port in ports}
    lines += [*_instance(f"\\{netlist.module}", "\\one", one), *_second(netlist, one, only_valid=only_valid)]
    return "\n".join([netlist.text, f"module \\{PAIR}", *lines, "end\n"])


def used_pair(netlist: Netlist) -> str:
    """Return a harness in which a second copy has the inputs of the first; payloads count where they are valid."""
    head = f"  cell \\{netlist.module} \\{DUT}\n"
    before, rest = netlist.text.split(head)
    instance, after = rest.split("  end\n", 1)
    second = "\n".join(_second(netlist, dict(CONNECTION.findall(instance)), only_valid=True))
    return f"{before}{head}{instance}  end\n{second}\n{after}"


def _ports(netlist: Netlist) -> list[Port]:
    start = netlist.text.index(f"\nmodule \\{netlist.module}\n")
    text = netlist.text[start : netlist.text.index("\nend\n", start)]
    return [Port(name, int(width), kind == "output") for width, kind, name in PORT.findall(text)]


def _interface(netlist: Netlist) -> list[Port]:
    """Return the outputs; of a harness's design, those that are not there just for the properties to see."""
    outputs = [port for port in _ports(netlist) if port.output]
    if netlist.top == netlist.module or f"\\{DUT}__" not in netlist.text:
        return outputs
    return [port for port in outputs if f" \\{DUT}__{port.name.split('$')[0]}\n" in netlist.text]


def _second(netlist: Netlist, first: dict[str, str], *, only_valid: bool) -> Iterator[str]:
    ports = _ports(netlist)
    mine = {port.name: f"\\{TWIN}.{port.name}" if port.output else first[port.name] for port in ports}
    yield from (f"  wire width {port.width} {mine[port.name]}" for port in ports if port.output)
    yield from _instance(f"\\{twin_module(netlist)}", f"\\{TWIN}", mine)
    for port in _interface(netlist):
        enable = _valid_of(port, ports) if only_valid else ""
        yield from _equality(port, first[port.name], mine[port.name], first.get(enable, ONE))


def _valid_of(port: Port, ports: list[Port]) -> str:
    """Return the port that says whether this one is a valid payload; empty where none does.

    None does where signals inside share the names, so that Amaranth numbers some of them.
    """
    stream, payload, _ = port.name.partition("__payload")
    alike = [one.name for one in ports if one.name.split("$")[0] in (f"{stream}__payload", f"{stream}__valid")]
    return f"{stream}__valid" if payload and len(alike) == 2 else ""


def _instance(module: str, name: str, connections: dict[str, str]) -> Iterator[str]:
    yield f"  cell {module} {name}"
    yield from (f"    connect \\{port} {bits}" for port, bits in connections.items())
    yield "  end"


def _equality(port: Port, one: str, other: str, enable: str) -> Iterator[str]:
    same = f"\\{TWIN}.same.{port.name}"
    yield f"  wire width 1 {same}"
    yield f"  cell $eq \\{TWIN}.compare.{port.name}"
    widths = {"A_WIDTH": port.width, "B_WIDTH": port.width, "Y_WIDTH": 1}
    yield from (f"    parameter \\{key} {value}" for key, value in {"A_SIGNED": 0, "B_SIGNED": 0, **widths}.items())
    yield from (f"    connect \\{name} {bits}" for name, bits in (("A", one), ("B", other), ("Y", same)))
    yield "  end"
    yield f"  cell $assert \\{TWIN}.equal.{port.name}"
    yield from (f"    connect \\{name} {bits}" for name, bits in (("A", same), ("EN", enable)))
    yield "  end"
