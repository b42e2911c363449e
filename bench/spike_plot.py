"""The plot of the spike codecs' figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.coders import CODECS, GENERAL, REFERENCE
from bench.spike_figures import Figures, Outcome, Row

LINES = {GENERAL: {"color": "#999999", "linestyle": ":"}, REFERENCE: {"color": "#999999", "linestyle": "-."}}
COLOURS = ("#33506f", "#c2452d", "#e0a030", "#5a8f5a", "#7f9bb8", "#8a6d9f", "#444444")


def write_plot(figures: Figures, path: Path) -> None:
    """Draw ratio, ratio against the bound, and speeds over density."""
    outcomes = [outcome for outcome in figures.outcomes if outcome.group == "bernoulli"]
    figure = Figure(figsize=(12, 8), layout="constrained")
    (ratio, share), (encoding, decoding) = figure.subplots(2, 2)
    percent = [100 * outcome.spikes / outcome.bins for outcome in outcomes]
    ratio.plot(percent, [outcome.bins / outcome.bound_bits for outcome in outcomes], "k--", linewidth=1, label="bound")
    share.axhline(100, color="black", linestyle="--", linewidth=1)
    for kind, name in ((GENERAL, "best general coder"), (REFERENCE, "best published codec")):
        _draw(ratio, share, outcomes, lambda outcome, kind=kind: outcome.best(kind), name, LINES[kind])
    for colour, name in zip(COLOURS, CODECS, strict=True):
        line = {"color": colour, "marker": "."}
        _draw(ratio, share, outcomes, lambda outcome, name=name: outcome.row(name), name, line)
        rows = [(x, row) for x, outcome in zip(percent, outcomes, strict=True) if (row := outcome.row(name))]
        encoding.plot([x for x, _ in rows], [row.encode_mbit_s for _, row in rows], **line)
        decoding.plot([x for x, _ in rows], [row.decode_mbit_s for _, row in rows], **line)
    _finish(ratio, "ratio to 1 bit a bin", "log")
    _finish(share, "ratio, in % of the bound's", "linear")
    _finish(encoding, "encoding, Mbit of raster a second", "log")
    _finish(decoding, "decoding, Mbit of raster a second", "log")
    figure.legend(*ratio.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    figure.savefig(path, dpi=90)


def _draw(
    ratio: Axes,
    share: Axes,
    outcomes: Sequence[Outcome],
    row_of: Callable[[Outcome], Row | None],
    name: str,
    line: dict[str, str],
) -> None:
    """Draw the ratios of one coder."""
    rows = [(outcome, row) for outcome in outcomes if (row := row_of(outcome))]
    percent = [100 * outcome.spikes / outcome.bins for outcome, _ in rows]
    if rows:
        ratio.plot(percent, [outcome.ratio(row) for outcome, row in rows], label=name, **line)
        share.plot(percent, [100 / (1 + outcome.over_bound(row)) for outcome, row in rows], **line)


def _finish(axes: Axes, title: str, scale: str) -> None:
    axes.set(xscale="log", yscale=scale, xlabel="density, %")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
