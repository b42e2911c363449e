"""Packetizer: header, payload and trailer of a packet."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.crc32c import BYTE, CRC_BITS, Crc32c
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

PLACES = 32
"""Bytes to select from: a keyframe's header, the payload as one that stays, and the trailer, at the end."""
TRAILER_PLACE = PLACES - TRAILER_BYTES
PAYLOAD_PLACE = TRAILER_PLACE - 1
CRC_PLACE = PLACES - CRC_BITS // BYTE
SEQUENCE_PLACE, STEP_INDEX_PLACE = 2, 4


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
        m.submodules.crc = crc = Crc32c()
        place = Signal(range(PLACES))
        in_payload, in_trailer, header_ends, moves, sent = Signal(), Signal(), Signal(), Signal(), Signal()
        keyframe = self.opening.payload
        m.d.comb += [
            in_payload.eq(place == PAYLOAD_PLACE),
            in_trailer.eq(place >= TRAILER_PLACE),
            header_ends.eq(place == Mux(keyframe, HEADER_BYTES + SETTINGS_BYTES - 1, HEADER_BYTES - 1)),
            self.opening.ready.eq(self.o.ready & header_ends),
            self.i.ready.eq(in_payload & (self.o.ready | ~self.i.payload.present)),
            self.closing.ready.eq(self.o.ready & self.o.payload.last),
            self.o.payload.last.eq(place == PLACES - 1),
            sent.eq(self.o.valid & self.o.ready),
            moves.eq(Mux(in_payload, self.i.valid & self.i.ready & self.i.payload.end, sent)),
        ]
        with m.If(in_payload):
            m.d.comb += self.o.valid.eq(self.i.valid & self.i.payload.present)
        with m.Elif(in_trailer):
            m.d.comb += self.o.valid.eq(self.closing.valid)
        with m.Else():
            m.d.comb += self.o.valid.eq(self.opening.valid)
        with m.If(moves):
            m.d.sync += place.eq(Mux(header_ends, PAYLOAD_PLACE, place + 1))

        header = self._header(keyframe, self._number(m, place, sent))
        payload = self.i.payload.data.replicate(TRAILER_PLACE - len(header) // BYTE)
        trailer = Cat(self.closing.payload.as_value(), crc.crc[:BYTE].replicate(PLACES - CRC_PLACE))
        m.d.comb += [
            self.o.payload.data.eq(Cat(header, payload, trailer).word_select(place, BYTE)),
            crc.data.eq(self.o.payload.data),
            crc.valid.eq(sent),
            crc.out.eq(place >= CRC_PLACE),
            crc.restart.eq(sent & self.o.payload.last),
        ]
        return m

    def _number(self, m: Module, place: Signal, sent: Signal) -> Signal:
        """Return the byte that is due of the packet's number or of its first step, where one is.

        Each of their bytes goes to the upper end of its register as it is sent, so that the next one takes its place.
        That of the packet's number is then larger by one already. The steps are added later, as the first bytes of the
        trailer are sent, which are those of the steps.
        """
        sequence = Signal(16)
        step_index = Signal(32)
        number = Signal(BYTE)
        added = Signal(BYTE)
        carry = Signal()
        total = Signal(BYTE + 1)
        of_sequence, of_step_index = Signal(), Signal()
        steps = self.closing.payload.steps
        m.d.comb += [
            of_sequence.eq(place[1:] == SEQUENCE_PLACE >> 1),
            of_step_index.eq((place[2:] == STEP_INDEX_PLACE >> 2) | (place[2:] == TRAILER_PLACE >> 2)),
            number.eq(Mux(place[2] | place[4], step_index[:BYTE], sequence[:BYTE])),
            total.eq(number + added + carry),
        ]
        with m.If(place[1:] == TRAILER_PLACE >> 1):
            m.d.comb += added.eq(steps.word_select(place[0], BYTE))
        with m.Elif(place == SEQUENCE_PLACE):
            m.d.comb += added.eq(1)
        with m.If(sent):
            # No carry goes beyond the last byte of a number.
            m.d.sync += carry.eq(total[BYTE] & ~place[:2].all())
            with m.If(of_sequence):
                m.d.sync += sequence.eq(Cat(sequence[BYTE:], total[:BYTE]))
            with m.If(of_step_index):
                m.d.sync += step_index.eq(Cat(step_index[BYTE:], total[:BYTE]))
        return number

    def _header(self, keyframe: Signal, number: Signal) -> Value:
        """Return a keyframe's header; other packets send the first `HEADER_BYTES` bytes of it."""
        settings = self.settings
        return Cat(
            Const(MAGIC, 8),
            _widened(Mux(keyframe, FLAG_KEYFRAME, 0), 4),
            Const(VERSION, 4),
            number.replicate(HEADER_BYTES - SEQUENCE_PLACE),
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
