"""Streams of the encoder, and all that may happen to one before it reaches a decoder."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model import Settings, encode_packets, frame_packets
from model.kernels.crc32c import crc32c
from model.synth import bernoulli_raster, physiological_raster
from sim.loaders import load
from sim.results import SOURCES, data_folder

STEPS = 120
"""Steps of a stream: few, so that a mutation strikes every part of it."""
KINDS = (
    Settings(alpha_q8=1, sharpness=0, epoch_steps=20, keyframe_interval=4),
    Settings(alpha_q8=64, sharpness=4, epoch_steps=5, keyframe_interval=3),
    Settings(alpha_q8=0, coder="leb128", epoch_steps=30, keyframe_interval=1),
    Settings(alpha_q8=256, sharpness=12, coder="leb128", epoch_steps=7, keyframe_interval=100),
)
TAIL_SETTINGS = Settings(epoch_steps=11, keyframe_interval=3)
TAIL_STEPS = 44
"""A tail's packets end at another step than as many packets of a stream: none of those can continue it."""

FORGED = 0.1
"""Share of the mutated streams whose packets get checksums that are right again."""


class Stream(NamedTuple):
    """Packets, and what they stand for."""

    packets: list[bytes]
    raster: NDArray[np.int8]


class Mutation(NamedTuple):
    """What became of a stream.

    Attributes
    ----------
    line : bytes
        What a serial line carries: its packets in frames, both of them damaged.
    forged : bool
        Whether the damage is within the packets, and their checksums are right: anything may be decoded of those.
    """

    line: bytes
    forged: bool


@cache
def recordings() -> tuple[NDArray[np.int8], ...]:
    """Return the busiest steps of every real recording that is there, its channels by the number of their spikes."""
    paths = [data_folder() / source.path for source in SOURCES]
    return tuple(_busiest(load(path).raster) for path in paths if path.exists())


def _busiest(raster: NDArray[np.int8]) -> NDArray[np.int8]:
    counts = np.convolve(raster.sum(axis=1, dtype=np.int64), np.ones(STEPS, np.int64), mode="valid")
    first = int(np.argmax(counts))
    part = raster[first : first + STEPS]
    return part[:, np.argsort(-part.sum(axis=0, dtype=np.int64), kind="stable")]


def _with_channels(raster: NDArray[np.int8], channels: int) -> NDArray[np.int8]:
    """Return the first channels of a raster, and silent ones where it has too few."""
    return np.pad(raster[:, :channels], ((0, 0), (0, max(0, channels - raster.shape[1]))))


@cache
def streams(channels: int) -> tuple[Stream, ...]:
    """Return streams of all kinds of settings: of made rasters, and of the real recordings that are there."""
    made = (bernoulli_raster(0.1, STEPS, channels, seed=1), physiological_raster(channels, STEPS, 5.0))
    rasters = (*made, *(_with_channels(raster, channels) for raster in recordings()))
    return tuple(Stream(encode_packets(raster, settings), raster) for raster in rasters for settings in KINDS)


@cache
def tails(channels: int) -> tuple[Stream, Stream]:
    """Return two streams to send in turns behind mutated ones: a decoder must show them, whatever came before.

    The same one twice on end would be told apart from a repetition by nothing.
    """
    first, second = (bernoulli_raster(0.2, TAIL_STEPS, channels, seed=seed) for seed in (2, 3))
    return Stream(encode_packets(first, TAIL_SETTINGS), first), Stream(encode_packets(second, TAIL_SETTINGS), second)


def _flip(data: bytearray, rng: random.Random) -> None:
    """Flip 1 to 32 bits."""
    for _ in range(rng.choice([1, 1, 2, 8, 32])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _burst(data: bytearray, rng: random.Random) -> None:
    """Replace a stretch by noise."""
    at = rng.randrange(len(data))
    size = min(rng.randrange(1, 40), len(data) - at)
    data[at : at + size] = rng.randbytes(size)


def _insert(data: bytearray, rng: random.Random) -> None:
    """Insert noise."""
    at = rng.randrange(len(data))
    data[at:at] = rng.randbytes(rng.randrange(1, 40))


def _remove(data: bytearray, rng: random.Random) -> None:
    """Remove a stretch, the first byte excepted, so that something is left."""
    at = rng.randrange(1, len(data) + 1)
    del data[at : at + rng.randrange(1, 200)]


def _repeat(data: bytearray, rng: random.Random) -> None:
    """Repeat a stretch."""
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 200)]


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _burst, _insert, _remove, _repeat)


def mutated(stream: Stream, rng: random.Random) -> Mutation:
    """Return a stream after something happened to it."""
    forged = rng.random() < FORGED
    return Mutation(_forged(stream, rng) if forged else _damaged(stream, rng), forged)


def _damaged(stream: Stream, rng: random.Random) -> bytes:
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


def _forged(stream: Stream, rng: random.Random) -> bytes:
    """Return the framed stream with packets mutated and their checksums set right."""
    packets = []
    for packet in stream.packets:
        body = bytearray(packet[:-4])
        if rng.random() < 0.3:
            rng.choice(MUTATIONS)(body, rng)
        packets.append(with_checksum(bytes(body)))
    return frame_packets(packets)


def with_checksum(body: bytes) -> bytes:
    """Return a packet without its CRC with the right one."""
    return body + crc32c(body).to_bytes(4, "little")
