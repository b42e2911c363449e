"""The plot of the spike codecs' figures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from matplotlib.figure import Figure

from bench.coders import CODECS, GENERAL, REFERENCE
from bench.spike_figures import Figures, Outcome

COLOURS = ("#33506f", "#c2452d", "#e0a030", "#5a8f5a", "#7f9bb8", "#8a6d9f", "#444444")


def write_plot(figures: Figures, path: Path) -> None:
    """Draw ratio and speed over density."""
    bernoulli = [outcome for outcome in figures.outcomes if outcome.group == "bernoulli"]
    percent = [100 * outcome.spikes / outcome.bins for outcome in bernoulli]
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    ratio, speed = figure.subplots(1, 2)
    ratio.plot(percent, [o.bins / o.bound_bits for o in bernoulli], "k--", label="bound", linewidth=1)
    ratio.plot(percent, _best(bernoulli, GENERAL), ":", color="#999999", label="best general coder")
    if all(outcome.best(REFERENCE) for outcome in bernoulli):
        ratio.plot(percent, _best(bernoulli, REFERENCE), "-.", color="#999999", label="best published codec")
    for colour, name in zip(COLOURS, CODECS, strict=True):
        rows = [outcome.row(name) for outcome in bernoulli]
        found = [(x, o, row) for x, o, row in zip(percent, bernoulli, rows, strict=True) if row]
        at = [x for x, _, _ in found]
        ratio.plot(at, [o.ratio(row) for _, o, row in found], ".-", color=colour, label=name)
        speed.plot(at, [row.encode_mbit_s for _, _, row in found], ".-", color=colour, label=f"{name}, encoding")
        speed.plot(at, [row.decode_mbit_s for _, _, row in found], ".--", color=colour, linewidth=0.8)
    for axes, title in ((ratio, "ratio to 1 bit a bin"), (speed, "Mbit of raster a second; dashed: decoding")):
        axes.set(xscale="log", yscale="log", xlabel="density, %")
        axes.set_title(title, loc="left")
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _best(outcomes: Iterable[Outcome], kind: str) -> list[float]:
    return [outcome.ratio(row) for outcome in outcomes if (row := outcome.best(kind))]
