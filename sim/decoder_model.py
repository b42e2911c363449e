"""What the RTL's decoder must make of packets, whatever they are: judged by the software's decoder."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.golden.depacketizer import Depacketizer, Format, Packet
from model.golden.packetizer import HEADER_BYTES, TRAILER_BYTES
from model.kernels.crc32c import crc32c
from model.kernels.packet_decoder import PacketDecoder


class Shown(NamedTuple):
    """A packet that the decoder shows and does not mark as bad."""

    step_index: int
    spikes: NDArray[np.int8]


class DecoderModel:
    """Decides the fate of each packet as `hdl.spike_decoder.SpikeDecoder` must; what it decodes with is the fast path.

    Parameters
    ----------
    channels, buffer_bytes : int
        As for `SpikeDecoder`.

    Attributes
    ----------
    events : Counter of str
        How many packets had each fate.
    rows : int
        Rows that are shown, those of bad packets included.
    """

    def __init__(self, channels: int, buffer_bytes: int) -> None:
        self.events: Counter[str] = Counter()
        self.rows = 0
        self._channels = channels
        self._buffer_bytes = buffer_bytes
        self._depacketizer = Depacketizer(crc32c)
        self._decoder = PacketDecoder()
        self._format: Format | None = None
        self._last: tuple[int, int, bytes] | None = None
        self._due: tuple[int, int] | None = None
        self._lost = True

    def push(self, data: bytes | None) -> Shown | None:
        """Take a packet, None for one whose checksum is surely wrong; return what is shown of it."""
        if data is None or len(data) - TRAILER_BYTES > self._buffer_bytes or not self._is_whole(data):
            self.events["dropped"] += 1
            return None
        packet = self._known(data)
        if packet is None:
            self.events["rejected"] += 1
            return None
        identity = (packet.sequence, packet.step_index, data[-4:])
        if identity == self._last:
            self.events["repeated"] += 1
            return None
        self._lost = packet.format is None and (self._lost or identity[:2] != self._due)
        self._last = identity
        self._due = (packet.sequence + 1) & 0xFFFF, (packet.step_index + packet.steps) & 0xFFFFFFFF
        self._format = packet.format or self._format
        if self._lost:
            self.events["hidden"] += 1
            return None
        return self._decoded(data, packet)

    def _is_whole(self, data: bytes) -> bool:
        return len(data) >= HEADER_BYTES + TRAILER_BYTES and crc32c(data[:-4]) == int.from_bytes(data[-4:], "little")

    def _known(self, data: bytes) -> Packet | None:
        """Return the fields of a whole packet, None if the decoder does not know what to do with them."""
        try:
            packet = self._depacketizer.packet(data)
        except CodecError:
            return None
        format = packet.format or self._format
        if format is None or format.channels != self._channels or packet.steps > format.settings.epoch_steps:
            return None
        return packet

    def _decoded(self, data: bytes, packet: Packet) -> Shown | None:
        self.rows += packet.steps
        try:
            return Shown(packet.step_index, self._decoder.decode(data, packet))
        except CodecError:
            self._lost = True
            self.events["bad"] += 1
            return None
