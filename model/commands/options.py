"""Options that several commands have, so that they are the same everywhere."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer

from model.files.hints import Hints

FILE_PANEL = "What the file does not tell"

Source = Annotated[
    Path,
    typer.Argument(
        metavar="SOURCE",
        help="Raw binary, `.npy`, WAV, NWB, a recording of SpikeGLX, Open Ephys, Intan or another that Neo reads, "
        "or a folder with `spike_times.npy` and `spike_clusters.npy`.",
    ),
]
Compressed = Annotated[Path, typer.Argument(metavar="FILE", help="What `compress` wrote.")]
Workers = Annotated[int, typer.Option(min=1, help="Threads.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that is there.")]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]

WORKERS = os.cpu_count() or 1


def check_new(output: Path, force: bool) -> None:
    """Raise `ValueError` if an output is there already, a file or a folder, and may not be replaced."""
    if (output.is_file() or output.is_dir()) and not force:
        raise ValueError(f"output {output} is there already; --force replaces it")


def check_left_out(why: str, **options: object) -> None:
    """Raise `ValueError` if one of the options, by its name, is given although it would be passed over."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name} must be left out: {why}")


def make_hints(
    channels: Annotated[int | None, typer.Option(help="Channels of raw binary.", rich_help_panel=FILE_PANEL)] = None,
    fs: Annotated[float | None, typer.Option(help="Samples a second, in Hz.", rich_help_panel=FILE_PANEL)] = None,
    dtype: Annotated[str, typer.Option(help="Type of raw binary's samples.", rich_help_panel=FILE_PANEL)] = "int16",
    gain: Annotated[float | None, typer.Option(help="Microvolts of a unit.", rich_help_panel=FILE_PANEL)] = None,
    offset: Annotated[
        int, typer.Option(help="Bytes before raw binary's first sample.", rich_help_panel=FILE_PANEL)
    ] = 0,
    stream: Annotated[int | None, typer.Option(help="Which stream, read by Neo.", rich_help_panel=FILE_PANEL)] = None,
    series: Annotated[
        str | None, typer.Option(help="Which ElectricalSeries of NWB.", rich_help_panel=FILE_PANEL)
    ] = None,
) -> Hints:
    """Return what a source does not tell; the parameters are the options of every command that opens one."""
    return Hints(channels, fs, dtype, gain, offset, stream, series)


def with_hints(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `make_hints`, and call it with the `Hints` they make as `hints`."""
    own = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.name != "hints"]
    shared = list(inspect.signature(make_hints, eval_str=True).parameters.values())

    @wraps(command)
    def with_options(**options: object) -> None:
        arguments = {option.name: options.pop(option.name) for option in own}
        command(hints=make_hints(**options), **arguments)  # type: ignore[arg-type]

    parameters = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in [*own, *shared]]
    del with_options.__wrapped__
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {option.name: option.annotation for option in parameters}
    return with_options
