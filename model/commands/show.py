"""What commands show: progress on standard error, tables or JSON on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

if TYPE_CHECKING:
    from model.files.compress import Advance
    from model.files.recording import Recording
    from model.files.survey import Measured

Value = str | int | float | bool | None


@contextmanager
def progress(title: str, total_bytes: int) -> Iterator[Advance]:
    """Show a bar with rate and time left in a terminal; gives what advances it by so many bytes."""
    columns = (TextColumn(title), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total_bytes)
        yield lambda count: bar.advance(task, count)


def print_note(recording: Recording) -> None:
    """Tell on standard error what of a file is not what its user may think."""
    if recording.note is not None:
        typer.echo(f"note: {recording.note}", err=True)


def print_facts(facts: dict[str, Value], as_json: bool) -> None:
    """Print what a command found, a line each, or as JSON."""
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        if value is not None:
            table.add_row(name.replace("_", " "), _text(value))
    Console().print(table, highlight=False, soft_wrap=True)


def print_measured(measured: list[Measured], reason: str, as_json: bool) -> None:
    """Print a table of coders."""
    if as_json:
        typer.echo(json.dumps({"coders": [vars(one) for one in measured], "reason": reason}, indent=2))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("coder")
    for column in ("ratio", "encode MB/s", "decode MB/s", "largest error"):
        table.add_column(column, justify="right")
    for one in measured:
        speeds = (f"{speed:,.0f}" for speed in (one.encode_mb_per_s, one.decode_mb_per_s))
        table.add_row(one.name, f"{one.ratio:.3f}", *speeds, f"{one.max_error:g}")
    console = Console()
    console.print(table)
    console.print(reason, highlight=False, soft_wrap=True)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
