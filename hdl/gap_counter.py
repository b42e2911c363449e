"""GapCounter: turns errors in scan order into the intervals between them."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.bits import lowest_bit
from hdl.layouts import check_geometry, gap_bits, gap_token, word, words_per_row


class GapCounter(wiring.Component):
    """Takes words of errors, gives one token for each error and one for an epoch that ends without one.

    Latency: two cycles from a word to its first token. Throughput: a word takes as many cycles as it has errors, at
    least one. Back-pressure: tokens wait, and hold up the input. Memory: the word being scanned, and one token.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels; the last word of a row has what is left.

    Members
    -------
    i : In(stream)
        Errors, in words.
    o : Out(stream)
        Gap tokens.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        check_geometry(channels, lanes)
        self._lanes = lanes
        self._lanes_last = channels - (words_per_row(channels, lanes) - 1) * lanes
        self._gap_bits = gap_bits(channels)
        super().__init__(
            {
                "i": In(stream.Signature(word(lanes))),
                "o": Out(stream.Signature(gap_token(channels))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        held = Signal(word(self._lanes))
        held_valid = Signal()
        # Error-free bins since the last error, up to lane 0 of the held word; negative once the word had an error.
        before = Signal(signed(self._gap_bits + 1))

        errors = Signal(self._lanes)
        others = Signal(self._lanes)
        lane = lowest_bit(m, errors)
        m.d.comb += [errors.eq(held.bits), others.eq(_but_lowest(errors))]

        lanes_held, counted = Signal(range(self._lanes + 1)), Signal(range(self._lanes + 1))
        passed = Signal.like(before)  # error-free bins up to the next error, or to the end of a word without one
        any_error = Signal()
        finished = Signal()  # no other error; held, since the input's ready has a long way to go
        ends = Signal()
        needs_token = Signal()
        advance = Signal()
        m.d.comb += [
            any_error.eq(errors.any()),
            lanes_held.eq(Mux(held.row_last, self._lanes_last, self._lanes)),
            counted.eq(Mux(finished, lanes_held, 0)),
            passed.eq(before + Mux(any_error, lane, lanes_held)),
            ends.eq(held.epoch_last & finished),
            needs_token.eq(any_error | ends),
            advance.eq(held_valid & (~self.o.valid | self.o.ready | ~needs_token)),
            self.i.ready.eq(~held_valid | (advance & finished)),
        ]

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(advance):
            m.d.sync += [held.bits.eq(others), finished.eq(~_but_lowest(others).any())]
            with m.If(needs_token):
                m.d.sync += [
                    self.o.valid.eq(1),
                    self.o.payload.gap.eq(passed),
                    self.o.payload.error.eq(any_error),
                    self.o.payload.end.eq(ends),
                    self.o.payload.keyframe.eq(held.keyframe),
                    self.o.payload.coder.eq(held.coder),
                ]
            with m.If(ends):
                m.d.sync += before.eq(0)
            with m.Elif(any_error):
                m.d.sync += before.eq(counted - lane - 1)
            with m.Else():
                m.d.sync += before.eq(passed)
        with m.If(self.i.ready):
            m.d.sync += held_valid.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += [held.eq(self.i.payload), finished.eq(~_but_lowest(self.i.payload.bits).any())]
        return m


def _but_lowest(bits: Value) -> Value:
    """Return `bits` without the lowest one that is set."""
    return bits & (bits - 1)[: len(bits)]
