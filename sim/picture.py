"""The picture of a run: raster, errors after prediction and bits per epoch over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.figures import Figures
from sim.loaders import Recording
from sim.waits import Codewords

SPIKE_COLOUR = "#33506f"
MISSED_COLOUR = "#c2452d"
UNFULFILLED_COLOUR = "#e0a030"
PACKET_COLOUR = "#7f9bb8"
DOTS_MAX = 20_000
"""From so many dots on, each is a pixel."""


def write_picture(recording: Recording, figures: Figures, codewords: Codewords, path: Path) -> None:
    """Draw a run."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    spikes, errors, bits = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 2))
    bits.set_xlim(0, figures.steps * figures.bin_ms / 1000)
    _draw_spikes(spikes, recording, figures)
    _draw_errors(errors, recording, figures, codewords)
    _draw_packets(bits, figures)
    for axes in (spikes, errors, bits):
        axes.spines[["top", "right"]].set_visible(False)
    figure.align_ylabels()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def _draw_spikes(axes: Axes, recording: Recording, figures: Figures) -> None:
    axes.set_title(f"{figures.recording}: {figures.spikes:,} spikes", loc="left")
    steps, channels = np.nonzero(recording.raster)
    _dots(axes, figures, steps, channels, SPIKE_COLOUR, "spike")


def _draw_errors(axes: Axes, recording: Recording, figures: Figures, codewords: Codewords) -> None:
    axes.set_title(f"{figures.errors:,} errors after prediction", loc="left")
    steps, channels = np.divmod(codewords.bins, figures.channels)
    missed = recording.raster[steps, channels] == 1
    for kind, colour, label in (
        (missed, MISSED_COLOUR, "spikes not predicted"),
        (~missed, UNFULFILLED_COLOUR, "predicted spikes that did not come"),
    ):
        name = f"{np.count_nonzero(kind):,} {label}"
        _dots(axes, figures, steps[kind], channels[kind], colour, name)
    _legend(axes, marker_scale=4)


def _draw_packets(axes: Axes, figures: Figures) -> None:
    epoch_steps, seconds = figures.settings.epoch_steps, figures.bin_ms / 1000
    axes.set_title(f"bits per epoch of {epoch_steps:,} steps", loc="left")
    edges = np.minimum(np.arange(len(figures.packet_bits) + 1) * epoch_steps, figures.steps) * seconds
    axes.bar(
        edges[:-1],
        figures.packet_bits,
        np.diff(edges),
        align="edge",
        color=PACKET_COLOUR,
        edgecolor="white",
        linewidth=0.5,
        label="packet, header and trailer included",
    )
    bound = figures.shannon_bound.bits_per_bin * epoch_steps * figures.channels
    axes.axhline(bound, color="black", linestyle="--", linewidth=1, label="Shannon bound, the recording's mean")
    axes.set_ylabel("bits")
    axes.set_xlabel("time (s)")
    _legend(axes, marker_scale=1)


def _dots(
    axes: Axes, figures: Figures, steps: NDArray[np.intp], channels: NDArray[np.intp], colour: str, label: str
) -> None:
    small = len(steps) > DOTS_MAX
    axes.plot(
        steps * figures.bin_ms / 1000,
        channels,
        linestyle="",
        marker="," if small else ".",
        markersize=2.5,
        markeredgewidth=0.5 if small else 0,
        color=colour,
        label=label,
    )
    axes.set_ylim(-0.5, figures.channels - 0.5)
    axes.set_ylabel("channel")


def _legend(axes: Axes, marker_scale: float) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, markerscale=marker_scale)
