"""Depacketizer: the fields of a packet, every one of them checked."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.isi_encoder import CODERS
from hdl.layouts import CODING, PACKET_BYTE, PACKET_INFO, PAYLOAD_BYTE, SETTINGS
from hdl.packet_buffer import TRAILER
from model.golden.packetizer import FLAG_KEYFRAME, HEADER_BYTES, MAGIC, SETTINGS_BYTES, VERSION
from model.golden.settings import ALPHA_Q8_MAX, CHANNELS_MAX, CODER_IDS, PREDICTOR_ID, SHARPNESS_MAX, check_int

HEADER = data.StructLayout({"magic": 8, "flags": 4, "version": 4, "sequence": 16, "step_index": 32})
"""Header of every packet, as numbers."""
FORMAT = data.StructLayout(
    {
        "coder": 4,
        "predictor": 4,
        "sharpness": 8,
        "channels": 16,
        "epoch_steps": 16,
        "keyframe_interval": 16,
        "alpha_q8": 16,
        "seed": 16,
    }
)
"""What a keyframe's header adds, as numbers."""


class Part(enum.Enum, shape=2):
    """Part of a packet that comes in."""

    HEADER = 0
    JUDGE = 1
    PAYLOAD = 2
    DISCARD = 3


class Depacketizer(wiring.Component):
    """Reads headers, judges each packet by its fields, and passes on the payload of those that can be decoded.

    A packet that repeats the one before it bit for bit is left out. One that does not follow the one before it is
    passed on as such: only a keyframe makes good what is missing.

    Latency: a packet's info comes two cycles after its header. Throughput: a byte a cycle, less one or two cycles a
    packet. Back-pressure: holds up input and trailer. Memory: one header, and the last keyframe's settings.

    Parameters
    ----------
    channels : int
        Channels of the rasters that can be decoded, 1..4096; packets of others are rejected.

    Members
    -------
    i : In(stream)
        Header and payload of packets, `last` with the last byte.
    trailer : In(stream)
        Trailer of each packet.
    info : Out(stream)
        One transfer for each packet that is passed on.
    coding : Out(stream)
        The same packets' keyframe flag and coder, for the interval decoder.
    o : Out(stream)
        Their payload.
    rejected : Out(1)
        A packet was just left out because of its fields.
    repeated : Out(1)
        A packet was just left out because it repeats the one before it.

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
                "i": In(stream.Signature(PACKET_BYTE)),
                "trailer": In(stream.Signature(TRAILER)),
                "info": Out(stream.Signature(PACKET_INFO)),
                "coding": Out(stream.Signature(CODING)),
                "o": Out(stream.Signature(PAYLOAD_BYTE)),
                "rejected": Out(1),
                "repeated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        part = Signal(Part)
        place = Signal(range(HEADER_BYTES + SETTINGS_BYTES + 1))
        ended = Signal()
        header = Signal(HEADER)
        format = Signal(FORMAT)
        keyframe, judged, accepted = Signal(), Signal(), Signal()
        header_end = Mux(keyframe, HEADER_BYTES + SETTINGS_BYTES, HEADER_BYTES)
        m.d.comb += keyframe.eq(header.flags == FLAG_KEYFRAME)

        with m.Switch(part):
            with m.Case(Part.HEADER):
                in_header = place < HEADER_BYTES
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid & self.i.ready):
                    m.d.sync += [place.eq(place + 1), ended.eq(self.i.payload.last)]
                    with m.If(in_header):
                        m.d.sync += header.eq(Cat(header.as_value()[8:], self.i.payload.data))
                    with m.Else():
                        m.d.sync += format.eq(Cat(format.as_value()[8:], self.i.payload.data))
                with m.If(ended | (place == header_end)):
                    m.d.comb += self.i.ready.eq(0)
                    m.d.sync += part.eq(Part.JUDGE)
            with m.Case(Part.JUDGE), m.If(judged):
                m.d.sync += part.eq(Mux(accepted, Part.PAYLOAD, Part.DISCARD))
            with m.Case(Part.PAYLOAD):
                m.d.comb += [
                    self.o.valid.eq(self.i.valid | ended),
                    self.o.payload.data.eq(Mux(ended, 0, self.i.payload.data)),
                    self.o.payload.present.eq(~ended),
                    self.o.payload.end.eq(ended | self.i.payload.last),
                    self.i.ready.eq(self.o.ready & ~ended),
                ]
                with m.If(self.o.valid & self.o.ready & self.o.payload.end):
                    m.d.sync += [part.eq(Part.HEADER), place.eq(0), ended.eq(0)]
            with m.Case(Part.DISCARD):
                m.d.comb += self.i.ready.eq(~ended)
                with m.If(ended | (self.i.valid & self.i.payload.last)):
                    m.d.sync += [part.eq(Part.HEADER), place.eq(0), ended.eq(0)]

        self._judge(m, part == Part.JUDGE, place == header_end, header, format, keyframe, judged, accepted)
        return m

    def _judge(
        self,
        m: Module,
        judging: Value,
        complete: Value,
        header: data.View,
        format: data.View,
        keyframe: Signal,
        judged: Signal,
        accepted: Signal,
    ) -> None:
        """While `judging`, wait for the trailer and for room to post; then say in one cycle whether to go on."""
        trailer = self.trailer.payload
        settings = Signal(SETTINGS)
        in_force = Signal(SETTINGS)
        m.d.comb += settings.eq(in_force)
        with m.If(keyframe):
            m.d.comb += [settings[name].eq(format[name]) for name, _ in SETTINGS]

        seen = Signal()
        last = Signal(HEADER)
        last_trailer = Signal(TRAILER)
        repeats, follows = Signal(), Signal()
        m.d.comb += [
            repeats.eq(
                seen
                & (header.sequence == last.sequence)
                & (header.step_index == last.step_index)
                & (trailer.crc == last_trailer.crc)
            ),
            follows.eq(
                (header.sequence == (last.sequence + 1)[:16])
                & (header.step_index == (last.step_index + last_trailer.closing.steps)[:32])
            ),
        ]
        known_header = (
            complete
            & (header.magic == MAGIC)
            & (header.version == VERSION)
            & ((header.flags & ~FLAG_KEYFRAME) == 0)
            & (trailer.closing.steps != 0)
            & (trailer.closing.steps <= settings.epoch_steps)
        )
        known_format = (
            (format.predictor == PREDICTOR_ID)
            & format.coder.matches(*(CODER_IDS[name] for name in CODERS))
            & (format.sharpness <= SHARPNESS_MAX)
            & (format.channels == self._channels)
            & (format.keyframe_interval != 0)
            & (format.alpha_q8 <= ALPHA_Q8_MAX)
        )
        known = Signal()
        m.d.comb += [
            known.eq(known_header & Mux(keyframe, known_format, seen)),
            judged.eq(judging & self.trailer.valid & ~self.info.valid & ~self.coding.valid),
            accepted.eq(judged & known & ~repeats),
            self.trailer.ready.eq(judged),
            self.rejected.eq(judged & ~known),
            self.repeated.eq(judged & known & repeats),
        ]

        with m.If(self.info.ready):
            m.d.sync += self.info.valid.eq(0)
        with m.If(self.coding.ready):
            m.d.sync += self.coding.valid.eq(0)
        with m.If(accepted):
            m.d.sync += [
                seen.eq(1),
                in_force.eq(settings),
                last.eq(header),
                last_trailer.eq(trailer),
                self.info.valid.eq(1),
                self.info.payload.tag.eq(header.sequence),
                self.info.payload.keyframe.eq(keyframe),
                self.info.payload.continues.eq(follows),
                self.info.payload.step_index.eq(header.step_index),
                self.info.payload.closing.eq(trailer.closing),
                self.info.payload.settings.eq(settings),
                self.coding.valid.eq(1),
                self.coding.payload.tag.eq(header.sequence),
                self.coding.payload.keyframe.eq(keyframe),
                self.coding.payload.coder.eq(settings.coder),
            ]
