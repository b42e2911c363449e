"""From the board's design to the file that is written into its flash."""

import json
from pathlib import Path
from shutil import copyfile
from typing import Any, NamedTuple

from board.icebreaker import CLOCK_HZ, IcebreakerTop, constraints
from hdl.generate import component_rtlil
from synth.designs import without_places
from synth.devices import clock_and_cells
from synth.tools import READ, ROOT, hash_of, made, run_tool, versions

BITSTREAM = ROOT / "build" / "bitstream" / "icebreaker.bin"
SYNTHESIS = f"{READ}synth_ice40 -dsp -dff -top icebreaker -json top.json"
REPORT = "report.json"
PLACEMENT = (
    *("--up5k", "--package", "sg48", "--pcf", "pins.pcf", "--json", "top.json"),
    *("--asc", "top.asc", "--report", REPORT, "--freq", str(CLOCK_HZ / 1e6), "--seed", "1", "-q"),
)


class Built(NamedTuple):
    """A bitstream, and what nextpnr tells of it: clock reached in MHz, and cells used."""

    path: Path
    timing: dict[str, Any]


def build(channels: int) -> Built:
    """Build the bitstream for a number of channels.

    Raises
    ------
    ValueError
        `channels` is out of the range of `IcebreakerTop`.
    RuntimeError
        A tool fails, or the clock is not reached.
    """
    bitstream = made(_inputs(channels), BITSTREAM.name, _build)
    BITSTREAM.parent.mkdir(parents=True, exist_ok=True)
    copyfile(bitstream, BITSTREAM)
    return Built(BITSTREAM, clock_and_cells(json.loads(bitstream.with_name(REPORT).read_text())))


def figures(built: Built, channels: int) -> dict[str, Any]:
    """Return clock and cells of a bitstream, and what they come from."""
    return {
        "command": f"python -m board --channels {channels}",
        "netlist": digest(channels),
        "versions": versions(),
        **built.timing,
    }


def digest(channels: int) -> str:
    """Return a hash of all that a bitstream comes from, but for the tools' versions."""
    return hash_of(json.dumps(sorted(_inputs(channels).items())))


def _inputs(channels: int) -> dict[str, str]:
    """Return name and text of each file that the tools are given."""
    return {
        "top.il": without_places(component_rtlil(IcebreakerTop(channels), "icebreaker")),
        "script.ys": SYNTHESIS,
        "pins.pcf": constraints(),
        "nextpnr.json": json.dumps(PLACEMENT),
    }


def _build(folder: Path, bitstream: str) -> None:
    run_tool("yosys", ["-q", "-s", "script.ys"], folder)
    run_tool("nextpnr-ice40", PLACEMENT, folder)
    run_tool("icepack", ["top.asc", bitstream], folder)
