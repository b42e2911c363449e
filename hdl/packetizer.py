"""Packetizer: header, payload and trailer of a packet."""

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import enum, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISCSI
from amaranth.lib.wiring import In, Out

from hdl.layouts import CLOSING, PACKET_BYTE, PAYLOAD_BYTE, SETTINGS
from model.golden.packetizer import (
    FLAG_KEYFRAME,
    HEADER_BYTES,
    MAGIC,
    SETTINGS_BYTES,
    TRAILER_BYTES,
    VERSION,
)
from model.golden.settings import CHANNELS_MAX, PREDICTOR_ID, check_int

CRC_BYTES = 4
PLACES = 32
TRAILER_PLACE = PLACES - TRAILER_BYTES
"""Where the trailer begins among the bytes to select from, so that the count returns to the header behind it."""


class Part(enum.Enum, shape=2):
    """Part of a packet that goes out."""

    HEADER = 0
    PAYLOAD = 1
    TRAILER = 2


class Packetizer(wiring.Component):
    """Puts packets together on the fly, without ever holding one.

    A header goes out as soon as its packet is opened and the packet before is out. It takes the settings as they are,
    so they must hold still until the opening's transfer, which is with the header's last byte.

    Latency: one cycle from the opening to the first byte, none from payload to output. Throughput: a byte a cycle,
    less one cycle for an epoch without payload. Back-pressure: holds up payload, opening and closing.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096; sent in keyframes.

    Members
    -------
    opening : In(stream)
        A packet begins; the payload says whether it is a keyframe.
    i : In(stream)
        Bytes of the payload.
    closing : In(stream)
        Steps of the packet and check of its spikes; awaited after its payload's end.
    settings : In(SETTINGS)
        Settings to send in a keyframe.
    o : Out(stream)
        Bytes of packets.

    Raises
    ------
    ValueError
        `channels` is out of range.
    """

    def __init__(self, channels: int) -> None:
        check_int("channels", channels, 1, CHANNELS_MAX)
        self._channels = channels
        super().__init__(
            {
                "opening": In(stream.Signature(1)),
                "i": In(stream.Signature(PAYLOAD_BYTE)),
                "closing": In(stream.Signature(CLOSING)),
                "settings": In(SETTINGS),
                "o": Out(stream.Signature(PACKET_BYTE)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        crc, packet_out = CRC32_ISCSI(data_width=8).create(), Signal()
        # Its own `start` would select between the register and its first value before every sum.
        m.submodules.crc = ResetInserter(packet_out)(crc)
        part = Signal(Part)
        place = Signal(range(PLACES))
        sequence = Signal(16)
        step_index = Signal(32)
        keyframe = self.opening.payload

        header = _widened(self._header(keyframe, sequence, step_index), 8 * TRAILER_PLACE)
        packet_bytes = Cat(header, self.closing.payload.as_value(), crc.crc)
        header_end = Mux(keyframe, HEADER_BYTES + SETTINGS_BYTES - 1, HEADER_BYTES - 1)

        sent = Signal()
        m.d.comb += [sent.eq(self.o.valid & self.o.ready), self.o.payload.data.eq(packet_bytes.word_select(place, 8))]
        with m.If(sent):
            m.d.sync += place.eq(place + 1)

        with m.Switch(part):
            with m.Case(Part.HEADER):
                m.d.comb += [
                    self.o.valid.eq(self.opening.valid),
                    self.opening.ready.eq(self.o.ready & (place == header_end)),
                ]
                with m.If(self.opening.valid & self.opening.ready):
                    m.d.sync += part.eq(Part.PAYLOAD)
            with m.Case(Part.PAYLOAD):
                m.d.comb += [
                    self.o.valid.eq(self.i.valid & self.i.payload.present),
                    self.o.payload.data.eq(self.i.payload.data),
                    self.i.ready.eq(self.o.ready | ~self.i.payload.present),
                ]
                m.d.sync += place.eq(TRAILER_PLACE)
                with m.If(self.i.valid & self.i.ready & self.i.payload.end):
                    m.d.sync += part.eq(Part.TRAILER)
            with m.Case(Part.TRAILER):
                m.d.comb += [
                    self.o.valid.eq(self.closing.valid),
                    self.o.payload.last.eq(place == PLACES - 1),
                    self.closing.ready.eq(self.o.ready & self.o.payload.last),
                ]
                with m.If(packet_out):
                    m.d.sync += [
                        part.eq(Part.HEADER),
                        sequence.eq(sequence + 1),
                        step_index.eq(step_index + self.closing.payload.steps),
                    ]

        closing_out = (part == Part.TRAILER) & (place < PLACES - CRC_BYTES)
        m.d.comb += [
            packet_out.eq(self.closing.valid & self.closing.ready),
            crc.data.eq(self.o.payload.data),
            crc.valid.eq(sent & ((part != Part.TRAILER) | closing_out)),
        ]
        return m

    def _header(self, keyframe: Signal, sequence: Signal, step_index: Signal) -> Value:
        """Return a keyframe's header; other packets send the first `HEADER_BYTES` bytes of it."""
        settings = self.settings
        return Cat(
            Const(MAGIC, 8),
            _widened(Mux(keyframe, FLAG_KEYFRAME, 0), 4),
            Const(VERSION, 4),
            sequence,
            step_index,
            settings.coder,
            Const(PREDICTOR_ID, 4),
            _widened(settings.sharpness, 8),
            Const(self._channels, 16),
            settings.epoch_steps,
            settings.keyframe_interval,
            _widened(settings.alpha_q8, 16),
            settings.seed,
        )


def _widened(value: Value, width: int) -> Value:
    """Return `value` with zeros above, `width` bits in all."""
    return Cat(value, Const(0, width - len(value)))
