"""Receiver: what comes over a link to epochs, for ever, whatever the link does to it."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal

from model.errors import CodecError
from model.events import Counters, Damage, Duplicate, Epoch, Event, Gap, Late, Reason, Recovery, Start
from model.golden.depacketizer import Depacketizer, Format, Packet
from model.golden.settings import check_int
from model.kernels import framer
from model.kernels.crc32c import crc32c
from model.kernels.deframer import Deframer
from model.kernels.packet_decoder import PacketDecoder
from model.raster import checked_bytes, checked_packets

MAX_BINS = 1 << 24
"""Bins of a packet that are decoded unless the caller allows more: a few bytes may stand for very many silent ones."""
PACKET_BYTES_MAX = 1 << 20
"""Bytes of the longest packet in a serial stream unless the caller allows more: above 1000 steps of 4096 channels."""
RECENT_PACKETS = 16
"""So many packets are remembered, to know them where they come again."""
LATE_PACKETS_MAX = 16
"""Where so many late packets come on end, the encoder restarted: the next keyframe is taken for its first."""
SEQUENCE_BITS = 16
STEP_INDEX_BITS = 32

Framing = Literal["serial", "datagram"]


def frame_packets(packets: Iterable[bytes]) -> bytes:
    """Return the bytes that carry packets over a serial line, each between two flags.

    The framing is that of docs/wire-format.md, section 13; `Receiver` undoes it.

    Parameters
    ----------
    packets : iterable of bytes
        Packets as `encode_packets` or the hardware makes them.

    Raises
    ------
    ValueError
        `packets` is not iterable, or a packet is not bytes.
    """
    return b"".join(map(framer.frame, checked_packets(packets)))


class Receiver:
    """Decodes packets as they come, and tells of all that is missing.

    Packets may be lost, damaged, repeated or swapped, and garbage may come between them: what is delivered is what was
    encoded, and whatever is not delivered is reported. After a gap, decoding goes on at the next keyframe. Memory does
    not grow: the receiver keeps a row of channels, one frame and a few numbers, and no epochs.

    Parameters
    ----------
    framing : {"serial", "datagram"}
        What is fed: pieces of a byte stream in which `frame_packets` or the hardware framed the packets, cut anywhere;
        or one packet each time.
    max_bins : int, default 2**24
        Most bins (steps x channels) of a packet, each a byte of its epoch. Others are refused before memory is taken.
    packet_bytes_max : int, default 2**20
        Most bytes of a packet in a serial stream, of which one is kept. `model.bounds.packet_bytes_max` tells what a
        packet may take. The format in force sets no limit, since the next keyframe may bring another one.

    Attributes
    ----------
    counters : Counters
        What happened so far.

    Raises
    ------
    ValueError
        An argument is of the wrong type or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from model import Receiver, Settings, encode_packets, frame_packets
    >>> raster = np.eye(60, 8, dtype=np.int8)
    >>> packets = encode_packets(raster, Settings(epoch_steps=20, keyframe_interval=2))
    >>> receiver = Receiver()
    >>> [epoch.step_index for epoch in receiver.feed(frame_packets([packets[0], packets[2]]))]
    [0, 40]
    >>> receiver.counters.missing_steps
    20
    """

    def __init__(
        self, framing: Framing = "serial", *, max_bins: int = MAX_BINS, packet_bytes_max: int = PACKET_BYTES_MAX
    ) -> None:
        if framing not in ("serial", "datagram"):
            raise ValueError(f"framing must be 'serial' or 'datagram', not {framing!r}")
        self.counters = Counters()
        self._max_bins = check_int("max_bins", max_bins, 1, sys.maxsize)
        packet_bytes_max = check_int("packet_bytes_max", packet_bytes_max, 1, sys.maxsize)
        self._deframer = Deframer(packet_bytes_max) if framing == "serial" else None
        self._depacketizer = Depacketizer(crc32c)
        self._decoder = PacketDecoder()
        self._format: Format | None = None  # that of the packet which is due; None if it has to be a keyframe
        self._next_step: int | None = None
        self._next_sequence = 0
        self._recent: deque[tuple[int, int, bytes]] = deque(maxlen=RECENT_PACKETS)
        self._late_packets = 0  # since the last packet that was not late
        self._damaged = 0  # pieces that were no packet, since the last packet that was not late
        self._interrupted = False

    @property
    def next_step(self) -> int | None:
        """The step that comes next: all before it, from `Start` on, was delivered or reported. None before a packet."""
        return self._next_step

    def feed(self, data: bytes) -> list[Epoch]:
        """Take the next bytes, and return the epochs that they complete.

        What else happened is in `counters`; `receive` tells of it in full.

        Parameters
        ----------
        data : bytes
            The next piece of the stream, of any length; or one packet, where `framing` is "datagram".

        Raises
        ------
        ValueError
            `data` is not bytes. What the bytes are never raises.
        """
        return [event for event in self.receive(data) if isinstance(event, Epoch)]

    def receive(self, data: bytes) -> list[Event]:
        """Take the next bytes like `feed`, and return all that happened, epochs among it, in order."""
        data = checked_bytes("data", data)
        self.counters.bytes += len(data)
        return list(self._packet(data) if self._deframer is None else self._stream(self._deframer, data))

    def _stream(self, deframer: Deframer, data: bytes) -> Iterator[Event]:
        for packet, size in deframer.push(data):
            if packet is None:
                yield self._damage(size, f"frame is aborted, or longer than {deframer.packet_bytes_max} bytes")
            else:
                yield from self._packet(packet)

    def _packet(self, data: bytes) -> Iterator[Event]:
        try:
            packet = self._depacketizer.packet(data)
        except CodecError as error:
            yield self._damage(len(data), str(error))
            return
        self.counters.packets += 1
        identity = (packet.sequence, packet.step_index, data[-4:])
        if self._next_step is None:
            yield self._start(packet)
        elif not self._is_due(packet):
            if identity in self._recent:
                yield self._duplicate(packet)
                return
            if self._is_restart(packet):
                yield self._start(packet)
            elif self._steps_ahead(packet) < 0:
                yield self._late(packet)
                return
            else:
                yield self._missing(packet)
        self._recent.append(identity)
        yield from self._due_packet(data, packet)

    def _is_due(self, packet: Packet) -> bool:
        return self._steps_ahead(packet) == 0 and self._packets_ahead(packet) == 0

    def _is_restart(self, packet: Packet) -> bool:
        if packet.format is None:
            return False
        if packet.sequence == 0 and packet.step_index == 0:
            return True
        contradictory = self._packets_ahead(packet) >= 0
        return self._steps_ahead(packet) < 0 and (contradictory or self._late_packets >= LATE_PACKETS_MAX)

    def _steps_ahead(self, packet: Packet) -> int:
        assert self._next_step is not None
        return _signed_difference(packet.step_index, self._next_step, STEP_INDEX_BITS)

    def _packets_ahead(self, packet: Packet) -> int:
        return _signed_difference(packet.sequence, self._next_sequence, SEQUENCE_BITS)

    def _start(self, packet: Packet) -> Start:
        self.counters.starts += 1
        self._format = None
        self._recent.clear()
        self._next_step, self._next_sequence = packet.step_index, packet.sequence
        return Start(packet.step_index, packet.sequence)

    def _duplicate(self, packet: Packet) -> Duplicate:
        self.counters.duplicates += 1
        return Duplicate(packet.step_index, packet.sequence)

    def _late(self, packet: Packet) -> Late:
        self.counters.late += 1
        self._late_packets += 1
        return Late(packet.step_index, packet.sequence)

    def _damage(self, size: int, detail: str) -> Damage:
        self.counters.damaged += 1
        self._damaged += 1
        return Damage(size, detail)

    def _missing(self, packet: Packet) -> Gap:
        """Report what is missing before a packet, which then is the one due."""
        packets = (packet.sequence - self._next_sequence) % (1 << SEQUENCE_BITS)
        self.counters.lost_packets += packets
        self._next_sequence += packets
        reason, detail = Reason.LOST, ""
        if self._damaged:
            reason, detail = Reason.DAMAGED, f"of {packets} packets, {min(packets, self._damaged)} arrived damaged"
        return self._gap(self._steps_ahead(packet), packets, reason, detail)

    def _gap(self, steps: int, packets: int, reason: Reason, detail: str = "") -> Gap:
        assert self._next_step is not None
        gap = Gap(self._next_step, steps, packets, reason, detail)
        self.counters.missing_steps += steps
        self._next_step += steps
        self._format = None
        self._interrupted = True
        return gap

    def _due_packet(self, data: bytes, packet: Packet) -> Iterator[Event]:
        assert self._next_step is not None
        self._late_packets = self._damaged = 0
        outcome = self._decoded(data, packet)
        if isinstance(outcome, Epoch):
            if self._interrupted:
                self.counters.recoveries += 1
                yield Recovery(outcome.step_index, outcome.sequence)
            self._interrupted = False
            self.counters.epochs += 1
            self.counters.steps += packet.steps
            self._next_step += packet.steps
        else:
            self.counters.undecodable_packets += 1
        self._next_sequence += 1
        yield outcome

    def _decoded(self, data: bytes, packet: Packet) -> Epoch | Gap:
        assert self._next_step is not None
        format = packet.format or self._format
        if format is None:
            return self._gap(packet.steps, 1, Reason.UNDECODABLE)
        channels, settings = format
        if packet.steps > settings.epoch_steps:
            detail = f"packet has {packet.steps} steps in an epoch of {settings.epoch_steps}"
            return self._gap(packet.steps, 1, Reason.MISMATCH, detail)
        if packet.steps * channels > self._max_bins:
            detail = f"packet holds {packet.steps} x {channels} bins; max_bins allows {self._max_bins}"
            return self._gap(packet.steps, 1, Reason.REFUSED, detail)
        try:
            raster = self._decoder.decode(data, packet)
        except CodecError as error:
            return self._gap(packet.steps, 1, Reason.MISMATCH, str(error))
        self._format = format
        return Epoch(raster, self._next_step, self._next_sequence, packet.format is not None)


def _signed_difference(number: int, due: int, bits: int) -> int:
    """Return `number - due` where only the low `bits` bits of it are known: the one next to 0."""
    half = 1 << bits - 1
    return (number - due + half) % (2 * half) - half
