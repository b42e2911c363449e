"""BitPacker: codewords to bytes."""

from amaranth.hdl import Array, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import CODEWORD, CODEWORD_BITS_MAX, PAYLOAD_BYTE, VALUE_BITS

BYTE = 8
VALUE_BYTES = -(-VALUE_BITS // BYTE)


class BitPacker(wiring.Component):
    """Joins codewords, most significant bit first, and fills the last byte of an epoch with zeros.

    A codeword waits at the input while the bytes that it completes go out, and leaves behind the bits of a byte that is
    not full. So a byte is cut out of the codeword where it stands, and nothing as wide as a codeword is shifted.

    Latency: none. Throughput: a codeword takes a cycle for each byte that it completes, at least one. Back-pressure:
    holds up the input. Memory: 16 bits.

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
        codeword = self.i.payload
        waiting = Signal(BYTE)  # bits of the byte that is not full, the first one at the top
        owed = Signal(range(-CODEWORD_BITS_MAX, BYTE))  # bits that wait; below 0, some went out ahead of their codeword
        total = Signal(range(BYTE + CODEWORD_BITS_MAX))
        left = Signal(range(BYTE))
        due = Signal(len(total) - 3)  # bytes that the codeword completes and that are not out
        fresh = Signal()  # whether none of them is
        m.d.comb += [
            total.eq(owed + codeword.length),
            left.eq(total[:3]),
            due.eq(total[3:]),
            fresh.eq(owed >= 0),
        ]

        # The codeword ends `left` bits behind its last whole byte: it is moved as far when the byte is cut out.
        places = [codeword.value << BYTE, *(codeword.value >> BYTE * place for place in range(VALUE_BYTES)), Const(0)]
        window = Signal(2 * BYTE - 1)
        rest, ahead = Signal(BYTE), Signal(BYTE)
        m.d.comb += [
            window.eq(Array(place[: 2 * BYTE - 1] for place in places)[due]),
            rest.eq((codeword.value[: BYTE - 1] << BYTE) >> left),
            ahead.eq(Mux(fresh, waiting, 0)),
            self.o.payload.data.eq((window >> left)[:BYTE] | ahead),
        ]

        at_last, done = Signal(), Signal()
        m.d.comb += [
            at_last.eq((due == 0) | ((due == 1) & (~codeword.end | (left == 0)))),
            self.o.payload.present.eq((due != 0) | (left != 0)),
            self.o.payload.end.eq(codeword.end & at_last),
            self.o.valid.eq(self.i.valid & ((due != 0) | codeword.end)),
            self.i.ready.eq(at_last & (self.o.ready | ~self.o.valid)),
            done.eq(self.i.valid & self.i.ready),
        ]
        with m.If(done):
            m.d.sync += [owed.eq(left), waiting.eq(rest | Mux(fresh & (due == 0), waiting, 0))]
            with m.If(codeword.end):
                m.d.sync += [owed.eq(0), waiting.eq(0)]
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += owed.eq(owed - BYTE)
        return m
