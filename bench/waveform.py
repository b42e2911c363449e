"""The waveform codec beside what wheels exist for: `python -m bench.waveform`, or `make bench-waveform`."""

from __future__ import annotations

import json
import platform
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from bench.file_coders import HYBRID_BITS, has_wavpack, mtscomp_coder, unpacked, wavpack, wavpack_coders
from bench.measure import REPEAT_S, measure
from bench.waveform_coders import Coder, Samples, coders, own_coder, truncated
from bench.waveform_spikes import SpikeRow, measure_spikes, spike_tables, spike_workloads
from bench.waveform_streams import LONG_MINUTES, StreamRow, stream_rows, stream_table
from bench.waveform_workloads import Workload, workloads
from model import WaveformCodec
from model.synth import realistic_waveform
from sim.build import ROOT

PAGE = ROOT / "docs" / "waveforms.md"
SCRATCH = Path("build/bench/waveforms.md")
INTRODUCTION = """
Written by `make bench-waveform` on {machine}. Ratios are against int16; what every coder gives back was compared. All
run on one thread, and all but this package and mtscomp get one channel at a time, which suits them best. What takes
less than {repeat_s:g} s is repeated for so long, and its best run counts. {wavpack}
"""
WAVPACK = {
    True: "WavPack is its command, whose levels 1, 2 and 3 are `-f`, none and `-h`; its files lie in memory.",
    False: "WavPack's command is not installed here (`apt-get install wavpack`), so that it is left out.",
}
STREAMS = """
Recordings that go through `WaveformWriter` and `WaveformReader` a block at a time: millions of samples a second, on all
processors, and memory beyond what was in use before. The last is {minutes} minutes long.
"""
SPIKES = """
Of the modes that keep spikes, with their defaults. Ratios are against int16, rates those of samples at 20 kHz. LFP and
snippets: signal to error below 300 Hz and in the spikes. Kept: recall and precision of what a detector finds in the
decoded waveform, against what it finds in the original, channel by channel. True: recall of the spikes of neurons above
6 times the noise, and precision, against what the recording was made of, on the channel where a neuron is largest.
"""
EFFORT = """
Encoding and decoding in millions of samples a second (1024 channels at 20 kHz are 20.5), fidelity measured on the way;
memory beyond the samples; what the bytes are.
"""
HYBRID = "WavPack hybrid"
CLOCK_S = 1e-9
"""The unit of the processors' clock, which may stand still over a few microseconds."""


@dataclass(frozen=True)
class Row:
    """A coder on a workload; speeds are in megabytes of samples for a second of one processor's time."""

    workload: str
    coder: str
    raw_bytes: int
    compressed_bytes: int
    encode_mb_s: float
    decode_mb_s: float
    peak_mb: float | None

    @property
    def ratio(self) -> float:
        """Size of the int16 samples, divided by that of the bytes."""
        return self.raw_bytes / self.compressed_bytes


@dataclass(frozen=True)
class LossyRow:
    """A lossy coder at one bound, or at one rate that sets none; errors are in units of the samples."""

    workload: str
    coder: str
    bound: int | None
    ratio: float
    rms_error: float
    worst_error: float


def all_coders() -> Iterator[Coder]:
    """Yield all coders that can be had."""
    yield from coders()
    yield from wavpack_coders()
    if find_spec("mtscomp"):
        yield mtscomp_coder()


def run(quick: bool, console: Console) -> tuple[list[Row], list[LossyRow], list[SpikeRow], list[StreamRow]]:
    """Measure everything; print each workload's table as it is done."""
    for preset in ("best", "fast"):
        _warm_up(own_coder(preset))
    rows, lossy = list[Row](), list[LossyRow]()
    for workload in workloads(quick):
        waveforms = workload.make()
        of_workload = []
        for coder in all_coders():
            with console.status(f"{workload.name}: {coder.name}"):
                of_workload.append(measure_coder(workload.name, coder, waveforms))
        console.print(table_of(of_workload))
        rows += of_workload
        lossy += lossy_rows(workload, waveforms)
    spikes, streams = list(spike_rows(quick, console)), []
    for stream in stream_rows(quick):
        console.print(stream)
        streams.append(stream)
    return rows, lossy, spikes, streams


