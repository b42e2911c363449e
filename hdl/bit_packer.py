"""BitPacker: codewords to bytes."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import CODEWORD, PAYLOAD_BYTE, VALUE_BITS

BYTE = 8


class BitPacker(wiring.Component):
    """Joins codewords, most significant bit first, and fills the last byte of an epoch with zeros.

    A codeword waits at the input until fewer than 8 leading zeros are left of it; the others went out as whole bytes.
    Then it joins the bits that wait for a full byte. The bits below those in use are always 0, so that filling up the
    last byte of an epoch takes no time: only the count is rounded up.

    Latency: one cycle. Throughput: a codeword takes a cycle for each byte that it completes, at least one; so does the
    end of an epoch. Back-pressure: holds up the input. Memory: 46 bits.

    Members
    -------
    i : In(stream)
        Codewords.
    o : Out(stream)
        Bytes of the payload.
    """

    i: In(stream.Signature(CODEWORD))
    o: Out(stream.Signature(PAYLOAD_BYTE))

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        room = 2 * (BYTE - 1) + VALUE_BITS
        codeword = self.i.payload
        bits = Signal(room)  # the first one at the top
        fill = Signal(range(room + BYTE))
        ending = Signal()
        zero_bytes = Signal(len(codeword.zeros) - 3)

        sent, last = Signal(), Signal()
        fill_kept, bits_kept = Signal.like(fill), Signal.like(bits)
        m.d.comb += [
            last.eq(ending & (fill <= BYTE)),
            self.o.valid.eq((fill >= BYTE) | ending),
            self.o.payload.data.eq(bits[-BYTE:]),
            self.o.payload.present.eq(fill != 0),
            self.o.payload.end.eq(last),
            sent.eq(self.o.valid & self.o.ready),
            fill_kept.eq(Mux(~sent, fill, Mux(fill > BYTE, fill - BYTE, 0))),
            bits_kept.eq(Mux(sent, bits << BYTE, bits)),
        ]

        room_for_more, long_zeros = Signal(), Signal()
        zeros = Signal.like(codeword.zeros)
        fill_joined = Signal.like(fill)
        below = Signal.like(fill)
        m.d.comb += [
            room_for_more.eq((fill_kept < BYTE) & (~ending | (sent & last))),
            zeros.eq(codeword.zeros - zero_bytes * BYTE),
            long_zeros.eq(zeros >= BYTE),
            fill_joined.eq(fill_kept + zeros + codeword.width),
            below.eq(room - fill_joined),
            self.i.ready.eq(room_for_more & ~long_zeros),
        ]
        with m.If(sent):
            m.d.sync += [fill.eq(fill_kept), bits.eq(bits_kept)]
            with m.If(last):
                m.d.sync += ending.eq(0)
        with m.If(self.i.valid & room_for_more):
            with m.If(long_zeros):
                m.d.sync += [fill.eq(fill_kept + BYTE), zero_bytes.eq(zero_bytes + 1)]
            with m.Else():
                m.d.sync += [
                    fill.eq(Mux(codeword.end, (fill_joined + (BYTE - 1)) & ~(BYTE - 1), fill_joined)),
                    bits.eq(bits_kept | (codeword.value << below)),
                    ending.eq(codeword.end),
                    zero_bytes.eq(0),
                ]
        return m
