"""GapCounter: turns errors in scan order into the intervals between them."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
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
        # Held, since the input's ready has a long way to go.
        any_error = Signal()
        finished = Signal()  # no other error
        silent = Signal(init=1)  # no token comes of the held word, or none is held
        ends, free, leaves = Signal(), Signal(), Signal()
        m.d.comb += [
            lanes_held.eq(Mux(held.row_last, self._lanes_last, self._lanes)),
            counted.eq(Mux(finished, lanes_held, 0)),
            passed.eq(before + Mux(any_error, lane, lanes_held)),
            ends.eq(held.epoch_last & finished),
            free.eq(~self.o.valid | self.o.ready),
            leaves.eq(free & ~silent),
            self.i.ready.eq(silent | (free & finished)),
        ]

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(silent & held_valid):
            m.d.sync += before.eq(passed)
        with m.If(leaves):
            m.d.sync += [
                held.bits.eq(others),
                any_error.eq(~finished),
                finished.eq(~_several(others)),
                self.o.valid.eq(1),
                self.o.payload.gap.eq(passed),
                self.o.payload.error.eq(any_error),
                self.o.payload.end.eq(ends),
                self.o.payload.keyframe.eq(held.keyframe),
                self.o.payload.coder.eq(held.coder),
                before.eq(counted - lane - 1),
            ]
            with m.If(ends):
                m.d.sync += before.eq(0)
        with m.If(self.i.ready):
            came = self.i.payload
            m.d.sync += [
                held_valid.eq(self.i.valid),
                silent.eq(~(self.i.valid & (came.bits.any() | came.epoch_last))),
            ]
            with m.If(self.i.valid):
                m.d.sync += [
                    held.eq(came),
                    any_error.eq(came.bits.any()),
                    finished.eq(~_several(came.bits)),
                ]
        return m


def _but_lowest(bits: Value) -> Value:
    """Return `bits` without the lowest one that is set."""
    return bits & (bits - 1)[: len(bits)]


def _several(bits: Value) -> Value:
    """Return whether more than one of `bits` is set, without a carry chain, which would be as long as a word."""
    if len(bits) < 2:
        return Const(0)
    low, high = bits[: len(bits) // 2], bits[len(bits) // 2 :]
    return _several(low) | _several(high) | (low.any() & high.any())
