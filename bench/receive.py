"""How fast a receiver keeps up with an implant: `python -m bench.receive`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from model import Receiver, Settings, encode_packets, frame_packets
from model.synth import bernoulli_raster

CHANNELS = 1024
STEPS_A_SECOND = 20_000
EPOCH_STEPS = 20
"""An epoch is a millisecond."""
DENSITY = 0.01


@dataclass(frozen=True)
class Row:
    """One way to feed a receiver, one epoch a call; by the clock on the wall, or of the processor."""

    framing: str
    predicts: bool
    clock: str
    epochs: int
    times_real_time: float
    median_ms: float
    p99_9_ms: float
    worst_ms: float
    under_1_ms_percent: float


TITLE = "Epochs of 1 ms into feed(): times real time, and ms"
CLOCKS = {"wall": time.perf_counter, "CPU": time.thread_time}
"""On a machine that is busy with other things, the wall's clock counts those, too."""


def measure(framing: str, predicts: bool, pieces: list[bytes], raster: NDArray[np.int8]) -> list[Row]:
    """Feed pieces, each the bytes of one epoch, to a new receiver; return a row for each clock.

    Raises
    ------
    RuntimeError
        What is decoded is not the raster.
    """
    receiver = Receiver(framing)
    seconds = np.empty((len(pieces), len(CLOCKS)))
    step = 0
    for number, piece in enumerate(pieces):
        began = [clock() for clock in CLOCKS.values()]
        epochs = receiver.feed(piece)
        seconds[number] = [clock() - begin for clock, begin in zip(CLOCKS.values(), began, strict=True)]
        # Epochs are not kept: a receiver's memory stays, and so do the pages that it has touched.
        for epoch in epochs:
            if not np.array_equal(epoch.raster, raster[step : step + len(epoch.raster)]):
                raise RuntimeError(f"{framing}: what is decoded is not the raster")
            step += len(epoch.raster)
    if step != len(raster):
        raise RuntimeError(f"{framing}: {step} steps are decoded, not {len(raster)}")
    recording_s = len(raster) / STEPS_A_SECOND
    return [_row(framing, predicts, clock, recording_s, times) for clock, times in zip(CLOCKS, seconds.T, strict=True)]


def _row(framing: str, predicts: bool, clock: str, recording_s: float, seconds: NDArray[np.float64]) -> Row:
    return Row(
        framing=framing,
        predicts=predicts,
        clock=clock,
        epochs=len(seconds),
        times_real_time=recording_s / float(seconds.sum()),
        median_ms=1e3 * float(np.median(seconds)),
        p99_9_ms=1e3 * float(np.quantile(seconds, 0.999)),
        worst_ms=1e3 * float(seconds.max()),
        under_1_ms_percent=100 * float((seconds < 1e-3).mean()),
    )


def run_all(duration_s: int) -> list[Row]:
    """Return a row for each framing and setting, of a raster of so many seconds."""
    raster = bernoulli_raster(DENSITY, duration_s * STEPS_A_SECOND, CHANNELS)
    rows = []
    for alpha_q8 in (1, 0):
        packets = encode_packets(raster, Settings(epoch_steps=EPOCH_STEPS, keyframe_interval=50, alpha_q8=alpha_q8))
        framed = [frame_packets([packet]) for packet in packets]
        for framing, pieces in (("serial", framed), ("datagram", packets)):
            Receiver(framing).feed(pieces[0])  # compiles the kernels
            rows += measure(framing, alpha_q8 > 0, pieces, raster)
    return rows


def main(
    duration_s: Annotated[int, typer.Option(help="Seconds of spikes.")] = 10,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench/receive.json"),
) -> None:
    """Measure `Receiver.feed` at 1,024 channels, 20 kHz and 1 % spikes, an epoch of 1 ms a call."""
    rows = run_all(duration_s)
    table = Table("framing", "predicts", "clock", "speed", "median", "99.9 %", "worst", "% < 1", title=TITLE)
    for row in rows:
        times = f"{row.median_ms:.3f}", f"{row.p99_9_ms:.3f}", f"{row.worst_ms:.3f}"
        speed, share = f"{row.times_real_time:.1f}", f"{row.under_1_ms_percent:.2f}"
        table.add_row(row.framing, "yes" if row.predicts else "no", row.clock, speed, *times, share)
    console = Console()
    console.print(table)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    console.print(f"Figures: {output}")


if __name__ == "__main__":
    typer.run(main)
