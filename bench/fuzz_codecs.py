"""Anything at all into the spike codecs: `python -m bench.fuzz_codecs`, a part of `make fuzz`.

Streams of all codecs are cut, flipped, spliced, or forged, which here means: changed, header included, with checksums
that are right again. A damaged one must be refused. Of a forged one anything may be decoded, but only zeros and ones in
the shape that its header claims. Neither may hang, raise anything but `CodecError`, or take memory that its size, or
the limit that the caller set, does not warrant.
"""

from __future__ import annotations

import faulthandler
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from bench.measure import peak_since, start_peak
from bench.report import report
from model import CodecError, decompress, get_codec
from model.codecs.stream import CODEC_IDS, Header, Stream, join
from model.golden import container
from model.kernels.crc32c import crc32c
from model.kernels.spike_stream import first_damaged
from model.raster import MAX_BINS
from model.synth import bernoulli_raster
from sim.mutations import MUTATIONS, recordings, with_checksum
from sim.parallel import in_processes

FUZZED: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("isi", {"entropy": entropy}) for entropy in ("auto", "arithmetic", "rice", "huffman", "varint")),
    ("isi", {"order": "neuron"}),
    ("isi", {"mode": "lossy", "timing_precision": 7}),
    *(("predictive", {"predictor": predictor}) for predictor in ("ema", "lfsr", "context")),
    ("delta", {}),
    ("streaming", {}),
    ("streaming", {"coder": "leb128", "window_size": 7}),
    ("aer", {}),
)
"""Codecs and their arguments."""
CHUNK_BINS = 600
"""So few that a stream of a small raster has several chunks."""
SHAPES = ((120, 17), (40, 3), (7, 200), (1, 1), (3, 0))
DENSITIES = (0.05, 0.4, 0.8)
RECORDING_CHANNELS = 30

FORGED = 0.4
"""Share of the streams that are forged; the others are damaged."""
UNLIMITED = 0.005
"""Share of the forged streams that are decoded without a limit of their own: they may claim much, and take time."""
BINS_LIMIT = 1 << 18
BINS_CHECKED = 1 << 26
"""Larger rasters are not read, so that their silent parts take no memory."""
JOB_STREAMS = 500
JOB_S_MAX = 600
"""A job that takes longer hangs; the process says where, and ends."""


class Source(NamedTuple):
    """A stream, what made it, and what it stands for."""

    codec: Any
    data: bytes
    raster: NDArray[np.int8]


@dataclass
class Tally:
    """What a part of a run found.

    Attributes
    ----------
    damaged, forged : int
        Streams of either kind.
    unchanged : int
        Damaged ones that the damage made a stream of `sources` again.
    forged_decoded : int
        Forged ones that were decoded.
    peak_bytes : int
        Most memory that a process took beyond what it had.
    """

    damaged: int = 0
    unchanged: int = 0
    forged: int = 0
    forged_decoded: int = 0
    peak_bytes: int = 0

    def add(self, other: Tally) -> None:
        """Count another part."""
        for field in fields(Tally):
            both = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, max(both) if field.name == "peak_bytes" else sum(both))


@cache
def sources() -> tuple[Source, ...]:
    """Return streams of all codecs, of made rasters and of the real recordings that are there."""
    rasters = [
        bernoulli_raster(density, steps, channels) if channels else np.zeros((steps, 0), np.int8)
        for steps, channels in SHAPES
        for density in DENSITIES
    ]
    rasters += [np.ascontiguousarray(raster[:, :RECORDING_CHANNELS]) for raster in recordings()]
    made = []
    for name, arguments in FUZZED:
        codec = get_codec(name, **arguments)
        if hasattr(codec, "chunk_bins"):
            codec.chunk_bins = CHUNK_BINS
        made += [Source(codec, data, codec.decompress(data)) for data, _ in map(codec.compress, rasters)]
    return tuple(made)


@cache
def _originals() -> frozenset[bytes]:
    return frozenset(source.data for source in sources())


def damaged(source: Source, rng: random.Random) -> bytes:
    """Return a stream that was cut, or has the end of another one, or of which bytes changed."""
    damage = rng.choice((_cut, _spliced, _mutated, _mutated))
    return damage(source.data, rng)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _spliced(data: bytes, rng: random.Random) -> bytes:
    other = rng.choice(sources()).data
    return data[: rng.randrange(1, len(data))] + other[rng.randrange(len(other)) :]


def _mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        rng.choice(MUTATIONS)(changed, rng)
    return bytes(changed)


def forged(source: Source, rng: random.Random) -> bytes:
    """Return a stream that was changed by somebody who knows its format."""
    if source.data.startswith(container.MAGIC):
        return _forged_packets(source.data, rng)
    forge = rng.choice((_forged_header, _forged_payload, _forged_bytes))
    return forge(source.data, rng)


def _forged_packets(data: bytes, rng: random.Random) -> bytes:
    packets = container.split(data, crc32c)
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(len(packets))
        packets[at] = with_checksum(_changed(packets[at][:-4], rng))
    if rng.random() < 0.2:
        rng.shuffle(packets)
    return container.join(packets)


