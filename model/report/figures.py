"""Figures as SVG, to be put into a page. Needs the extra `report`."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.files.extras import need

Axes = Any
"""Of Matplotlib."""

ORIGINAL, DECODED, LOST = "#9aa5b1", "#1f5fa8", "#c2452d"
WIDTH_INCHES = 10.0
DOTS_MAX = 20_000
"""Spikes that are drawn, at most."""


def svg(draw: Callable[[Axes], None], title: str, height_inches: float) -> str:
    """Return one figure as an SVG element.

    Parameters
    ----------
    draw
        Draws into the axes.
    title : str
        For those who cannot see it, too.
    height_inches : float
        Its height; all are of the same width.
    """
    figures = need("matplotlib.figure", "report", "a report")
    figure = figures.Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    data = io.StringIO()
    # Paths in place of text: it looks the same wherever it is opened. No date: the same page for the same recording.
    figure.savefig(data, format="svg", metadata={"Date": None, "Title": title})
    text = data.getvalue()
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def draw_traces(axes: Axes, original: NDArray[Any], decoded: NDArray[Any], seconds: NDArray[np.float64]) -> None:
    """Draw channels one above another, the original under what is decoded; both have shape (steps, channels)."""
    original, decoded = original.astype(np.float64), decoded.astype(np.float64)
    spacing = max(1e-12, 1.2 * float(np.ptp(original, axis=0).max(initial=0)))
    for channel in range(original.shape[1]):
        base = channel * spacing - float(np.median(original[:, channel]))
        first = channel == 0
        axes.plot(
            seconds, original[:, channel] + base, color=ORIGINAL, linewidth=3, label="original" if first else None
        )
        axes.plot(seconds, decoded[:, channel] + base, color=DECODED, linewidth=0.8, label="decoded" if first else None)
    axes.set_yticks(np.arange(original.shape[1]) * spacing, [str(channel) for channel in range(original.shape[1])])
    axes.set_ylabel("channel")
    axes.legend(loc="upper right", frameon=False, ncols=2)


def draw_raster(axes: Axes, steps: NDArray[np.int64], channels: NDArray[np.int64], step_seconds: float) -> None:
    """Draw spikes as dots, an even share of them where there are too many."""
    share = max(1, -(-steps.size // DOTS_MAX))
    axes.plot(steps[::share] * step_seconds, channels[::share], ".", markersize=2, color=DECODED)
    axes.set_ylabel("channel")
    if share > 1:
        axes.set_title(f"every {share}th of {steps.size:,} spikes", loc="left", fontsize="small")


def draw_errors(axes: Axes, errors: NDArray[np.float64]) -> None:
    """Draw how often each error occurs."""
    span = max(1.0, float(np.abs(errors).max(initial=0)))
    counts, edges = np.histogram(errors, bins=min(101, 2 * int(np.ceil(span)) + 1), range=(-span - 0.5, span + 0.5))
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=DECODED, edgecolor="white")
    axes.set_yscale("symlog")
    axes.set_xlabel("decoded less original, in units of the samples")
    axes.set_ylabel("samples")


def draw_spectra(axes: Axes, original: NDArray[Any], decoded: NDArray[Any], sampling_hz: float) -> None:
    """Draw the mean power of all channels over frequency, in decibels."""
    for samples, colour, width, label in (
        (original, ORIGINAL, 3.0, "original"),
        (decoded, DECODED, 0.8, "decoded"),
        (decoded.astype(np.float64) - original, LOST, 0.8, "error"),
    ):
        frequencies_hz, power = _spectrum(samples.astype(np.float64), sampling_hz)
        if power.any():
            axes.plot(frequencies_hz[1:], 10 * np.log10(power[1:] + 1e-12), color=colour, linewidth=width, label=label)
    axes.set_xscale("log")
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("power (dB)")
    axes.legend(loc="upper right", frameon=False, ncols=3)


def draw_parts(axes: Axes, parts: dict[str, int], label: str = "bytes") -> None:
    """Draw how much of something each part has."""
    names = list(parts)[::-1]
    bars = axes.barh(names, [parts[name] for name in names], color=DECODED)
    axes.bar_label(bars, [f" {parts[name]:,}" for name in names])
    axes.set_xscale("symlog")
    axes.set_xlabel(label)


def draw_steps(axes: Axes, edges_seconds: NDArray[np.float64], values: NDArray[np.float64], label: str) -> None:
    """Draw a value for each stretch of time."""
    axes.stairs(values, edges_seconds, color=DECODED, fill=True, alpha=0.6)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(label)


def draw_gaps(axes: Axes, gaps: list[tuple[float, float]]) -> None:
    """Shade stretches of time that are missing."""
    for index, (start, end) in enumerate(gaps):
        axes.axvspan(start, end, color=LOST, alpha=0.3, linewidth=0, label="missing" if index == 0 else None)
    if gaps:
        axes.legend(loc="upper right", frameon=False)


def _spectrum(samples: NDArray[np.float64], sampling_hz: float) -> tuple[NDArray[np.floating], NDArray[np.float64]]:
    """Return frequencies and mean power by Welch's method: halves of windows overlap, Hann's weights."""
    length = min(len(samples), 4096)
    window = np.hanning(length)[:, None]
    power = np.zeros(length // 2 + 1)
    for start in range(0, len(samples) - length + 1, max(1, length // 2)):
        piece = samples[start : start + length]
        power += (np.abs(np.fft.rfft((piece - piece.mean(axis=0)) * window, axis=0)) ** 2).mean(axis=1)
    return np.fft.rfftfreq(length, 1 / sampling_hz), power
