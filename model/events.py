"""What a `Receiver` reports: epochs, and all that is not one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """The spikes of one packet.

    Attributes
    ----------
    raster : NDArray of int8, shape (steps, channels)
        Zeros and ones.
    step_index : int
        Steps of the recording before this epoch. Unlike the packet's own number it does not wrap around.
    sequence : int
        Packets of the recording before this one. Does not wrap around either.
    keyframe : bool
        Whether it came in a keyframe.
    """

    raster: NDArray[np.int8]
    step_index: int
    sequence: int
    keyframe: bool


class Reason(StrEnum):
    """Why steps are missing."""

    LOST = "lost"
    """Their packets never arrived."""
    DAMAGED = "damaged"
    """Something damaged arrived in the place of their packets."""
    UNDECODABLE = "undecodable"
    """Their packet arrived, but the one before it was not decoded; a keyframe has to come first."""
    MISMATCH = "mismatch"
    """Their packet arrived intact, but an encoder in the state of this decoder does not write it."""
    REFUSED = "refused"
    """Their packet has more bins than the receiver takes memory for."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Steps that are missing: unknown, not silent.

    Attributes
    ----------
    step_index, steps : int
        The first step that is missing, counted as in `Epoch`, and how many; 0 where only the sequence number jumped.
    packets : int
        Packets that these steps took, as far as their numbers tell: modulo 65,536.
    reason : Reason
        Why.
    detail : str
        A sentence on it; empty where `reason` says all.
    """

    step_index: int
    steps: int
    packets: int
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _OfPacket:
    """What happened to one packet.

    Attributes
    ----------
    step_index, sequence : int
        Of the packet.
    """

    step_index: int
    sequence: int


class Start(_OfPacket):
    """A recording begins: the first packet of all, or the first after a reset of the encoder.

    Where its numbers are not 0, the recording began before, unheard.
    """

    __slots__ = ()


class Recovery(_OfPacket):
    """Decoding goes on after a gap, with the epoch that follows, whose numbers these are."""

    __slots__ = ()


class Duplicate(_OfPacket):
    """A packet came again and was dropped. Its numbers are those in its bytes, which wrap around."""

    __slots__ = ()


class Late(_OfPacket):
    """A packet came after one that follows it, and was dropped; its steps were reported missing.

    Its numbers are those in its bytes, which wrap around.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes came that are no packet: a damaged one, or garbage. Whether steps are missing, the next packet tells.

    Attributes
    ----------
    size : int
        How many bytes.
    detail : str
        What is wrong with them.
    """

    size: int
    detail: str


Event = Epoch | Gap | Start | Recovery | Duplicate | Late | Damage


@dataclass(slots=True)
class Counters:
    """What a `Receiver` has seen so far."""

    bytes: int = 0
    """Bytes taken, framing included."""
    packets: int = 0
    """Packets that arrived intact, repeated and late ones included."""
    epochs: int = 0
    steps: int = 0
    """Steps delivered."""
    missing_steps: int = 0
    lost_packets: int = 0
    """Packets that never arrived, or damaged."""
    undecodable_packets: int = 0
    """Packets that arrived intact and could not be decoded."""
    starts: int = 0
    recoveries: int = 0
    duplicates: int = 0
    late: int = 0
    damaged: int = 0
    """Pieces of bytes that are no packet."""
