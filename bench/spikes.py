"""The spike codecs beside general compressors and the published library: `python -m bench.spikes`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from bench.coders import OURS, REFERENCE, Coder, general_coders, own_coders, published_coders, published_library
from bench.measure import measure
from bench.spike_figures import Figures, Outcome, Row, speed
from bench.spike_limits import Limits, measure_limits
from bench.spike_page import publish
from bench.workloads import Workload, all_workloads, bursts_raster
from model.bounds import combination_bits
from model.synth import bernoulli_raster

QUICK_GROUPS = ("table", "bursts", "mc_maze")
QUICK_STEPS, QUICK_FRAMES = (200, 2_000, 20_000), 1000
LABELS = {REFERENCE: "published "}
"""What a coder's name begins with in the table, by its kind."""


def run(workloads: Iterable[Workload], console: Console) -> Iterator[Outcome]:
    """Yield what the coders make of each workload."""
    for coder in own_coders():
        warm_up(coder)
    if isinstance(library := published_library(), str):
        console.print(library)
    for workload in workloads:
        with console.status(f"making {workload.title}") as status:
            raster = workload.make()
            spikes = int(np.count_nonzero(raster))
            outcome = Outcome(
                workload.group, workload.name, *raster.shape, spikes, combination_bits(raster.size, spikes), ()
            )
            for coder in (*own_coders(), *general_coders(raster), *published_coders(raster.size)):
                status.update(f"{workload.title}: {coder.name}")
                row = measure_coder(coder, raster)
                outcome = replace(outcome, rows=(*outcome.rows, row))
        console.print(table_of(outcome))
        yield outcome


def warm_up(coder: Coder) -> None:
    """Have a codec's kernels compiled: for rasters sparse and dense, large and small, with and without structure."""
    together = np.repeat(bernoulli_raster(0.02, 4000, 8), 8, axis=1)
    for raster in (bernoulli_raster(0.01, 100, 64), bernoulli_raster(0.3, 5000, 64), together, bursts_raster()):
        coder.decode(coder.encode(raster), raster.shape)


def measure_coder(coder: Coder, raster: np.ndarray) -> Row:
    """Return size, speed and memory of a coder.

    Raises
    ------
    RuntimeError
        What is decoded differs from what was encoded.
    """
    encoded = measure(lambda: coder.encode(raster))
    decoded = measure(lambda: coder.decode(encoded.result, raster.shape))
    if not np.array_equal(decoded.result, raster):
        raise RuntimeError(f"{coder.name} does not give back its raster")
    return Row(
        coder=coder.name,
        kind=coder.kind,
        bytes=len(encoded.result),
        encode_mbit_s=raster.size / encoded.seconds / 1e6,
        decode_mbit_s=raster.size / decoded.seconds / 1e6,
        encode_peak_bytes=encoded.peak_bytes,
        decode_peak_bytes=decoded.peak_bytes,
    )


def table_of(outcome: Outcome) -> Table:
    """Return the rows of a workload as a table of at most 100 columns, the smallest of each kind in bold."""
    title = (
        f"{outcome.title}: {outcome.steps:,} x {outcome.channels:,} bins, {outcome.spikes:,} spikes, "
        f"bound {outcome.bins / outcome.bound_bits:.2f} ({outcome.bound_bits / outcome.spikes:.2f} bits a spike)"
    )
    table = Table("coder", title=title, title_justify="left")
    for heading in ("ratio", "to bound", "bits/spike", "encode\nMbit/s", "decode\nMbit/s", "memory\nMB"):
        table.add_column(heading, justify="right")
    for number, row in enumerate(outcome.rows):
        last_of_kind = number + 1 == len(outcome.rows) or outcome.rows[number + 1].kind != row.kind
        table.add_row(
            LABELS.get(row.kind, "") + row.coder,
            f"{outcome.ratio(row):.2f}",
            f"{100 * outcome.over_bound(row):+.1f} %",
            f"{outcome.bits_per_spike(row):.2f}",
            speed(row.encode_mbit_s),
            speed(row.decode_mbit_s),
            "-" if row.encode_peak_bytes is None else f"{row.encode_peak_bytes / 1e6:.1f}",
            end_section=last_of_kind,
            style="bold" if row == outcome.best(row.kind) and row.kind == OURS else None,
        )
    return table


def limit_tables(limits: Limits) -> Iterator[Table]:
    """Yield the limits as tables of at most 100 columns."""
    table = Table("codec", title="Nanoseconds a bin, encoding / decoding, by the steps of the recording")
    for count in limits.scaling[0].steps:
        table.add_column(f"{count:,}", justify="right")
    for scaling in limits.scaling:
        pairs = zip(scaling.encode_ns, scaling.decode_ns, strict=True)
        table.add_row(scaling.codec, *(f"{encode:.2f} / {decode:.2f}" for encode, decode in pairs))
    yield table
    table = Table("codec", title="First result of a process, in seconds")
    for heading in ("kernels compiled", "kernels from disk"):
        table.add_column(heading, justify="right")
    for first in limits.first_results:
        table.add_row(first.codec, f"{first.cold_s:.1f}", f"{first.warm_s:.2f}")
    yield table
    table = Table("streaming, 1024 x 20", "clock", title="A frame of a live stream, in milliseconds")
    for heading in ("frames", "median", "99.9 %", "worst"):
        table.add_column(heading, justify="right")
    for latency in limits.latencies:
        times = (latency.median_ms, latency.p99_9_ms, latency.worst_ms)
        table.add_row(latency.what, latency.clock, f"{latency.frames:,}", *(f"{time:.4f}" for time in times))
    yield table


def machine() -> str:
    """Return what the figures were measured on."""
    names = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    name = names[0] if names else platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _cpu_lines() -> list[str]:
    cpu_info = Path("/proc/cpuinfo")
    return cpu_info.read_text().splitlines() if cpu_info.exists() else []


def main(
    quick: Annotated[bool, typer.Option(help="Only small workloads, and short runs of the limits.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only workloads of this group; may be given again.")] = None,
    limits: Annotated[bool, typer.Option(help="Measure long recordings, first results and live frames, too.")] = True,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench/spikes.json"),
) -> None:
    """Measure the spike codecs; a run that is neither quick nor partial writes docs/spike-codecs-results.md."""
    groups = tuple(only) if only else QUICK_GROUPS if quick else None
    known = {workload.group for workload in all_workloads()}
    if groups and not known.issuperset(only or ()):
        raise typer.BadParameter(f"--only must be one of {', '.join(sorted(known))}, not {', '.join(only or ())}")
    console = Console()
    chosen = [workload for workload in all_workloads() if groups is None or workload.group in groups]
    outcomes = tuple(run(chosen, console))
    measured = None
    if limits:
        with console.status("long recordings, first results, live frames"):
            measured = measure_limits(QUICK_STEPS, QUICK_FRAMES) if quick else measure_limits()
        for table in limit_tables(measured):
            console.print(table)
    figures = Figures(machine(), outcomes, measured)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(figures.to_json())
    console.print(f"Figures: {output}")
    if groups is None and measured is not None:
        for path in publish(figures):
            console.print(f"Written: {path}")


if __name__ == "__main__":
    typer.run(main)
