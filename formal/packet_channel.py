"""A packet's way from the inside of an encoder to that of a decoder, without a byte of header or trailer."""

from amaranth.hdl import Elaboratable, Module, Signal

from formal.stream_rules import transfer
from hdl.depacketizer import Depacketizer
from hdl.layouts import PACKET_INFO, PAYLOAD_BYTE
from hdl.packetizer import Packetizer


class PacketChannel(Elaboratable):
    """Drives what a packetizer and a depacketizer drive on their inner sides.

    As a packetizer, it takes a packet's opening, then its payload, then its closing. As a depacketizer, it gives info
    and coding at once, then the payload, whose end comes with the last byte. That the two blocks and the buffer between
    them do no more and no less than this is proven of each of them.

    Parameters
    ----------
    packetizer, depacketizer : Packetizer, Depacketizer
        The two blocks, whose own logic is left out.
    go : Signal
        Whether anything may move on in this cycle.
    """

    def __init__(self, packetizer: Packetizer, depacketizer: Depacketizer, go: Signal) -> None:
        self._packetizer = packetizer
        self._depacketizer = depacketizer
        self._go = go

    def elaborate(self, platform: object) -> Module:
        """Return the logic."""
        m = Module()
        opening, closing = self._packetizer.opening, self._packetizer.closing
        info, coding = self._depacketizer.info, self._depacketizer.coding
        opened, told = Signal(), Signal()
        packet = Signal(PACKET_INFO)
        passed = self._pass_payload(m, told)
        tell = Signal()
        m.d.comb += [
            opening.ready.eq(~opened & self._go),
            tell.eq(opened & ~told & closing.valid & ~info.valid & ~coding.valid & self._go),
            closing.ready.eq(passed),
        ]
        with m.If(transfer(opening)):
            m.d.sync += [opened.eq(1), packet.keyframe.eq(opening.payload)]
            with m.If(opening.payload):
                m.d.sync += packet.settings.eq(self._packetizer.settings)
        for port in (info, coding):
            with m.If(port.ready):
                m.d.sync += port.valid.eq(0)
        with m.If(tell):
            m.d.sync += [
                told.eq(1),
                info.valid.eq(1),
                info.payload.eq(packet),
                info.payload.closing.eq(closing.payload),
                coding.valid.eq(1),
                coding.payload.tag.eq(packet.tag),
                coding.payload.keyframe.eq(packet.keyframe),
                coding.payload.coder.eq(packet.settings.coder),
            ]
        with m.If(passed):
            m.d.sync += [
                opened.eq(0),
                told.eq(0),
                packet.tag.eq(packet.tag + 1),
                packet.continues.eq(1),
                packet.step_index.eq(packet.step_index + closing.payload.steps),
            ]
        return m

    def _pass_payload(self, m: Module, told: Signal) -> Signal:
        """Pass a payload on once its packet is `told`; return whether its end was passed on in the cycle before.

        A byte waits until it is known whether it is the last.
        """
        taken, given = self._packetizer.i, self._depacketizer.o
        held = Signal(PAYLOAD_BYTE)
        holds, moves, passed = Signal(), Signal(), Signal()
        follows = taken.valid & taken.payload.present
        m.d.comb += [
            moves.eq(holds & (held.end | follows) & (~given.valid | given.ready) & self._go),
            taken.ready.eq(told & ~passed & ~(holds & held.end) & (~taken.payload.present | ~holds | moves)),
        ]
        m.d.sync += passed.eq(moves & held.end)
        with m.If(given.ready):
            m.d.sync += given.valid.eq(0)
        with m.If(moves):
            m.d.sync += [given.valid.eq(1), given.payload.eq(held), holds.eq(0)]
        with m.If(transfer(taken)):
            m.d.sync += [holds.eq(1), held.end.eq(taken.payload.end)]
            with m.If(taken.payload.present | ~holds):
                m.d.sync += held.eq(taken.payload)
        return passed