def spike_rows(quick: bool, console: Console) -> Iterator[SpikeRow]:
    """Yield the modes that keep spikes on each of their workloads; print what they reach."""
    for name, make, modes in spike_workloads(quick):
        made = make()
        for mode in modes:
            with console.status(f"{name}: {mode}"):
                row = measure_spikes(name, made, mode)
            for heads, cells in spike_tables([row]):
                console.print(", ".join(f"{head} {cell}" for head, cell in zip(heads, cells, strict=True)))
            yield row


def _warm_up(coder: Coder) -> None:
    samples = realistic_waveform(300, 3)[0]
    coder.decode(coder.encode(samples), samples.shape)


def measure_coder(workload: str, coder: Coder, waveforms: list[Samples]) -> Row:
    """Return size and speed of a coder.

    Raises
    ------
    RuntimeError
        What is decoded differs from what was encoded.
    """
    encoded = measure(lambda: [coder.encode(samples) for samples in waveforms], processor_s)
    pairs = list(zip(encoded.result, waveforms, strict=True))
    decoded = measure(lambda: [coder.decode(data, samples.shape) for data, samples in pairs], processor_s)
    if not all(map(np.array_equal, decoded.result, waveforms)):
        raise RuntimeError(f"{coder.name} does not give back {workload}")
    raw_bytes = sum(samples.nbytes for samples in waveforms)
    return Row(
        workload=workload,
        coder=coder.name,
        raw_bytes=raw_bytes,
        compressed_bytes=sum(len(part) for data in encoded.result for part in data),
        encode_mb_s=raw_bytes / 1e6 / max(encoded.seconds, CLOCK_S),
        decode_mb_s=raw_bytes / 1e6 / max(decoded.seconds, CLOCK_S),
        peak_mb=None if encoded.peak_bytes is None or coder.is_command else encoded.peak_bytes / 1e6,
    )


def processor_s() -> float:
    """Return the processors' seconds so far, of commands too: what else runs on the machine hardly counts."""
    commands = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + commands.ru_utime + commands.ru_stime


def lossy_rows(workload: Workload, waveforms: list[Samples]) -> Iterator[LossyRow]:
    """Yield the bounded mode and bits cut off, both coded by `best`, at each of a workload's bounds, and WavPack's."""
    lossless = WaveformCodec("lossless", workers=1, chunk_steps=1 << 17)
    for bound in workload.bounds:
        codec = WaveformCodec("bounded", max_error=bound, workers=1, chunk_steps=1 << 17)
        streams = [codec.compress(samples)[0] for samples in waveforms]
        yield _lossy_row(workload.name, "corticodec bounded", bound, waveforms, streams, map(codec.decompress, streams))
        cut = [truncated(samples, bound) for samples in waveforms]
        streams = [lossless.compress(samples)[0] for samples in cut]
        yield _lossy_row(workload.name, "bits cut off", bound, waveforms, streams, cut)
    for bits in HYBRID_BITS if workload.bounds and has_wavpack() else ():
        streams = [wavpack(samples, f"-b{bits}") for samples in waveforms]
        decoded = [unpacked(data, samples.shape) for data, samples in zip(streams, waveforms, strict=True)]
        yield _lossy_row(workload.name, HYBRID, None, waveforms, streams, decoded)


def _lossy_row(
    workload: str,
    coder: str,
    bound: int | None,
    waveforms: list[Samples],
    streams: list[bytes],
    decoded: Iterable[np.ndarray],
) -> LossyRow:
    errors = [got.astype(np.int64) - samples for got, samples in zip(decoded, waveforms, strict=True)]
    raw_bytes = sum(samples.nbytes for samples in waveforms)
    samples = sum(error.size for error in errors)
    return LossyRow(
        workload=workload,
        coder=coder,
        bound=bound,
        ratio=raw_bytes / sum(map(len, streams)),
        rms_error=float(np.sqrt(sum(float(np.square(error).sum()) for error in errors) / samples)),
        worst_error=float(max(np.abs(error).max() for error in errors)),
    )


def table_of(rows: list[Row]) -> Table:
    """Return the rows of a workload as a table, the smallest in bold."""
    table = Table("coder", title=rows[0].workload, title_justify="left")
    for heading in ("ratio", "encode\nMB/CPU s", "decode\nMB/CPU s", "memory\nMB"):
        table.add_column(heading, justify="right")
    best = max(rows, key=lambda row: row.ratio)
    for row in rows:
        table.add_row(*_cells(row), style="bold" if row is best else None)
    return table


