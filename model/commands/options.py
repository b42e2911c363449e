"""Options that several commands have, so that they are the same everywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

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
Channels = Annotated[int | None, typer.Option(help="Channels of raw binary.", rich_help_panel=FILE_PANEL)]
SamplingHz = Annotated[float | None, typer.Option("--fs", help="Samples a second, in Hz.", rich_help_panel=FILE_PANEL)]
Dtype = Annotated[str, typer.Option(help="Type of raw binary's samples.", rich_help_panel=FILE_PANEL)]
Gain = Annotated[float | None, typer.Option(help="Microvolts of a unit.", rich_help_panel=FILE_PANEL)]
Offset = Annotated[int, typer.Option(help="Bytes before raw binary's first sample.", rich_help_panel=FILE_PANEL)]
Stream = Annotated[int | None, typer.Option(help="Which stream, read by Neo.", rich_help_panel=FILE_PANEL)]
Series = Annotated[str | None, typer.Option(help="Which ElectricalSeries of NWB.", rich_help_panel=FILE_PANEL)]
Workers = Annotated[int, typer.Option(min=1, help="Threads.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that is there.")]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]

WORKERS = os.cpu_count() or 1
