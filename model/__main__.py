"""Command line of the software: `python -m model`, or `corticodec`."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

import typer

from model.command_line import fail, run
from model.commands.archive import archive
from model.commands.compress import compress
from model.commands.decompress import decompress, verify
from model.commands.demo import demo
from model.commands.inspect import inspect
from model.commands.measure import bench, recommend
from model.commands.receive import receive
from model.commands.report import report

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="markdown")
for command in (compress, decompress, inspect, verify, recommend, bench, demo, report, archive, receive):
    app.command()(command)


@app.callback()
def main() -> None:
    """Compress recordings of electrodes and of spikes, and get them back.

    Each command's `--help` has examples. Ends with status 2 and one sentence if the input cannot be used.
    """


def entry(name: str = "corticodec") -> NoReturn:
    """Run the command line; an error is one line."""
    signal.signal(signal.SIGTERM, _interrupt)  # so that files that are half written are removed
    try:
        run(app, name)
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        fail(f"cannot read or write{place}: {error.strerror or error}")
    except (ValueError, MemoryError) as error:
        fail(str(error) or "not enough memory")


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    entry("python -m model")
