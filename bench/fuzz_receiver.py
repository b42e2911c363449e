"""Anything at all into a receiver: `python -m bench.fuzz_receiver`, or `make fuzz`.

Random bytes, and streams of the encoder that were mutated: nothing may raise, nothing wrong may be delivered, every
step must be delivered or reported, and memory must not grow.
"""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from model import Epoch, Receiver, Settings, encode_packets, frame_packets
from model.events import Event, Gap, Start
from model.kernels.crc32c import crc32c
from model.synth import bernoulli_raster, physiological_raster

PIECE_BYTES = 4096
FORGED = 0.1
"""Share of the mutated streams whose packets get checksums that are right again; anything may be delivered of those."""
FRAME_BYTES_MAX = 10_000


@dataclass(frozen=True)
class Stream:
    """Packets, and what they stand for."""

    packets: list[bytes]
    raster: NDArray[np.int8]


@dataclass(frozen=True)
class Figures:
    """What a run found."""

    random_bytes: int
    streams: int
    epochs_right: int
    steps_missing: int
    streams_without_an_epoch: int
    forged_streams: int
    memory_growth_bytes: int
    seconds: float


def streams() -> list[Stream]:
    """Return streams of many settings, short, so that a mutation strikes every part of them."""
    found = []
    for number, (channels, alpha_q8, coder, epoch_steps, interval) in enumerate(
        [(8, 1, "rice", 20, 4), (60, 64, "rice", 5, 3), (1, 0, "leb128", 30, 1), (17, 256, "leb128", 7, 100)]
    ):
        settings = Settings(
            alpha_q8=alpha_q8,
            coder=coder,  # type: ignore[arg-type]
            epoch_steps=epoch_steps,
            keyframe_interval=interval,
            sharpness=4 * number,
        )
        for raster in (bernoulli_raster(0.1, 120, channels, seed=number), physiological_raster(channels, 120, 5.0)):
            found.append(Stream(encode_packets(raster, settings), raster))
    return found


def flip(data: bytearray, rng: random.Random) -> None:
    """Flip 1 to 32 bits."""
    for _ in range(rng.choice([1, 1, 2, 8, 32])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def burst(data: bytearray, rng: random.Random) -> None:
    """Replace a stretch by noise."""
    at = rng.randrange(len(data))
    size = min(rng.randrange(1, 40), len(data) - at)
    data[at : at + size] = rng.randbytes(size)


def insert(data: bytearray, rng: random.Random) -> None:
    """Insert noise."""
    at = rng.randrange(len(data))
    data[at:at] = rng.randbytes(rng.randrange(1, 40))


def remove(data: bytearray, rng: random.Random) -> None:
    """Remove a stretch, unless nothing would be left."""
    at = rng.randrange(1, len(data) + 1)
    del data[at : at + rng.randrange(1, 200)]


def repeat(data: bytearray, rng: random.Random) -> None:
    """Repeat a stretch."""
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 200)]


MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [flip, burst, insert, remove, repeat]


def mutated(stream: Stream, rng: random.Random) -> bytes:
    """Return the framed stream with packets shuffled or lost, and bytes changed."""
    packets = list(stream.packets)
    if rng.random() < 0.5:
        at = rng.randrange(len(packets))
        packets.insert(rng.randrange(len(packets)), packets.pop(at) if rng.random() < 0.5 else packets[at])
    if rng.random() < 0.3:
        del packets[rng.randrange(len(packets))]
    data = bytearray(frame_packets(packets) or b"\0")
    for _ in range(rng.randrange(1, 4)):
        rng.choice(MUTATIONS)(data, rng)
    return bytes(data)


def forged(stream: Stream, rng: random.Random) -> bytes:
    """Return the framed stream with packets mutated and their checksums set right."""
    packets = []
    for packet in stream.packets:
        body = bytearray(packet[:-4])
        if rng.random() < 0.3:
            rng.choice(MUTATIONS)(body, rng)
        packets.append(bytes(body) + crc32c(bytes(body)).to_bytes(4, "little"))
    return frame_packets(packets)


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


def run(random_bytes: int, mutations: int, seed: int, show: bool = False) -> Figures:
    """Feed everything.

    Raises
    ------
    AssertionError
        Wrong spikes were delivered, or steps are not accounted for.
    """
    rng = random.Random(seed)
    began = time.monotonic()
    sources = streams()
    memory = []
    epochs_right = steps_missing = without_an_epoch = forgeries = 0
    for framing in ("serial", "datagram"):
        for stream in sources:
            in_pieces(Receiver(framing), mutated(stream, rng), rng)  # compiles the kernels
    receivers = [Receiver(framing, packet_bytes_max=FRAME_BYTES_MAX) for framing in ("serial", "datagram")]
    tracemalloc.start()
    for _ in track(range(0, random_bytes, PIECE_BYTES), description="Random bytes", disable=not show):
        noise = rng.randbytes(PIECE_BYTES)
        for receiver in receivers:
            assert not receiver.feed(noise), "random bytes became an epoch"
    memory.append(tracemalloc.get_traced_memory()[0])
    for number in track(range(mutations), description="Mutated streams", disable=not show):
        stream = rng.choice(sources)
        receiver = Receiver(packet_bytes_max=FRAME_BYTES_MAX)
        if rng.random() < FORGED:
            forgeries += 1
            in_pieces(receiver, forged(stream, rng), rng)
        else:
            check(in_pieces(receiver, mutated(stream, rng), rng), stream.raster, receiver.next_step)
            epochs_right += receiver.counters.epochs
            steps_missing += receiver.counters.missing_steps
            without_an_epoch += receiver.counters.epochs == 0
        receivers[0].feed(mutated(stream, rng))
        if number == mutations // 10:
            memory.append(tracemalloc.get_traced_memory()[0])
    growth = tracemalloc.get_traced_memory()[0] - memory[-1]
    tracemalloc.stop()
    return Figures(
        random_bytes=random_bytes,
        streams=mutations,
        epochs_right=epochs_right,
        steps_missing=steps_missing,
        streams_without_an_epoch=without_an_epoch,
        forged_streams=forgeries,
        memory_growth_bytes=growth,
        seconds=round(time.monotonic() - began, 1),
    )


def main(
    random_bytes: Annotated[int, typer.Option(help="Random bytes, into each framing.")] = 10_000_000,
    mutations: Annotated[int, typer.Option(help="Mutated streams.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 1,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench/fuzz_receiver.json"),
) -> None:
    """Feed a receiver random bytes and mutated streams; stop at the first exception, wrong spike or unreported step."""
    figures = run(random_bytes, mutations, seed, show=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(asdict(figures), indent=2) + "\n")
    console = Console()
    for name, value in asdict(figures).items():
        console.print(f"{name.replace('_', ' '):26} {value:>14,}")
    console.print(f"Figures: {output}")


if __name__ == "__main__":
    typer.run(main)
