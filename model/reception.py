"""A reception from beginning to end: where bytes come from, where spikes go, and what is told meanwhile."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event

import numpy as np
from rich.text import Text

from model import events as reported
from model.events import Epoch, Start
from model.receiver import Receiver
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


def open_source(path: str | None, udp: str | None) -> Source:
    """Return where the bytes come from: a file, or UDP; exactly one of them must be given."""
    if (path is None) == (udp is None):
        raise ValueError(f"source must be either FILE ({STANDARD_INPUT} for standard input) or --udp HOST:PORT")
    return from_file(path) if path is not None else from_udp(str(udp))


@contextmanager
def open_sinks(output: Path | None, events: Path | None) -> Iterator[list[Sink]]:
    """Give what writes the files asked for; they are finished in the end, after an exception, too."""
    with ExitStack() as stack:
        sinks: list[Sink] = []
        for path, kind in ((output, RasterNpz), (events, EventsCsv)):
            if path is not None:
                sinks.append(kind(path))
                stack.callback(sinks[-1].close)
        yield sinks


def receive_until(
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


def write_received(pieces: Iterator[list[reported.Event]], reception: Reception, sinks: list[Sink]) -> None:
    """Count what happens, and write the epochs."""
    recording = -1
    for events in pieces:
        for event in events:
            if isinstance(event, Start):
                recording += 1
            elif isinstance(event, Epoch):
                reception.count(event)
                for sink in sinks:
                    sink.write(event, recording)
