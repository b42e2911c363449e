"""The report of a run: tables for the terminal, and JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.figures import Figures, Size

WIDTH = 80
"""Columns of a terminal that show all of a report."""
YES, NO = Text("yes", "bold green"), Text("NO", "bold red")

Row = tuple[str, str | Text, str]


def print_report(figures: Figures, console: Console) -> None:
    """Print the figures of a run."""
    console.width = min(console.width, WIDTH)
    console.print(_size_table(figures), "", _run_table(figures))
    for note in figures.notes:
        console.print(Text(f"Note: {note}"))
    for difference in figures.verdict.differences:
        console.print(Text(f"Wrong: {difference}", "bold red"))


def count_or_dash(count: int | None) -> str:
    """Return a number as a report shows it; a dash if there is none."""
    return "-" if count is None else f"{count:,}"


def write_json(figures: Figures, path: Path) -> None:
    """Write the figures of a run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = asdict(figures) | {
        "sizes": [size._asdict() for size in figures.sizes],
        "verdict": figures.verdict._asdict(),
    }
    path.write_text(json.dumps(fields, indent=2) + "\n")


def _size_table(figures: Figures) -> Table:
    title = f"{figures.recording}: {figures.channels:,} channels, {figures.steps:,} steps of {figures.bin_ms:g} ms"
    caption = "zlib and zstd compress the raster packed to bits, in the better order of bins."
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, title=title, title_style="bold", caption=caption)
    table.title_justify = table.caption_justify = "left"
    table.add_column("size", width=26)
    for column, width in (("bytes", 12), ("bits a bin", 10), ("bits a spike", 12), ("ratio", 7)):
        table.add_column(column, justify="right", width=width)
    for size in figures.sizes:
        table.add_row(size.coder, *_cells(size), style="bold" if size is figures.output else None)
    return table


def _cells(size: Size) -> tuple[str, ...]:
    per_spike = "-" if size.bits_per_spike is None else f"{size.bits_per_spike:.3f}"
    ratio = f"{1 / size.bits_per_bin:.2f}" if size.bits_per_bin else "-"
    return f"{size.bytes:,}", f"{size.bits_per_bin:.5f}", per_spike, ratio


def _run_table(figures: Figures) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_header=False, show_edge=False)
    table.add_column("figure", width=26)
    table.add_column("value", justify="right", width=12)
    table.add_column("remark", style="dim", width=36)
    for rows in (_raster_rows(figures), _verdict_rows(figures), _timing_rows(figures)):
        for row in rows:
            table.add_row(*row)
        table.add_section()
    return table


def _raster_rows(figures: Figures) -> list[Row]:
    settings = figures.settings
    return [
        ("bins", f"{figures.bins:,}", f"{len(figures.packet_bits):,} packets of {settings.epoch_steps:,} steps"),
        ("spikes", f"{figures.spikes:,}", f"{100 * figures.spikes / figures.bins:.3g} % of the bins"),
        (
            "errors after prediction",
            f"{figures.errors:,}",
            f"{settings.coder}, alpha_q8 {settings.alpha_q8}, sharpness {settings.sharpness}",
        ),
    ]


def _verdict_rows(figures: Figures) -> list[Row]:
    return [
        (f"equal to the {figures.reference}", YES if figures.verdict.equal_to_reference else NO, "every byte"),
        ("decoded equal to input", YES if figures.verdict.decoded_equal_to_input else NO, "every bin"),
    ]


def _timing_rows(figures: Figures) -> list[Row]:
    pauses = f"; pauses {figures.gaps:g} in, {figures.stalls:g} out" if figures.gaps or figures.stalls else ""
    return [
        ("clock cycles", f"{figures.cycles:,}", f"{figures.lanes} lanes, {figures.words:,} words"),
        ("cycles a word", f"{figures.cycles_per_word:.4f}", f"1 at least{pauses}"),
        (
            "longest wait, bin to byte",
            count_or_dash(figures.longest_wait_cycles),
            "cycles until its byte fills, leaves",
        ),
        (
            "of which in the encoder",
            count_or_dash(figures.longest_wait_in_encoder_cycles),
            "cycles from full byte to output",
        ),
        ("stalls", f"{figures.stall_cycles:,}", "cycles in which a word had to wait"),
        ("simulated cycles a second", f"{figures.simulated_cycles_per_s:,.0f}", figures.simulator),
    ]
