"""`corticodec receive`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from model.commands import options
from model.errors import CodecError
from model.golden.settings import check_int


def receive(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="A byte stream with serial framing, or a `CTCD` container: a file, a device, `-` for standard input.",
        ),
    ] = None,
    udp: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Listen here, one packet a datagram.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the rows received as .npz: `raster`, and for each row its `step` and `recording`.",
        ),
    ] = None,
    events: Annotated[Path | None, typer.Option(help="Write a line `recording,step,channel` for each spike.")] = None,
    force: options.Force = False,
    json_summary: Annotated[bool, typer.Option("--json", help="Print all counters as JSON at the end.")] = False,
    idle_seconds: Annotated[
        float | None, typer.Option(help="Stop after so long without a byte.  [default: never]")
    ] = None,
    max_packets: Annotated[
        int | None, typer.Option(help="Stop once so many intact packets came.  [default: never]")
    ] = None,
    max_bins: Annotated[
        int | None, typer.Option(help="Refuse packets of more steps x channels.  [default: 16,777,216]")
    ] = None,
) -> None:
    """Receive packets, decode them, and write the spikes as they come.

    A status line on standard error shows the rate, bits a spike, and what was lost. Packets may be lost, damaged,
    repeated or swapped: what is written is what was encoded, and the rest is counted. Ends at the end of FILE, at
    Ctrl-C, or as the options say; with status 2 if the input cannot be used or no packet of it can be decoded.

    **Examples**

    `corticodec receive --udp 127.0.0.1:5000 --output spikes.npz --idle-seconds 5`

    `corticodec receive /dev/ttyUSB0 --events spikes.csv`

    `cat captured.bin | corticodec receive - --json`

    `corticodec receive recording.ctcd --output spikes.npz`
    """
    from rich.console import Console
    from rich.live import Live

    from model.receiver import MAX_BINS, Receiver
    from model.reception import (
        REFRESHES_A_SECOND,
        Reception,
        open_sinks,
        open_source,
        receive_until,
        write_received,
    )

    if idle_seconds is not None and not idle_seconds > 0:
        raise ValueError(f"idle_seconds must be above 0, not {idle_seconds}")
    if max_packets is not None:
        check_int("max_packets", max_packets, 1, sys.maxsize)
    for written in (output, events):
        if written is not None:
            options.check_new(written, force)
    source = open_source(path, udp)
    receiver = Receiver(source.framing, max_bins=MAX_BINS if max_bins is None else max_bins)
    reception = Reception(receiver)
    console = Console(stderr=True)
    if udp is not None:
        console.print(f"Listening at {source.name}", highlight=False)
    with (
        open_sinks(output, events) as sinks,
        Live(console=console, get_renderable=reception.line, refresh_per_second=REFRESHES_A_SECOND, transient=True),
    ):
        write_received(receive_until(source, receiver, idle_seconds, max_packets), reception, sinks)
    console.print(reception.totals(), highlight=False, soft_wrap=True)
    if json_summary:
        typer.echo(json.dumps(reception.summary(source.name), indent=2))
    if receiver.counters.epochs == 0:
        raise CodecError(f"no packet could be decoded from {source.name}")
