"""Anything at all into a receiver: `python -m bench.fuzz_receiver`, the software's half of `make fuzz`.

Random bytes, and streams of the encoder that were mutated: nothing may raise, nothing wrong may be delivered, every
step must be delivered or reported, a good stream behind it all must be delivered, and memory must not grow.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from bench.report import report
from model import Epoch, Receiver, frame_packets
from model.events import Event, Gap, Start
from model.golden.framer import FLAG
from sim.mutations import Stream, mutated, recordings, streams, tails
from sim.parallel import in_processes

CHANNELS = (1, 17, 60)
CHUNK_BYTES = 1 << 18
CHUNK_STREAMS = 500
PIECE_BYTES = 4096
FRAME_BYTES_MAX = 10_000
MAX_BINS = 1 << 20
"""A forged packet may claim more; it is refused, so that the memory of what is delivered does not hide what is kept."""


@dataclass
class Tally:
    """What a part of a run found.

    Attributes
    ----------
    random_bytes : int
        Into each framing.
    streams, forged_streams : int
        Mutated streams, and those of them whose checksums are right.
    epochs_right, steps_missing, streams_without_an_epoch : int
        What came of the others.
    """

    random_bytes: int = 0
    streams: int = 0
    forged_streams: int = 0
    epochs_right: int = 0
    steps_missing: int = 0
    streams_without_an_epoch: int = 0

    def add(self, other: Tally) -> None:
        """Count another part."""
        for field in fields(Tally):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


class Memory(NamedTuple):
    """What a process has of the machine's memory, in bytes, after a part of its work."""

    process: int
    resident_bytes: int


def _memory() -> Memory:
    # The peak that getrusage tells would be that of the process which this one was forked from.
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Memory(os.getpid(), pages * resource.getpagesize())


def in_pieces(receiver: Receiver, data: bytes, rng: random.Random) -> list[Event]:
    """Feed bytes, cut at random."""
    events: list[Event] = []
    at = 0
    while at < len(data):
        size = rng.randrange(1, 1 + len(data))
        events += receiver.receive(data[at : at + size])
        at += size
    return events


def check(events: list[Event], raster: NDArray[np.int8], next_step: int | None) -> None:
    """Raise `AssertionError` unless what was delivered is right, and it and the gaps are everything.

    Of each recording: that of `raster`, or of a part of it behind what the receiver takes for a restart.
    """
    at: int | None = None
    for event in events:
        if isinstance(event, Start):
            at = event.step_index
        elif isinstance(event, Epoch | Gap):
            assert event.step_index == at, f"step {event.step_index} comes where {at} is due"
            steps = len(event.raster) if isinstance(event, Epoch) else event.steps
            if isinstance(event, Epoch):
                assert np.array_equal(event.raster, raster[at : at + steps]), f"wrong spikes from step {at} on"
            at += steps
    assert at == next_step, f"{at} steps are accounted for, not {next_step}"


def check_tail(epochs: Sequence[Epoch], tail: Stream) -> None:
    """Raise `AssertionError` unless a good stream was delivered, all of it."""
    delivered = np.concatenate([epoch.raster for epoch in epochs]) if epochs else None
    assert np.array_equal(delivered, tail.raster), "a good stream is not delivered after a bad one"


def feed_random_bytes(count: int, seed: int) -> tuple[Tally, Memory]:
    """Feed random bytes to receivers of both framings, and a good stream after them."""
    rng = random.Random(f"bytes {seed}")
    tail = tails(CHANNELS[-1])[0]
    receivers = {framing: Receiver(framing, packet_bytes_max=FRAME_BYTES_MAX) for framing in ("serial", "datagram")}
    for _ in range(0, count, PIECE_BYTES):
        noise = rng.randbytes(PIECE_BYTES)
        for receiver in receivers.values():
            assert not receiver.feed(noise), "random bytes became an epoch"
    check_tail(receivers["serial"].feed(frame_packets(tail.packets)), tail)
    check_tail([epoch for packet in tail.packets for epoch in receivers["datagram"].feed(packet)], tail)
    return Tally(random_bytes=-(-count // PIECE_BYTES) * PIECE_BYTES), _memory()


def feed_streams(count: int, seed: int) -> tuple[Tally, Memory]:
    """Feed mutated streams, each to a receiver of its own and to one that has taken all those before, and good ones."""
    rng = random.Random(f"streams {seed}")
    found = Tally()
    veteran = Receiver(packet_bytes_max=FRAME_BYTES_MAX, max_bins=MAX_BINS)
    for number in range(count):
        channels = rng.choice(CHANNELS)
        stream, tail = rng.choice(streams(channels)), tails(channels)[number % 2]
        mutation = mutated(stream, rng)
        line = mutation.line + bytes([FLAG])
        receiver = Receiver(packet_bytes_max=FRAME_BYTES_MAX, max_bins=MAX_BINS)
        events = in_pieces(receiver, line, rng)
        if not mutation.forged:
            check(events, stream.raster, receiver.next_step)
            found.epochs_right += receiver.counters.epochs
            found.steps_missing += receiver.counters.missing_steps
            found.streams_without_an_epoch += receiver.counters.epochs == 0
        found.forged_streams += mutation.forged
        veteran.feed(line)
        for either in (receiver, veteran):
            check_tail(either.feed(frame_packets(tail.packets)), tail)
    found.streams = count
    return found, _memory()


def run(random_bytes: int, mutations: int, seed: int, console: Console | None = None) -> tuple[Tally, int]:
    """Feed everything.

    Returns
    -------
    Tally
        What was found.
    int
        By how many bytes the resident memory of a process grew at most, after its first part of the work of a kind.

    Raises
    ------
    AssertionError
        Wrong spikes were delivered, or right ones were not, or steps are not accounted for.
    """
    feed_random_bytes(1, seed), feed_streams(50, seed)  # compiles the kernels before the processes start
    found, growth = Tally(), 0
    for work, total, chunk, title in (
        (feed_random_bytes, random_bytes, CHUNK_BYTES, "Random bytes"),
        (feed_streams, mutations, CHUNK_STREAMS, "Mutated streams"),
    ):
        jobs = [(min(chunk, total - start), start + seed * 10**9) for start in range(0, total, chunk)]
        memories = []
        for tally, memory in in_processes(work, jobs, title, console):
            found.add(tally)
            memories.append(memory)
        growth = max(growth, _growth(memories))
    return found, growth


def _growth(memories: Iterable[Memory]) -> int:
    first: dict[int, int] = {}
    return max((resident - first.setdefault(process, resident) for process, resident in memories), default=0)


def main(
    random_bytes: Annotated[int, typer.Option(help="Random bytes, into each framing.")] = 10_000_000,
    mutations: Annotated[int, typer.Option(help="Mutated streams.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 1,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench/fuzz_receiver.json"),
) -> None:
    """Feed a receiver random bytes and mutated streams; stop at the first exception, wrong spike or unreported step."""
    console = Console()
    began = time.monotonic()
    found, growth = run(random_bytes, mutations, seed, console)
    figures = asdict(found) | {
        "real_recordings": len(recordings()),
        "memory_growth_bytes": growth,
        "seconds": round(time.monotonic() - began, 1),
    }
    report(figures, output, console)


if __name__ == "__main__":
    typer.run(main)
