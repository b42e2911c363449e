"""The page of the spike codecs' figures, and its plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import fill

from bench.coders import CODECS, GENERAL, OURS, REFERENCE
from bench.spike_figures import Figures, Outcome, Row, speed
from bench.spike_limits import Limits
from bench.spike_plot import write_plot
from bench.workloads import RECORDINGS
from sim.build import ROOT

PAGE = ROOT / "docs" / "spike-codecs-results.md"
JSON = PAGE.with_suffix(".json")
PLOT = PAGE.with_suffix(".png")
RECORDING_GROUPS = frozenset(name.partition(",")[0] for name in RECORDINGS)


def publish(figures: Figures) -> Iterator[Path]:
    """Write figures, plot and page into the documentation; yield what was written."""
    JSON.write_text(figures.to_json())
    yield JSON
    write_plot(figures, PLOT)
    yield PLOT
    PAGE.write_text(page(figures))
    yield PAGE


def page(figures: Figures) -> str:
    """Return the page as Markdown."""
    published = [outcome for outcome in figures.outcomes if outcome.group not in RECORDING_GROUPS]
    recorded = [outcome for outcome in figures.outcomes if outcome.group in RECORDING_GROUPS]
    bernoulli = [outcome for outcome in figures.outcomes if outcome.group == "bernoulli"]
    parts = [
        "# Results: spike codecs side by side",
        fill(INTRODUCTION.format(machine=figures.machine), 120),
        "## Ratio",
        _table(_size_heads("ratio"), _size_rows(published, lambda outcome, row: f"{outcome.ratio(row):.2f}")),
        fill(RATIO_REMARK, 120),
        "## Real recordings: bits a spike",
        _table(
            _size_heads("bits a spike"), _size_rows(recorded, lambda outcome, row: f"{outcome.bits_per_spike(row):.2f}")
        ),
        fill(RECORDING_REMARK, 120),
        f"![Ratio and speed over density]({PLOT.name})",
        "## Speed",
        _table(["coder", *(f"{outcome.name}" for outcome in bernoulli)], _speed_rows(bernoulli)),
        fill(SPEED_REMARK, 120),
        "## Memory",
        _table(["coder", *(f"{outcome.name}" for outcome in bernoulli)], _memory_rows(bernoulli)),
        fill(MEMORY_REMARK, 120),
    ]
    if figures.limits is not None:
        parts += _limit_parts(figures.limits)
    return "\n\n".join(parts) + "\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _size_heads(measure: str) -> list[str]:
    return ["workload", "bins", "spikes", f"bound, {measure}", *CODECS, "over the bound", "best general", "published"]


def _size_rows(outcomes: Iterable[Outcome], size: Callable[[Outcome, Row], str]) -> Iterator[list[str]]:
    for outcome in outcomes:
        bound = Row("bound", OURS, outcome.bound_bits / 8, 0, 0, None, None)
        ours, general, reference = (outcome.best(kind) for kind in (OURS, GENERAL, REFERENCE))
        yield [
            outcome.title,
            f"{outcome.steps:,} x {outcome.channels:,}",
            f"{outcome.spikes:,}",
            size(outcome, bound),
            *(_bold(size(outcome, row), row == ours) if row else "-" for row in map(outcome.row, CODECS)),
            "-" if ours is None else f"{100 * outcome.over_bound(ours):+.2f} %",
            *(f"{size(outcome, row)} {row.coder}" if row else "-" for row in (general, reference)),
        ]


def _bold(text: str, bold: bool) -> str:
    return f"**{text}**" if bold else text


def _coders(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """Return name and kind of all that were measured, general coders whatever their layout."""
    found = dict.fromkeys((_plain(row), row.kind) for outcome in outcomes for row in outcome.rows)
    return list(found)


def _plain(row: Row) -> str:
    return row.coder.partition(",")[0] if row.kind == GENERAL else row.coder


def _rows_of(outcomes: Sequence[Outcome], cell: Callable[[Outcome, Row], str]) -> Iterator[list[str]]:
    for name, kind in _coders(outcomes):
        rows = [next((row for row in o.rows if (_plain(row), row.kind) == (name, kind)), None) for o in outcomes]
        cells = [cell(outcome, row) if row else "-" for outcome, row in zip(outcomes, rows, strict=True)]
        yield [f"published {name}" if kind == REFERENCE else name, *cells]


def _speed_rows(outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    return _rows_of(outcomes, lambda _, row: f"{speed(row.encode_mbit_s)} / {speed(row.decode_mbit_s)}")


def _memory_rows(outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    def share(outcome: Outcome, row: Row) -> str:
        if row.encode_peak_bytes is None or row.decode_peak_bytes is None:
            return "-"
        whole = outcome.bins + row.bytes
        return f"{row.encode_peak_bytes / whole:.2f} / {row.decode_peak_bytes / whole:.2f}"

    return _rows_of(outcomes, share)


def _limit_parts(limits: Limits) -> list[str]:
    steps = limits.scaling[0].steps
    scaling = [
        [one.codec, *(f"{a:.2f} / {b:.2f}" for a, b in zip(one.encode_ns, one.decode_ns, strict=True))]
        for one in limits.scaling
    ]
    firsts = [[one.codec, f"{one.cold_s:.1f}", f"{one.warm_s:.2f}"] for one in limits.first_results]
    frames = [
        [one.what, one.clock, f"{one.frames:,}", *(f"{t:.3f}" for t in (one.median_ms, one.p99_9_ms, one.worst_ms))]
        for one in limits.latencies
    ]
    return [
        "## Time over length",
        _table(["codec", *(f"{count:,} steps" for count in steps)], scaling),
        fill(SCALING_REMARK, 120),
        "## First result of a process",
        _table(["codec", "kernels compiled, s", "kernels from disk, s"], firsts),
        fill(FIRST_REMARK, 120),
        "## Live frames",
        _table(["streaming", "clock", "frames", "median ms", "99.9 % ms", "worst ms"], frames),
        fill(FRAMES_REMARK, 120),
    ]


INTRODUCTION = """`make bench-spikes` writes this page and its figures (`docs/spike-codecs-results.json`), all of one
run, one process, one thread ({machine}). Every stream is decoded and compared with its raster. Rasters come from
seeds in `bench/workloads.py`; the recordings are not part of the project, and the environment variable
`CORTICODEC_DATA` names their folder. Codecs have their default arguments but for what is named beside them, and for
`predictive`, which is with `predictor="auto"`. General coders are zlib-9, bz2-9, lzma-6, zstd-19, brotli-11 and blosc2
with zstd-9 and bit shuffle, each on the layout that it makes smallest: packed bits or int8, by step or by channel,
chosen on the first 1,048,576 bins of larger rasters. Published codecs are those of sc-neurocore, where it is installed,
on rasters that they can take."""
RATIO_REMARK = """Bits of the raster, one a bin, divided by all bits of the stream, header and checksums included. The
bound is that of log2 C(bins, spikes) bits: no coder that knows only the number of spikes does better on average, one
that finds structure may. Over the bound is the excess of this package's smallest stream."""
RECORDING_REMARK = """All units and their spikes in bins of the length given."""
SPEED_REMARK = """Mbit of raster a second, encoding / decoding, on the bernoulli rasters, after a first run; 1,024
channels at 20 kHz are 20.48."""
MEMORY_REMARK = """Resident memory that encoding / decoding takes beyond that of the input, the result included, as a
share of the sizes of the raster, a byte a bin, and of the stream together."""
SCALING_REMARK = """Nanoseconds a bin, encoding / decoding, of rasters of 64 channels at 1 %: level where time grows
linearly. Short recordings pay for the call."""
FIRST_REMARK = """From the start of a new Python process, imports included, to the first raster encoded and
decoded; where kernels are on disk, the median of five processes."""
FRAMES_REMARK = """A frame is 20 steps of 1,024 channels at 1 %: a millisecond at 20 kHz. The processor's clock leaves
out what else the machine does."""