def _cells(row: Row) -> list[str]:
    memory = "-" if row.peak_mb is None else f"{row.peak_mb:.0f}"
    return [row.coder, f"{row.ratio:.3f}", f"{row.encode_mb_s:.1f}", f"{row.decode_mb_s:.1f}", memory]


def _lossy_cells(row: LossyRow) -> list[str]:
    bound = "-" if row.bound is None else f"{row.bound}"
    return [row.workload, row.coder, bound, f"{row.ratio:.2f}", f"{row.rms_error:.2f}", f"{row.worst_error:.0f}"]


def page(
    rows: list[Row], lossy: list[LossyRow], spikes: list[SpikeRow], streams: list[StreamRow], plot: str, machine: str
) -> str:
    """Return the figures as Markdown."""
    names = list(dict.fromkeys(row.coder for row in rows))
    kinds = list(dict.fromkeys(row.workload for row in rows))
    of = {(row.workload, row.coder): row for row in rows}
    ratios = [[kind, *(f"{of[kind, name].ratio:.3f}" for name in names)] for kind in kinds]
    speeds = [
        [kind, *(f"{of[kind, name].encode_mb_s:.0f} / {of[kind, name].decode_mb_s:.0f}" for name in names)]
        for kind in kinds
    ]
    memory = [[kind, *(_cells(of[kind, name])[-1] for name in names)] for kind in kinds]
    errors = [_lossy_cells(row) for row in lossy]
    quality, effort = spike_tables(spikes)
    long = stream_table(streams)
    wavpack_note = WAVPACK[any(row.coder.startswith("WavPack") for row in rows)]
    parts = [
        "# Results: raw waveforms side by side",
        fill(" ".join(INTRODUCTION.format(machine=machine, repeat_s=REPEAT_S, wavpack=wavpack_note).split()), 120),
        "## Ratio, without loss",
        _markdown(["workload", *names], ratios),
        "## Speed: megabytes for a second of one processor, encoding / decoding",
        _markdown(["workload", *names], speeds),
        "## Memory while encoding, beyond the samples, in MB",
        _markdown(["workload", *names], memory),
        "## With an error that is never exceeded",
        _markdown(["workload", "coder", "allowed", "ratio", "rms error", "worst error"], errors),
        f"![Ratio over error]({plot})",
        "## Spikes and background",
        fill(" ".join(SPIKES.split()), 120),
        _markdown(quality[0], quality[1:]),
        fill(" ".join(EFFORT.split()), 120),
        _markdown(effort[0], effort[1:]),
        "## As they come",
        fill(" ".join(STREAMS.format(minutes=LONG_MINUTES).split()), 120),
        _markdown(long[0], long[1:]),
    ]
    return "\n\n".join(parts) + "\n"


def _markdown(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_plot(lossy: list[LossyRow], path: Path) -> None:
    """Draw ratio over error."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    styles = {"corticodec bounded": "o-", "bits cut off": "s:", HYBRID: "^--"}
    for index, workload in enumerate(dict.fromkeys(row.workload for row in lossy)):
        for coder, style in styles.items():
            found = [row for row in lossy if (row.workload, row.coder) == (workload, coder)]
            errors, ratios = [row.rms_error for row in found], [row.ratio for row in found]
            if found:
                axes.plot(errors, ratios, style, color=f"C{index}", label=f"{workload}: {coder}")
    axes.set(xlabel="rms error, LSB", ylabel="ratio to int16", xscale="log", yscale="log")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def main(
    quick: Annotated[bool, typer.Option(help="Small workloads, and nothing written into docs/.")] = False,
) -> None:
    """Measure the waveform codec beside general, audio and numerical compressors."""
    console = Console()
    rows, lossy, spikes, streams = run(quick, console)
    target = SCRATCH if quick else PAGE
    target.parent.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Sequence[Any]] = {"rows": rows, "bounded": lossy, "spikes": spikes, "streams": streams}
    figures = {name: [asdict(row) for row in part] for name, part in tables.items()}
    target.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
    write_plot(lossy, target.with_suffix(".png"))
    machine = f"Python {platform.python_version()}, {platform.machine()}"
    target.write_text(page(rows, lossy, spikes, streams, target.with_suffix(".png").name, machine))
    console.print(f"Figures: {target}, .json, .png", highlight=False)


if __name__ == "__main__":
    typer.run(main)