def _forged_header(data: bytes, rng: random.Random) -> bytes:
    stream = Stream(data)
    header = stream.header
    numbers = {name: getattr(header, name) for name in ("steps", "channels", "chunk_steps")}
    for name in rng.sample(sorted(numbers), rng.randrange(1, 3)):
        numbers[name] = _other_number(numbers[name], rng)
    numbers["chunk_steps"] = max(1, numbers["chunk_steps"])
    parameters = _changed(header.parameters, rng) if rng.random() < 0.3 else header.parameters
    codec = rng.choice(list(CODEC_IDS)) if rng.random() < 0.2 else header.codec
    return join(Header(codec, **numbers, parameters=parameters), _payloads(stream))


def _other_number(number: int, rng: random.Random) -> int:
    others = (0, 1, number + 1, max(0, number - 1), 2 * number, rng.randrange(300), 1 << rng.randrange(50))
    return rng.choice(others)


def _forged_payload(data: bytes, rng: random.Random) -> bytes:
    stream = Stream(data)
    payloads = _payloads(stream)
    at = rng.randrange(len(payloads))
    payloads[at] = _changed(payloads[at], rng)
    if rng.random() < 0.2:
        payloads[rng.randrange(len(payloads))] = payloads[at]
    return join(stream.header, payloads)


class _Unverified(Stream):
    """A stream whose header makes sense, whatever its checksums."""

    def verify(self, first: int, end: int) -> None:
        """Accept any checksum."""

    def with_checksums(self) -> bytes:
        """Return the stream with the checksums that it should have."""
        first_damaged(self._data, self._bounds, 0, self.header.n_chunks, True)
        return self._data.tobytes()


def _forged_bytes(data: bytes, rng: random.Random) -> bytes:
    changed = _changed(data, rng)
    try:
        return _Unverified(changed).with_checksums()
    except CodecError:
        return changed


def _payloads(stream: Stream) -> list[bytes]:
    return [stream.payload(index).tobytes() for index in range(stream.header.n_chunks)]


def _changed(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data) or bytearray(1)
    rng.choice(MUTATIONS)(changed, rng)
    return bytes(changed)


def feed_damaged(source: Source, data: bytes, tally: Tally) -> None:
    """Raise `AssertionError` unless a damaged stream is refused, by its codec and by what decodes any."""
    tally.damaged += 1
    if data in _originals():
        tally.unchanged += 1
        return
    for decode in (source.codec.decompress, decompress):
        try:
            decode(data)
        except CodecError:
            continue
        raise AssertionError(f"{source.codec.name} decodes a damaged stream")


def feed_forged(data: bytes, max_bins: int, tally: Tally) -> None:
    """Raise `AssertionError` unless a forged stream is refused, or becomes the raster that its header claims."""
    tally.forged += 1
    try:
        raster = decompress(data, max_bins=max_bins)
    except CodecError:
        return
    tally.forged_decoded += 1
    assert raster.dtype == np.int8
    assert raster.ndim == 2
    assert raster.size <= max_bins
    if not data.startswith(container.MAGIC):
        header = Stream(data).header
        assert raster.shape == (header.steps, header.channels)
    if raster.size <= BINS_CHECKED:
        assert not (raster.view(np.uint8) > 1).any()


@contextmanager
def ended_if_stuck() -> Iterator[None]:
    """End the process, with a traceback, if the block takes more than `JOB_S_MAX`; and not later, if it raises."""
    faulthandler.dump_traceback_later(JOB_S_MAX, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def feed(count: int, seed: int) -> Tally:
    """Feed so many streams."""
    rng = random.Random(f"codecs {seed}")
    tally = Tally()
    before = start_peak()
    with ended_if_stuck():
        for _ in range(count):
            source = rng.choice(sources())
            if rng.random() < FORGED:
                feed_forged(forged(source, rng), MAX_BINS if rng.random() < UNLIMITED else BINS_LIMIT, tally)
            else:
                feed_damaged(source, damaged(source, rng), tally)
    tally.peak_bytes = peak_since(before) or 0
    return tally


def run(mutations: int, seed: int, console: Console | None = None) -> Tally:
    """Feed everything.

    Raises
    ------
    AssertionError
        A damaged stream was decoded, or a forged one to something that is no raster.
    """
    return run_jobs(feed, mutations, seed, "Streams of codecs", console)


def run_jobs(
    feed: Callable[[int, int], Tally], mutations: int, seed: int, title: str, console: Console | None
) -> Tally:
    """Return what `feed(count, seed)` finds in so many streams, which it gets in parts, in several processes."""
    feed(50, seed)  # compiles the kernels before the processes start
    jobs = [(min(JOB_STREAMS, mutations - start), start + seed * 10**9) for start in range(0, mutations, JOB_STREAMS)]
    found = Tally()
    for tally in in_processes(feed, jobs, title, console):
        found.add(tally)
    return found


def main(
    mutations: Annotated[int, typer.Option(min=1, help="How many damaged or forged streams.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench/fuzz_codecs.json"),
) -> None:
    """Feed the codecs damaged and forged streams; stop at the first that is not refused as it should be."""
    console = Console()
    began = time.monotonic()
    figures = asdict(run(mutations, seed, console)) | {"seconds": round(time.monotonic() - began, 1)}
    report(figures, output, console)


if __name__ == "__main__":
    typer.run(main)
