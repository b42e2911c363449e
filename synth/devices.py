"""Area and speed on FPGAs."""

import json
import re
import statistics
from collections.abc import Container
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from synth.designs import rtlil
from synth.tools import READ, kept, run_tool


@dataclass(frozen=True)
class Device:
    """An FPGA, and how it is synthesized for.

    Parameters
    ----------
    name : str
        For people.
    synthesis, without_multipliers : str
        Yosys' command, and the one that builds products of LUTs.
    nextpnr : str
        The place and route tool.
    options : tuple of str
        Those of nextpnr.
    luts, block_rams, multipliers, megahertz : int
        LUT4s, memories and multiplier blocks of the device; the clock that nextpnr is asked for.
    """

    name: str
    synthesis: str
    without_multipliers: str
    nextpnr: str
    options: tuple[str, ...]
    luts: int
    block_rams: int
    multipliers: int
    megahertz: int


ECP5_MAPPING = "-cmp2softlogic -top top -run :map_luts; abc9 -W 600; clean; synth_ecp5 -top top -run map_cells:"
"""`synth_ecp5` but for two things: a comparison with a constant is no carry chain, and a wire takes 600 ps, not 300.

nextpnr's wires take longer still: where they count for little, LUTs are put in a row to save others.
"""

DEVICES = {
    "up5k": Device(
        "iCE40 UP5K",
        "synth_ice40 -dsp -dff -top top",
        "synth_ice40 -top top",  # with -dff, products of LUTs take ten times as long, and 0.2 % fewer LUTs
        "nextpnr-ice40",
        ("--up5k", "--package", "sg48", "--pcf-allow-unconstrained"),
        5280,
        30,
        8,
        24,
    ),
    "hx8k": Device(
        "iCE40 HX8K",
        "synth_ice40 -top top",
        "synth_ice40 -top top",
        "nextpnr-ice40",
        ("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
        7680,
        32,
        0,
        48,
    ),
    "ecp5": Device(
        "ECP5-25K",
        f"synth_ecp5 {ECP5_MAPPING}",
        f"synth_ecp5 -nodsp {ECP5_MAPPING}",
        "nextpnr-ecp5",
        ("--25k", "--package", "CABGA381", "--lpf-allow-unconstrained", "--tmg-ripup"),
        24288,
        56,
        28,
        100,
    ),
}
SEEDS = (1, 2, 3, 4, 5)
NO_ROOM = "no BELs remaining"
"""What nextpnr says where a device is too small."""

CELLS = {
    "lut4": ("SB_LUT4", "LUT4"),
    "flip_flops": ("SB_DFF", "TRELLIS_FF"),
    "block_rams": ("SB_RAM40_4K", "DP16KD"),
    "multipliers": ("SB_MAC16", "MULT18X18D"),
    "carries": ("SB_CARRY", "CCU2C"),
}
"""Beginnings of the names of the cells that are counted."""


def area(design: str, channels: int, lanes: int, device: str) -> dict[str, int]:
    """Return how many cells of each kind a design takes on a device, without input and output pads."""
    return _synthesis(design, channels, lanes, device)[1]


def _synthesis(design: str, channels: int, lanes: int, device: str) -> tuple[str, dict[str, int]]:
    """Return the command that uses multiplier blocks, unless the device has too few of them, and the cells it gives."""
    target, text = DEVICES[device], rtlil(design, channels, lanes)
    cells = _cells(text, target.synthesis)
    if cells["multipliers"] <= target.multipliers:
        return target.synthesis, cells
    return target.without_multipliers, _cells(text, target.without_multipliers)


def _cells(text: str, synthesis: str) -> dict[str, int]:
    return kept({"top.il": text, "script.ys": f"{READ}{synthesis}; tee -q -o stat.json stat -json"}, _count_cells)


def _count_cells(folder: Path) -> dict[str, int]:
    run_tool("yosys", ["-q", "-s", "script.ys"], folder)
    counts = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    return {
        kind: sum(number for cell, number in counts.items() if cell.startswith(beginnings))
        for kind, beginnings in CELLS.items()
    }


def _speed(folder: Path, seed: int) -> dict[str, Any]:
    """Return the highest clock that nextpnr reaches with a seed, and the path that limits it; nothing without room."""
    netlist, report = folder / "top.json", f"report_{seed}.json"
    if not netlist.exists():
        run_tool("yosys", ["-q", "-s", "script.ys"], folder)
        (folder / "made.json").replace(netlist)
    tool, *options = json.loads((folder / "nextpnr.json").read_text())
    outputs = ["--report", report, "--seed", str(seed), "-q", "--timing-allow-fail"]
    try:
        run_tool(tool, ["--json", netlist.name, *outputs, *options], folder)
    except RuntimeError as error:
        if NO_ROOM not in str(error):
            raise
        return {}
    return timing(json.loads((folder / report).read_text()), _modules(folder))


def timing(report: dict[str, Any], modules: Container[str]) -> dict[str, Any]:
    """Return clock and critical path of nextpnr's report, its cells by `block`."""
    clock = next(iter(report["fmax"].values()))
    path = next(
        one["path"]
        for one in report["critical_paths"]
        if one["from"].startswith("posedge") == one["to"].startswith("posedge")
    )
    steps = [step for step in path if step["type"] in ("clk-to-q", "logic", "routing", "setup")]
    ends = [steps[0]["from"]["cell"], *(step["to"]["cell"] for step in steps)]
    blocks = [block(cell, modules) for cell in ends]
    return {
        "megahertz": round(clock["achieved"], 2),
        "from": blocks[0],
        "to": blocks[-1],
        "through": list(dict.fromkeys(blocks)),
        "logic_ns": round(sum(step["delay"] for step in steps if step["type"] != "routing"), 1),
        "routing_ns": round(sum(step["delay"] for step in steps if step["type"] == "routing"), 1),
        "utilization": {name: cells["used"] for name, cells in report["utilization"].items() if cells["used"]},
    }


def block(cell: str, modules: Container[str]) -> str:
    """Return the block that a cell belongs to: the last of the `modules` in its hierarchical name.

    It is `top` for the registers around the design, and `design` for what no block of the design holds. What is
    numbered within a block belongs to a memory.
    """
    parts = f"top.{cell}".split(".")
    depth = max(size for size in range(1, len(parts)) if ".".join(parts[:size]) in modules)
    name = parts[depth - 1].split("$")[0]
    return f"{name} memory" if any(part.isdigit() for part in parts[depth:]) else name


def _modules(folder: Path) -> list[str]:
    return re.findall(r"^module \\(\S+)", (folder / "top.il").read_text(), re.MULTILINE)


def fmax(design: str, channels: int, lanes: int, device: str, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any] | None:
    """Return median and range of the highest clock over seeds, in MHz, and the critical path of the median.

    The design is placed between registers (`Pins`). None is returned if the device has no room for it.
    """
    target = DEVICES[device]
    synthesis, cells = _synthesis(design, channels, lanes, device)
    if cells["lut4"] > target.luts or cells["block_rams"] > target.block_rams:
        return None
    inputs = {
        "top.il": rtlil(design, channels, lanes, pins=True),
        "script.ys": f"{READ}{synthesis} -json made.json",
        "nextpnr.json": json.dumps([target.nextpnr, *target.options, "--freq", str(target.megahertz)]),
    }
    runs = []
    for seed in seeds:
        run = kept(inputs, partial(_speed, seed=seed), f"seed_{seed}")
        if not run:
            return None
        runs.append(run)
    runs.sort(key=lambda run: run["megahertz"])
    clocks = [run["megahertz"] for run in runs]
    return {
        "median": round(statistics.median(clocks), 2),
        "lowest": clocks[0],
        "highest": clocks[-1],
        "seeds": list(seeds),
        "path": runs[(len(runs) - 1) // 2],
    }
