"""BitPacker: codewords to bytes."""

from amaranth.hdl import Array, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import CODEWORD, CODEWORD_BITS_MAX, PAYLOAD_BYTE, VALUE_BITS

BYTE = 8
VALUE_BYTES = -(-VALUE_BITS // BYTE)


class BitPacker(wiring.Component):
    """Joins codewords, most significant bit first, and fills the last byte of an epoch with zeros.

    A codeword is held while the bytes that it completes go out, and leaves behind the bits of a byte that is not full.
    So a byte is cut out of the codeword where it stands, and nothing as wide as a codeword is shifted. How many bytes
    it completes is found out as it comes in, since whatever waits in front of it waits for that number.

    Latency: one cycle. Throughput: a codeword takes a cycle for each byte that it completes, at least one.
    Back-pressure: a codeword waits, and holds up the input. Memory: 16 bits, and a codeword.

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
        held_valid = Signal()
        value = Signal.like(self.i.payload.value)
        end = Signal(init=1)
        waiting = Signal(BYTE)  # bits of the byte that was not full before the held codeword, the first one at the top
        left = Signal(range(BYTE))  # bits of the byte that is not full behind it
        due = Signal(range((BYTE - 1 + CODEWORD_BITS_MAX) // BYTE + 1))  # bytes that it completes and that are not out
        fresh = Signal()  # whether none of them is

        # The codeword ends `left` bits behind its last whole byte: it is moved as far when the byte is cut out.
        places = [value << BYTE, *(value >> BYTE * place for place in range(VALUE_BYTES)), Const(0)]
        window = Signal(2 * BYTE - 1)
        rest, ahead = Signal(BYTE), Signal(BYTE)
        m.d.comb += [
            window.eq(Array(place[: 2 * BYTE - 1] for place in places)[due]),
            rest.eq((value[: BYTE - 1] << BYTE) >> left),
            ahead.eq(Mux(fresh, waiting, 0)),
            self.o.payload.data.eq((window >> left)[:BYTE] | ahead),
        ]

        at_last, done = Signal(), Signal()
        m.d.comb += [
            at_last.eq((due == 0) | ((due == 1) & (~end | (left == 0)))),
            self.o.payload.present.eq((due != 0) | (left != 0)),
            self.o.payload.end.eq(end & at_last),
            self.o.valid.eq(held_valid & ((due != 0) | end)),
            done.eq(held_valid & at_last & (self.o.ready | ~self.o.valid)),
            self.i.ready.eq(~held_valid | done),
        ]
        with m.If(done):
            m.d.sync += [held_valid.eq(0), waiting.eq(rest | Mux(fresh & (due == 0), waiting, 0))]
            with m.If(end):
                m.d.sync += waiting.eq(0)
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += [due.eq(due - 1), fresh.eq(0)]

        total = Signal(range(BYTE + CODEWORD_BITS_MAX))
        m.d.comb += total.eq(Mux(end, 0, left) + self.i.payload.length)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                held_valid.eq(1),
                value.eq(self.i.payload.value),
                end.eq(self.i.payload.end),
                left.eq(total[:3]),
                due.eq(total[3:]),
                fresh.eq(1),
            ]
        return m
