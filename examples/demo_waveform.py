"""Compress a second of 1024 electrodes, decode it, and draw what came back.

    python examples/demo_waveform.py --channels 1024 --duration 1.0
    python examples/demo_waveform.py --workload realistic --picture build/realistic.png

The published demonstration is white noise with few spikes; the realistic workload has a field potential, and neurons
that several electrodes see.
"""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from model import WaveformCodec
from model.codecs.waveform_decode import DecodedSpikes
from model.synth import demo_waveform, realistic_waveform

SAMPLING_HZ = 20_000
DRAWN_CHANNELS = 6
DRAWN_S = 0.1
ORIGINAL, DECODED, SPIKE = "0.6", "tab:blue", "tab:red"


class Workload(StrEnum):
    """What to compress."""

    DEMO = "demo"
    REALISTIC = "realistic"


def made(workload: Workload, steps: int, channels: int) -> tuple[NDArray[np.int16], int]:
    """Return a waveform, and how many spikes it was made of."""
    if workload is Workload.REALISTIC:
        waveform, truth = realistic_waveform(steps, channels, sampling_hz=SAMPLING_HZ)
        return waveform, truth.spike_samples.size
    noise, spike_samples = demo_waveform(steps, channels)
    return np.rint(noise).astype(np.int16), sum(map(len, spike_samples))


def busiest(spikes: DecodedSpikes, steps: int, channels: int) -> tuple[int, int]:
    """Return the first step and the first channel of the window with most spikes."""
    drawn_steps, drawn_channels = min(steps, round(DRAWN_S * SAMPLING_HZ)), min(channels, DRAWN_CHANNELS)
    across = -(-channels // drawn_channels)
    windows = spikes.steps // drawn_steps * across + spikes.channels // drawn_channels
    window = int(np.bincount(windows, minlength=1).argmax())
    return (
        min(window // across * drawn_steps, steps - drawn_steps),
        min(window % across * drawn_channels, channels - drawn_channels),
    )


def draw(waveform: NDArray[np.int16], decoded: NDArray[np.generic], spikes: DecodedSpikes, title: str) -> Figure:
    """Return a picture: some channels before and after, and the spikes of all."""
    steps, channels = waveform.shape
    start, first = busiest(spikes, steps, channels)
    rows, columns = slice(start, start + round(DRAWN_S * SAMPLING_HZ)), slice(first, first + DRAWN_CHANNELS)
    figure = Figure(figsize=(11, 8), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[3, 1])
    _draw_channels(above, waveform[rows, columns], decoded[rows, columns], spikes, (start, first))
    below.plot(spikes.steps / SAMPLING_HZ, spikes.channels, "|", color=SPIKE, markersize=2)
    below.set(xlabel="time, s", ylabel="channel", xlim=(0, steps / SAMPLING_HZ), title="spikes of all channels")
    figure.suptitle(title)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_channels(
    axes: Axes,
    waveform: NDArray[np.int16],
    decoded: NDArray[np.generic],
    spikes: DecodedSpikes,
    origin: tuple[int, int],
) -> None:
    start, first = origin
    steps, channels = waveform.shape
    milliseconds = (start + np.arange(steps)) / SAMPLING_HZ * 1000
    distance = 1.2 * float(np.ptp(waveform.astype(float), axis=0).max())
    levels = -distance * np.arange(channels)
    offsets = levels - np.median(waveform, axis=0)
    before = axes.plot(milliseconds, waveform + offsets, color=ORIGINAL, linewidth=0.8)
    after = axes.plot(milliseconds, decoded + offsets, color=DECODED, linewidth=0.8)
    inside = (spikes.steps >= start) & (spikes.steps < start + steps)
    inside &= (spikes.channels >= first) & (spikes.channels < first + channels)
    at, on = spikes.steps[inside] - start, spikes.channels[inside] - first
    marks = axes.plot(milliseconds[at], levels[on] - 0.5 * distance, "^", color=SPIKE, markersize=5)
    axes.set(xlabel="time, ms", yticks=levels, yticklabels=[f"channel {first + index}" for index in range(channels)])
    axes.legend(
        [before[0], after[0], *marks], ["original", "decoded", "spike"], frameon=False, loc="upper right", ncols=3
    )


def main(
    channels: Annotated[int, typer.Option(min=1, max=4096, help="Electrodes.")] = 1024,
    duration: Annotated[float, typer.Option(min=0.02, help="Seconds at 20 kHz.")] = 1.0,
    workload: Annotated[Workload, typer.Option(help="What to compress.")] = Workload.DEMO,
    picture: Annotated[Path, typer.Option(help="Where the picture goes.")] = Path("build/demo_waveform.png"),
) -> None:
    """Compress a second of 1024 electrodes, decode it, and draw what came back."""
    steps = round(duration * SAMPLING_HZ)
    waveform, n_made = made(workload, steps, channels)
    codec = WaveformCodec(sampling_hz=SAMPLING_HZ)
    codec.compress(waveform[: SAMPLING_HZ // 10, :32])  # compiles, if this is the first time
    began = time.perf_counter()
    data, result = codec.compress(waveform)
    encoded = time.perf_counter()
    decoded = codec.decompress(data)
    seconds = encoded - began, time.perf_counter() - encoded
    spikes = codec.decode_spikes(data)

    print(result.summary())
    print(f"{n_made} spikes made, {result.n_spikes_detected} found; Bluetooth has about 15 Mbit/s")
    speeds = [waveform.size / 1e6 / taken for taken in seconds]
    print(f"encoded at {speeds[0]:.1f}, decoded at {speeds[1]:.1f} million samples a second")
    picture.parent.mkdir(parents=True, exist_ok=True)
    title = (
        f"{channels} channels, {duration:g} s: {result.compression_ratio:.0f} times smaller, {result.mbps:.2f} Mbit/s"
    )
    draw(waveform, decoded, spikes, title).savefig(picture, dpi=110)
    print(f"picture: {picture}")


if __name__ == "__main__":
    typer.run(main)
