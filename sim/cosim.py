"""A raster through the Verilog, on Verilator, driven by cocotb."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hdl.generate import TOP_NAME, write_verilog
from model.golden.settings import CODER_IDS
from sim.build import BUILD, Waves, alone_in, build_simulator, run_bench, write_if_changed
from sim.stimulus import Capture, Stimulus, cut


def simulate(stimulus: Stimulus, waves: Waves | None = None) -> Capture:
    """Encode a raster with the RTL.

    Parameters
    ----------
    stimulus : Stimulus
        The raster and how it is sent.
    waves : {"vcd", "saif"}, optional
        The wave file to leave, `wave_file(stimulus, waves)`.

    Raises
    ------
    BuildError
        The simulator cannot be built, or the encoder hangs.
    """
    with alone_in(job_folder(stimulus, waves)):
        return _simulate(stimulus, job_folder(stimulus, waves), waves)


def _simulate(stimulus: Stimulus, folder: Path, waves: Waves | None) -> Capture:
    verilog = folder / f"{TOP_NAME}.v"
    write_if_changed(verilog, lambda path: write_verilog(path, channels=stimulus.channels, lanes=stimulus.lanes))
    runner = build_simulator(TOP_NAME, verilog, folder=folder, waves=waves)
    np.save(folder / "words.npy", stimulus.words())
    (folder / "job.json").write_text(json.dumps(_job(stimulus)))
    run_bench(runner, TOP_NAME, "sim.cosim_job", folder=folder, env={"CORTICODEC_JOB": str(folder)}, waves=bool(waves))
    with np.load(folder / "capture.npz") as capture:
        return Capture(
            packets=cut(capture["stream"].tobytes(), capture["packet_ends"]),
            word_cycles=capture["word_cycles"],
            byte_cycles=capture["byte_cycles"],
            stall_cycles=int(capture["stall_cycles"]),
            refused_words=int(capture["refused_words"]),
            seconds=float(capture["seconds"]),
        )


def job_folder(stimulus: Stimulus, waves: Waves | None) -> Path:
    """Return where the simulator of this build is, and runs."""
    return BUILD / "sim" / f"channels{stimulus.channels}_lanes{stimulus.lanes}{f'_{waves}' if waves else ''}"


def wave_file(stimulus: Stimulus, waves: Waves) -> Path:
    """Return where `simulate` leaves its wave file."""
    return job_folder(stimulus, waves) / f"dump.{waves}"


def _job(stimulus: Stimulus) -> dict[str, object]:
    settings = asdict(stimulus.settings) | {"coder": CODER_IDS[stimulus.settings.coder]}
    return {
        "settings": settings,
        "packets": stimulus.packets,
        "gaps": stimulus.gaps,
        "stalls": stimulus.stalls,
        "pause_seed": stimulus.pause_seed,
    }
