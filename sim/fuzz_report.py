"""What a run of `sim.fuzz` found: in the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from sim.fuzz import Tally
from sim.link import DECODER_EVENTS
from sim.mutations import recordings

FATES = ("shown", *DECODER_EVENTS)


def print_fuzz(found: Mapping[str, Tally], console: Console) -> None:
    """Print it as a table: a column for each kind of work, what went in and what became of it as rows."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("", no_wrap=True)
    for name in found:
        table.add_column(name, justify="right", max_width=16)
    for name in ("bytes", "streams", "packets", *FATES, "forged"):
        table.add_row(name, *(_count(_figure(tally, name)) for tally in found.values()))
    console.print(table)
    console.print(
        "Nothing hung, every good stream was shown exactly, and every packet had the fate that it must have. Forged "
        "packets, shown though never sent, are only among those whose checksums were set right on purpose.",
        highlight=False,
    )


def _figure(tally: Tally, name: str) -> int:
    return tally.events[name] if name in FATES else getattr(tally, name)


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def write_fuzz(found: Mapping[str, Tally], seed: int, seconds: float, path: Path) -> None:
    """Write it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    work = {name: vars(tally) | {"events": dict(tally.events)} for name, tally in found.items()}
    figures = {"seed": seed, "seconds": round(seconds, 1), "real_recordings": len(recordings()), "work": work}
    path.write_text(json.dumps(figures, indent=2) + "\n")
