"""What a run of `sim.fuzz` found: in the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from sim.fuzz import Tally
from sim.link import DECODER_EVENTS
from sim.mutations import recordings

FATES = ("shown", *DECODER_EVENTS)


def print_fuzz(found: Mapping[str, Tally], console: Console) -> None:
    """Print it as a table: what went in as rows, one column for each kind of work."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("what went in")
    for name in ("bytes", "streams", "packets", *FATES, "forged"):
        table.add_column(name, justify="right")
    for name, tally in found.items():
        fates = (tally.events[fate] for fate in FATES)
        table.add_row(name, *map(_count, (tally.bytes, tally.streams, tally.packets, *fates, tally.forged)))
    console.print(table)
    console.print(
        "Nothing hung, every good stream was shown exactly, and every packet had the fate that it must have. Forged "
        "packets, shown though never sent, are only among those whose checksums were set right on purpose.",
        highlight=False,
    )


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def write_fuzz(found: Mapping[str, Tally], seed: int, seconds: float, path: Path) -> None:
    """Write it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    work = {name: asdict(tally) for name, tally in found.items()}
    figures = {"seed": seed, "seconds": round(seconds, 1), "real_recordings": len(recordings()), "work": work}
    path.write_text(json.dumps(figures, indent=2) + "\n")
