"""SpikeDecoder: packets to a raster."""

from __future__ import annotations

from collections.abc import Iterable

from model.errors import CodecError
from model.golden.depacketizer import Depacketizer, Format, Packet
from model.golden.isi_decoder import IsiDecoder
from model.golden.predictor import Predictor
from model.golden.spike_check import SpikeCheck
from model.golden.xor_array import XorArray


class SpikeDecoder:
    """The inverse of `SpikeEncoder`.

    A packet that cannot be decoded raises `CodecError` and yields nothing; from then on every packet raises until a
    keyframe comes, from which decoding goes on.

    Attributes
    ----------
    format : Format or None
        Channels and settings of the last good keyframe; None until one came, and after any error.
    """

    def __init__(self) -> None:
        self.depacketizer = Depacketizer()
        self.xor_array = XorArray()
        self.format: Format | None = None
        self._next_sequence = 0
        self._next_step = 0

    def decode_packet(self, data: bytes) -> list[list[int]]:
        """Return the rows of one packet.

        Raises
        ------
        CodecError
            The packet is damaged, is not the one due, or comes before any keyframe.
        """
        try:
            packet = self.depacketizer.packet(data)
            self._enter(packet)
            rows = self._rows(packet)
            self._verify(rows, packet)
        except CodecError:
            self.format = None
            raise
        self._next_sequence = (packet.sequence + 1) & 0xFFFF
        self._next_step = (packet.step_index + packet.steps) & 0xFFFFFFFF
        return rows

    def decode(self, packets: Iterable[bytes]) -> list[list[int]]:
        """Return the rows of a whole recording, from its first packet to its last.

        Raises
        ------
        CodecError
            There is no packet, one cannot be decoded, is missing or out of order, or the number of channels changes.
        """
        rows: list[list[int]] = []
        channels = None
        for data in packets:
            if channels is not None:
                self._check_due(self.depacketizer.packet(data))
            rows += self.decode_packet(data)
            assert self.format is not None
            if channels not in (None, self.format.channels):
                raise CodecError(f"recording changes from {channels} to {self.format.channels} channels")
            channels = self.format.channels
        if channels is None:
            raise CodecError("stream holds no packets")
        return rows

    def _enter(self, packet: Packet) -> None:
        if packet.format is not None:
            self.format = packet.format
            self.predictor = Predictor(packet.format.channels, packet.format.settings)
            self.isi_decoder = IsiDecoder(packet.format.settings.coder)
        elif self.format is None:
            raise CodecError("packet cannot be decoded before a keyframe")
        else:
            self._check_due(packet)
            self.isi_decoder.start_epoch()

    def _check_due(self, packet: Packet) -> None:
        if packet.sequence != self._next_sequence:
            raise CodecError(f"packet {packet.sequence} comes where packet {self._next_sequence} is due")
        if packet.step_index != self._next_step:
            raise CodecError(f"packet starts at step {packet.step_index} where step {self._next_step} is due")

    def _rows(self, packet: Packet) -> list[list[int]]:
        assert self.format is not None
        channels, settings = self.format
        if packet.steps > settings.epoch_steps:
            raise CodecError(f"packet has {packet.steps} steps in an epoch of {settings.epoch_steps}")
        errors = self.isi_decoder.decode(packet.payload, packet.steps * channels)
        rows = []
        position = 0
        for step in range(packet.steps):
            error_row = [0] * channels
            while position < len(errors) and errors[position] < (step + 1) * channels:
                error_row[errors[position] - step * channels] = 1
                position += 1
            row = self.xor_array.apply(error_row, self.predictor.predict())
            self.predictor.learn(row)
            rows.append(row)
        return rows

    def _verify(self, rows: list[list[int]], packet: Packet) -> None:
        check = SpikeCheck()
        for row in rows:
            for spike in row:
                check.push(spike)
        if check.value != packet.check:
            raise CodecError("packet's spikes do not match their check: encoder and decoder were not in the same state")
