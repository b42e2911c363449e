"""The page of results: real recordings through the RTL."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

from rich.console import Console

from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.raster import encode_packets
from sim.build import ROOT
from sim.figures import FAST, Figures, Size, Verdict, judge, size_of_packets
from sim.options import make_request
from sim.recording import simulate, stream
from sim.report import count_or_dash

PAGE = ROOT / "docs" / "results.md"
PAUSES = 0.1
"""Chance of a pause in each cycle, on both sides, in the second run of each recording."""
LONG_EPOCH_STEPS = 5000
"""Epochs with which the page shows what framing costs."""


class Source(NamedTuple):
    """A recording of the page: its path within the data folder, and what it is."""

    name: str
    path: str
    about: str


SOURCES = (
    Source("neuropixels", "spikes/neuropixels", "Neuropixels probe, Kilosort output"),
    Source("mc_maze", "spikes/mc_maze/trial_748_data.csv", "macaque motor cortex, one trial"),
    Source("retina", "spikes/retina/Sun2008_X026P11R-MEME1.h5", "developing retina, waves"),
    Source("linear track", "spikes/hippocampus/linear-track_spikes.mat", "rat CA1, tetrodes"),
    Source("all_unit", "spikes/hippocampus/all_unit.mat", "rat hippocampus"),
)


class OtherPage(NamedTuple):
    """Another page of results in `docs/`: what is on it, and the make target that writes it."""

    about: str
    page: str
    target: str


OTHER_PAGES = (
    OtherPage("spike codecs beside general coders: size, speed, memory", "spike-codecs-results.md", "bench-spikes"),
    OtherPage("raw waveforms beside other coders: ratio, speed, error", "waveforms.md", "bench-waveform"),
    OtherPage("SpikeInterface's recordings in Zarr beside other compressors", "stores.md", "bench-stores"),
    OtherPage("damage on the link and to the hardware's state, and what of it shows", "faults.md", "faults"),
    OtherPage("area and clock on FPGAs and in gates", "silicon.md", "synth"),
    OtherPage("properties that are proven, block by block", "formal.md", "formal"),
    OtherPage("small changes to the hardware that proofs and benches notice", "mutation.md", "mutate"),
)


class Run(NamedTuple):
    """What came of a recording.

    Attributes
    ----------
    source : Source
        Which one.
    figures : Figures
        Without pauses.
    long_epochs : Size
        What the fast path makes of it in epochs of `LONG_EPOCH_STEPS`.
    paused_cycles_per_word : float
        With pauses on both sides.
    paused_verdict : Verdict
        Whether the output was right then, too.
    """

    source: Source
    figures: Figures
    long_epochs: Size
    paused_cycles_per_word: float
    paused_verdict: Verdict

    @property
    def differences(self) -> tuple[str, ...]:
        """What is wrong with either output."""
        return self.figures.verdict.differences + self.paused_verdict.differences


def data_folder() -> Path:
    """Return the folder of the real recordings, which may be absent."""
    return Path(os.environ.get("CORTICODEC_DATA", ROOT.parent / "shared" / "data"))


def run_all(console: Console) -> list[Run]:
    """Send every recording that is there through the RTL, without pauses and with.

    Raises
    ------
    ValueError
        None is there.
    BuildError
        The RTL cannot be compiled, or it hangs.
    """
    data = data_folder()
    runs = []
    for source in SOURCES:
        if (data / source.path).exists():
            console.print(f"{source.name}: {source.about}")
            runs.append(_run(source, data / source.path, console))
        else:
            console.print(f"{source.name}: skipped, since {data / source.path} does not exist")
    if not runs:
        raise ValueError(f"data folder {data} has none of the recordings; name another in CORTICODEC_DATA")
    return runs


def _run(source: Source, path: Path, console: Console) -> Run:
    figures = stream(make_request(data=path), console)
    paused = make_request(data=path, gaps=PAUSES, stalls=PAUSES).stimulus
    capture = simulate(paused, console)
    verdict = judge(paused, capture, FAST, encode_packets(paused.raster, paused.settings))
    in_long_epochs = encode_packets(paused.raster, replace(paused.settings, epoch_steps=LONG_EPOCH_STEPS))
    long_epochs = size_of_packets(in_long_epochs, paused.raster)
    return Run(source, figures, long_epochs, capture.cycles_per_word, verdict)


def page(runs: Sequence[Run]) -> str:
    """Return the page as Markdown."""
    settings = asdict(runs[0].figures.settings)
    introduction = INTRODUCTION.format(
        lanes=runs[0].figures.lanes,
        pauses=PAUSES,
        settings=", ".join(f"`{name}` {value}" for name, value in settings.items()),
    )
    parts = ["# Results: real recordings through the hardware", fill(introduction, 120)]
    for title, remark, columns in SECTIONS:
        parts += [f"## {title}", _table(columns, runs), fill(remark, 120)]
    commands = "\n".join(f'python -m sim recording --data "$CORTICODEC_DATA/{run.source.path}"' for run in runs)
    parts += ["## Each by itself", f"```\n{commands}\n```", "With pauses; without them: `--gaps 0 --stalls 0`."]
    parts += ["## Other results", _other_results()]
    return "\n\n".join(parts) + "\n"


Column = tuple[str, Callable[[Run], str]]


def _table(columns: Sequence[Column], runs: Sequence[Run]) -> str:
    rows = [
        ["recording", *(name for name, _ in columns)],
        ["---", *("---:" for _ in columns)],
        *([run.source.name, *(cell(run) for _, cell in columns)] for run in runs),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _other_results() -> str:
    rows = ["| what | page | written by |", "| --- | --- | --- |"]
    rows += [f"| {one.about} | [{one.page}]({one.page}) | `make {one.target}` |" for one in OTHER_PAGES]
    return "\n".join(rows)


def _framing(run: Run) -> str:
    """Return the share of the output that is not payload."""
    packets, interval = len(run.figures.packet_bits), run.figures.settings.keyframe_interval
    framing = packets * (HEADER_BYTES + TRAILER_BYTES) + -(-packets // interval) * SETTINGS_BYTES
    return f"{100 * framing / run.figures.output.bytes:.0f} %"


def _bits(size: Size) -> str:
    return f"{size.bits_per_spike:.3f} ({size.bits_per_bin:.5f})"


def _general_coder(size: Size) -> str:
    return f"{_bits(size)} {size.coder.partition(', ')[2]}"


INTRODUCTION = """`make results` writes this page. Each recording, in bins of 1 ms, goes twice through the generated
RTL, compiled with CXXRTL, {lanes} lanes: without pauses, and with random ones, which begin with a chance of {pauses}
in each cycle, on either side. Both times every byte must equal the fast path's, and the bytes must decode to the
recording. Settings are the defaults: {settings}. The recordings are not part of the project; the environment variable
`CORTICODEC_DATA` names their folder."""

RECORDINGS: tuple[Column, ...] = (
    ("what", lambda run: run.source.about),
    ("units", lambda run: f"{run.figures.channels}"),
    ("seconds", lambda run: f"{run.figures.steps * run.figures.bin_ms / 1000:,.1f}"),
    ("bins", lambda run: f"{run.figures.bins:,}"),
    ("spikes", lambda run: f"{run.figures.spikes:,}"),
    ("errors after prediction", lambda run: f"{run.figures.errors:,}"),
)
RECORDINGS_REMARK = """Spikes of one unit in one bin count as one. Where errors are as many as spikes, the predictor,
which by default expects a spike where the rate is above 1/2, expected none."""

SIZES: tuple[Column, ...] = (
    ("bytes", lambda run: f"{run.figures.output.bytes:,}"),
    ("framing", _framing),
    ("ratio", lambda run: f"{1 / run.figures.output.bits_per_bin:.2f}"),
    ("Corticodec", lambda run: _bits(run.figures.output)),
    (f"in epochs of {LONG_EPOCH_STEPS:,}", lambda run: _bits(run.long_epochs)),
    ("Shannon bound", lambda run: _bits(run.figures.shannon_bound)),
    ("zlib-9", lambda run: _general_coder(run.figures.sizes[3])),
    ("zstd-19", lambda run: _general_coder(run.figures.sizes[4])),
)
SIZES_REMARK = """Bits a spike, in parentheses bits a bin, of the whole output. Framing is its share of headers,
settings and checksums: every packet has the same, so that it is large where an epoch has few spikes. The column after
Corticodec's is what the fast path makes of the recording in longer epochs, where a lost packet costs more steps. The
ratio is to the raster at 1 bit a bin. The Shannon bound is that of independent bins, all with the recording's
density; who knows more than the density may do better. zlib and zstd compress the whole recording, packed to bits, at
once, in the better order of bins; the order by channel begins only when the recording has ended."""

TIMES: tuple[Column, ...] = (
    ("equal, and decoded equal", lambda run: "; ".join(run.differences) or "yes"),
    ("words", lambda run: f"{run.figures.words:,}"),
    ("cycles", lambda run: f"{run.figures.cycles:,}"),
    ("cycles a word", lambda run: f"{run.figures.cycles_per_word:.4f}"),
    ("longest wait", lambda run: count_or_dash(run.figures.longest_wait_cycles)),
    ("of which in the encoder", lambda run: count_or_dash(run.figures.longest_wait_in_encoder_cycles)),
    ("stalls", lambda run: f"{run.figures.stall_cycles:,}"),
    ("cycles a word with pauses", lambda run: f"{run.paused_cycles_per_word:.4f}"),
    ("simulated cycles a second", lambda run: f"{run.figures.simulated_cycles_per_s / 1e6:.1f} million"),
)
TIMES_REMARK = """Clock cycles, without pauses but in the last column but one. The longest wait is from a bin to the
byte with the last bit of its codeword, which leaves once the errors that follow, or the epoch's end, have filled it;
what the encoder adds to that is in the column after. Stalls are cycles in which a word had to wait."""

SECTIONS = (
    ("The recordings", RECORDINGS_REMARK, RECORDINGS),
    ("Size", SIZES_REMARK, SIZES),
    ("Time", TIMES_REMARK, TIMES),
)
