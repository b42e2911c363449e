"""What the benches share outside the simulator: building a block and running the cocotb tests of its module."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from amaranth.lib import wiring

from hdl.generate import write_component_verilog
from sim.build import BUILD, BuildError, build_simulator, run_bench, write_if_changed

PARAMETERS = "parameters.json"
"""File that takes a bench's parameters into the simulator's process, which runs in the folder that holds it."""
LOG_LINES = 40
"""Lines of a failed simulation's log that are shown."""


def simulate(
    component: wiring.Component,
    module: str,
    simulator: str,
    *,
    only: str = "",
    draws: list[dict[str, Any]] | None = None,
    **parameters: Any,
) -> Path:
    """Run the cocotb tests of `module` (`tb.test_<block>`) on a component.

    Parameters
    ----------
    component : wiring.Component
        The block.
    module : str
        The module that calls.
    simulator : {"verilator", "icarus"}
        What to build with.
    only : str
        Regular expression of the tests to run; all, if empty.
    draws : list of dict, optional
        A parameter like the others, but too long for a folder's name.
    **parameters
        What the tests get from `parameters`. They name the folder: no two calls may have all of them in common.

    Returns
    -------
    Path
        The folder, in which the tests ran.
    """
    block = module.removeprefix("tb.test_")
    folder = BUILD / "tb" / simulator / "_".join([block, *(f"{name}{_label(parameters[name])}" for name in parameters)])
    verilog = folder / f"{block}.v"
    write_if_changed(verilog, lambda path: write_component_verilog(component, block, path))
    runner = build_simulator(block, verilog, folder=folder, simulator=simulator)
    (folder / PARAMETERS).write_text(json.dumps(parameters | {"draws": draws}))
    # Within pytest, cocotb's runner reports failed tests by SystemExit.
    with suppress(BuildError, SystemExit):
        run_bench(runner, block, module, folder=folder, env={"COCOTB_TEST_FILTER": only, "COCOTB_RANDOM_SEED": "1"})
        return folder
    log = (folder / "simulation.log").read_text().splitlines()
    pytest.fail("\n".join([f"{block} with {parameters} fails in {folder}:", *log[-LOG_LINES:]]), pytrace=False)


def _label(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def parameters() -> dict[str, Any]:
    """Return the parameters that `simulate` was given; for use inside the simulator."""
    return json.loads(Path(PARAMETERS).read_text())
