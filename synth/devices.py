"""Area and speed on FPGAs."""

import json
import re
import statistics
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from synth.designs import rtlil
from synth.tools import READ, count_cells, made, run_tool


@dataclass(frozen=True)
class Device:
    """An FPGA, and how it is synthesized for.

    Parameters
    ----------
    name : str
        For people.
    synthesis, beyond_multipliers : str
        Yosys' command, and the one for designs with more products than the device has multiplier blocks: `{beyond}`
        more.
    nextpnr : str
        The place and route tool.
    options, patient : tuple of str
        Those of nextpnr; more of them, for designs that the multiplier blocks are enough for.
    luts, block_rams, multipliers, megahertz : int
        LUT4s, memories and multiplier blocks of the device; the clock that nextpnr is asked for.
    """

    name: str
    synthesis: str
    beyond_multipliers: str
    nextpnr: str
    options: tuple[str, ...]
    patient: tuple[str, ...]
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
        (),
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
        (),
        7680,
        32,
        0,
        48,
    ),
    "ecp5": Device(
        "ECP5-25K",
        f"synth_ecp5 {ECP5_MAPPING}",
        f"alumacc *updater_*/t:$mul %R{{beyond}}; synth_ecp5 {ECP5_MAPPING}",
        "nextpnr-ecp5",
        ("--25k", "--package", "CABGA381", "--lpf-allow-unconstrained"),
        ("--tmg-ripup",),  # with 32 lanes it would take ten times as long for the same clock
        24288,
        56,
        28,
        100,
    ),
}
SEEDS = (1, 2, 3, 4, 5)
NO_ROOM = ("no BELs remaining", "Failed to expand region", "Unable to find legal placement")
"""What nextpnr says where a device is too small."""

CELLS = {
    "lut4": {"SB_LUT4": 1, "LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
    "flip_flops": {"SB_DFF": 1, "TRELLIS_FF": 1},
    "block_rams": {"SB_RAM40_4K": 1, "DP16KD": 1},
    "multipliers": {"SB_MAC16": 1, "MULT18X18D": 1},
}
"""What is counted, by the beginnings of the cells' names, and how often: on the ECP5, two bits of a sum and 16 words of
four bits are LUTs too."""


def area(design: str, channels: int, lanes: int, device: str) -> dict[str, int]:
    """Return how many cells of each kind a design takes on a device, without input and output pads."""
    return _synthesis(design, channels, lanes, device)[1]


def _synthesis(design: str, channels: int, lanes: int, device: str) -> tuple[str, dict[str, int]]:
    """Return the command for a design on a device, and the cells it gives."""
    target, text = DEVICES[device], rtlil(design, channels, lanes)
    cells = _cells(text, target.synthesis)
    if cells["multipliers"] <= target.multipliers:
        return target.synthesis, cells
    synthesis = target.beyond_multipliers.format(beyond=cells["multipliers"] - target.multipliers)
    return synthesis, _cells(text, synthesis)


def _cells(text: str, synthesis: str) -> dict[str, int]:
    counts = count_cells({"top.il": text, "script.ys": f"{READ}{synthesis}; tee -q -o stat.json stat -json"})
    return {
        kind: sum(
            times * number
            for beginning, times in cells.items()
            for cell, number in counts["num_cells_by_type"].items()
            if cell.startswith(beginning)
        )
        for kind, cells in CELLS.items()
    }


APART = "setattr -mod -set keep_hierarchy 1 top.design; "
TOGETHER = "setattr -mod -unset keep_hierarchy top.design; flatten; clean; write_json made.json"


def _map(folder: Path) -> None:
    """Make made.json of a design and the registers around it; of each apart where ABC fails on both."""
    script = (folder / "script.ys").read_text()
    try:
        run_tool("yosys", ["-q", "-p", script], folder)
    except RuntimeError:
        apart = script.replace(READ, READ + APART).replace(" -json made.json", f"; {TOGETHER}")
        run_tool("yosys", ["-q", "-p", apart], folder)


def _place(folder: Path, report: str, seed: int) -> None:
    """Make nextpnr's report for a seed: an empty one where there is no room."""
    netlist = folder / "top.json"
    if not netlist.exists():
        _map(folder)
        (folder / "made.json").replace(netlist)
    tool, *options = json.loads((folder / "nextpnr.json").read_text())
    outputs = ["--report", report, "--seed", str(seed), "-q", "--timing-allow-fail"]
    try:
        run_tool(tool, ["--json", netlist.name, *outputs, *options], folder)
    except RuntimeError as error:
        if not any(said in str(error) for said in NO_ROOM):
            raise
        (folder / report).write_text("{}")


def timing(report: dict[str, Any], modules: Container[str]) -> dict[str, Any]:
    """Return clock, cells used and critical path of nextpnr's report, the path's cells by `block`."""
    path = next(
        one["path"]
        for one in report["critical_paths"]
        if one["from"].startswith("posedge") == one["to"].startswith("posedge")
    )
    steps = [step for step in path if step["type"] in ("clk-to-q", "logic", "routing", "setup")]
    cells = [steps[0]["from"]["cell"], *(step["to"]["cell"] for step in steps)]
    # nextpnr's own cells, those that pass a carry on, belong to no block.
    blocks = [block(cell, modules) for cell in cells if not cell.startswith("$nextpnr")]
    return clock_and_cells(report) | {
        "from": blocks[0],
        "to": blocks[-1],
        "through": list(dict.fromkeys(blocks)),
        "logic_ns": round(sum(step["delay"] for step in steps if step["type"] != "routing"), 1),
        "routing_ns": round(sum(step["delay"] for step in steps if step["type"] == "routing"), 1),
    }


def clock_and_cells(report: dict[str, Any]) -> dict[str, Any]:
    """Return the clock reached, in MHz, of nextpnr's report, and the number of cells used of each kind."""
    clock = next(iter(report["fmax"].values()))
    return {
        "megahertz": round(clock["achieved"], 2),
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


def fmax(design: str, channels: int, lanes: int, device: str, seeds: Sequence[int] = SEEDS) -> dict[str, Any] | None:
    """Return median and range of the highest clock over seeds, in MHz, and the critical path of the median.

    The design is placed between registers (`Pins`). None is returned if the device has no room for it.
    """
    target = DEVICES[device]
    synthesis, cells = _synthesis(design, channels, lanes, device)
    if cells["lut4"] > target.luts or cells["block_rams"] > target.block_rams:
        return None
    options = target.options + (target.patient if synthesis == target.synthesis else ())
    inputs = {
        "top.il": rtlil(design, channels, lanes, pins=True),
        "script.ys": f"{READ}{synthesis} -json made.json",
        "nextpnr.json": json.dumps([target.nextpnr, *options, "--freq", str(target.megahertz)]),
    }
    modules = re.findall(r"^module \\(\S+)", inputs["top.il"], re.MULTILINE)
    runs = []
    for seed in seeds:
        report = json.loads(made(inputs, f"report_{seed}.json", partial(_place, seed=seed)).read_text())
        if not report:
            return None
        runs.append(timing(report, modules))
    runs.sort(key=lambda run: run["megahertz"])
    clocks = [run["megahertz"] for run in runs]
    return {
        "median": round(statistics.median(clocks), 2),
        "lowest": clocks[0],
        "highest": clocks[-1],
        "seeds": list(seeds),
        "path": runs[(len(runs) - 1) // 2],
    }
