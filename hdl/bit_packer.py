"""BitPacker: codewords to bytes."""

from amaranth.hdl import Array, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import CODEWORD, PAYLOAD_BYTE, VALUE_BITS

BYTE = 8
VALUE_BYTES = VALUE_BITS // BYTE


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
        fill = Signal(range(BYTE))
        total = Signal(range(BYTE + (1 << len(codeword.zeros)) + VALUE_BITS))
        left = Signal(range(BYTE))
        sent = Signal(len(total) - 3)  # bytes that the codeword completes, gone out already
        due = Signal.like(sent)  # those that are left
        m.d.comb += [
            total.eq(fill + codeword.zeros + codeword.width),
            left.eq(total[:3]),
            due.eq(total[3:] - sent),
        ]

        # The codeword ends `left` bits behind its last whole byte: it is moved as far when the byte is cut out.
        places = [codeword.value << BYTE, *(codeword.value >> BYTE * place for place in range(VALUE_BYTES)), Const(0)]
        window = Signal(2 * BYTE - 1)
        rest, ahead = Signal(BYTE), Signal(BYTE)
        m.d.comb += [
            window.eq(Array(place[: 2 * BYTE - 1] for place in places)[due]),
            rest.eq((codeword.value[: BYTE - 1] << BYTE) >> left),
            ahead.eq(Mux(sent == 0, waiting, 0)),
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
            m.d.sync += [sent.eq(0), fill.eq(left), waiting.eq(rest | Mux(total[3:] == 0, waiting, 0))]
            with m.If(codeword.end):
                m.d.sync += [fill.eq(0), waiting.eq(0)]
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += sent.eq(sent + 1)
        return m
