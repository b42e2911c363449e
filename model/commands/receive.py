"""`corticodec receive`."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from model import events as reported
from model.command_line import BAD_INPUT
from model.errors import CodecError
from model.events import Epoch, Start
from model.golden.settings import check_int
from model.receiver import MAX_BINS, Receiver
from model.sinks import EventsCsv, RasterNpz, Sink
from model.sources import STANDARD_INPUT, Source, from_file, from_udp

REFRESHES_A_SECOND = 4
RATE_WINDOW_S = 2
"""The rate shown is that of so many seconds."""


class Reception:
    """What came so far, in one line.

    Parameters
    ----------
    receiver : Receiver
        What counts it.
    """

    def __init__(self, receiver: Receiver) -> None:
        self._counters = receiver.counters
        self._spikes = 0
        self._began = time.monotonic()
        self._samples = deque([(self._began, 0)], maxlen=RATE_WINDOW_S * REFRESHES_A_SECOND)

    def count(self, epoch: Epoch) -> None:
        """Count the spikes of an epoch."""
        self._spikes += int(np.count_nonzero(epoch.raster))

    def line(self) -> Text:
        """Return the status line."""
        now, (then, bytes_then) = time.monotonic(), self._samples[0]
        counters = self._counters
        self._samples.append((now, counters.bytes))
        rate = 8e-6 * (counters.bytes - bytes_then) / max(now - then, 1e-3)
        return Text(f"{rate:.3f} Mbit/s  {self.totals()}")

    def totals(self) -> str:
        """Return the numbers since the beginning."""
        counters = self._counters
        bits_per_spike = f"{8 * counters.bytes / self._spikes:.2f}" if self._spikes else "-"
        return (
            f"{counters.epochs:,} epochs  {bits_per_spike} bits a spike  "
            f"{counters.lost_packets:,} packets lost, {counters.undecodable_packets:,} undecodable  "
            f"{counters.steps:,} steps, {counters.missing_steps:,} missing"
        )

    def summary(self, source: str) -> dict[str, object]:
        """Return all numbers."""
        return {
            "source": source,
            "seconds": round(time.monotonic() - self._began, 3),
            **asdict(self._counters),
            "spikes": self._spikes,
            "bits_per_spike": 8 * self._counters.bytes / self._spikes if self._spikes else None,
        }


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
        typer.Option(help="Write the rows received as .npz: `raster`, and for each row its `step` and `recording`."),
    ] = None,
    events: Annotated[Path | None, typer.Option(help="Write a line `recording,step,channel` for each spike.")] = None,
    json_summary: Annotated[bool, typer.Option("--json", help="Print all counters as JSON at the end.")] = False,
    idle_seconds: Annotated[
        float | None, typer.Option(help="Stop after so long without a byte.  [default: never]")
    ] = None,
    max_packets: Annotated[
        int | None, typer.Option(help="Stop once so many intact packets came.  [default: never]")
    ] = None,
    max_bins: Annotated[int, typer.Option(help="Refuse packets of more steps x channels.")] = MAX_BINS,
) -> None:
    """Receive packets, decode them, and write the spikes as they come.

    A status line on standard error shows the rate, bits a spike, and what was lost. Packets may be lost, damaged,
    repeated or swapped: what is written is what was encoded, and the rest is counted. Ends at the end of FILE, at
    Ctrl-C, or as the options say; with status 2 if the input cannot be used or no packet of it can be decoded.

    **Examples**

    `python -m model receive --udp 127.0.0.1:5000 --output spikes.npz --idle-seconds 5`

    `python -m model receive /dev/ttyUSB0 --events spikes.csv`

    `cat captured.bin | python -m model receive - --json`

    `python -m model receive recording.ctcd --output spikes.npz`
    """
    try:
        if idle_seconds is not None and not idle_seconds > 0:
            raise ValueError(f"idle_seconds must be above 0, not {idle_seconds}")
        if max_packets is not None:
            check_int("max_packets", max_packets, 1, sys.maxsize)
        source = _source(path, udp)
        receiver = Receiver(source.framing, max_bins=max_bins)
        reception = Reception(receiver)
        console = Console(stderr=True)
        if udp is not None:
            console.print(f"Listening at {source.name}", highlight=False)
        with (
            _sinks(output, events) as sinks,
            Live(console=console, get_renderable=reception.line, refresh_per_second=REFRESHES_A_SECOND, transient=True),
        ):
            _receive(_until(source, receiver, idle_seconds, max_packets), receiver, reception, sinks)
        console.print(reception.totals(), highlight=False, soft_wrap=True)
        if json_summary:
            typer.echo(json.dumps(reception.summary(source.name), indent=2))
        if receiver.counters.epochs == 0:
            raise CodecError(f"no packet could be decoded from {source.name}")
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None


def _source(path: str | None, udp: str | None) -> Source:
    if (path is None) == (udp is None):
        raise ValueError(f"source must be either FILE ({STANDARD_INPUT} for standard input) or --udp HOST:PORT")
    return from_file(path) if path is not None else from_udp(str(udp))


@contextmanager
def _sinks(output: Path | None, events: Path | None) -> Iterator[list[Sink]]:
    with ExitStack() as stack:
        sinks: list[Sink] = []
        for path, kind in ((output, RasterNpz), (events, EventsCsv)):
            if path is not None:
                sinks.append(kind(path))
                stack.callback(sinks[-1].close)
        yield sinks


def _until(
    source: Source, receiver: Receiver, idle_seconds: float | None, max_packets: int | None
) -> Iterator[list[reported.Event]]:
    """Yield what happens, piece by piece, until one of the ends is reached or the user interrupts."""
    last = time.monotonic()
    with _stop_requests() as stop:
        for piece in source.pieces:
            if piece:
                yield receiver.receive(piece)
                last = time.monotonic()
            elif idle_seconds is not None and time.monotonic() - last >= idle_seconds:
                return
            if stop.is_set() or (max_packets is not None and receiver.counters.packets >= max_packets):
                return


@contextmanager
def _stop_requests() -> Iterator[Event]:
    """Give an event that Ctrl-C or SIGTERM sets, so that neither comes between the writes of an epoch."""
    stop = Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _receive(
    pieces: Iterator[list[reported.Event]], receiver: Receiver, reception: Reception, sinks: list[Sink]
) -> None:
    recording = -1
    for events in pieces:
        for event in events:
            if isinstance(event, Start):
                recording += 1
            elif isinstance(event, Epoch):
                reception.count(event)
                for sink in sinks:
                    sink.write(event, recording)
