"""RiceMean: a running mean of the gaps, as the Golomb parameter that suits it."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bits import highest_bit
from hdl.layouts import K_BITS, gap_bits
from model.golden.rice_mean import COUNT_INITIAL, COUNT_LIMIT, GAP_CLIP, SUM_INITIAL

SUM_MAX = COUNT_LIMIT * GAP_CLIP


class RiceMean(wiring.Component):
    """Sum and count of the gaps, both halved at a limit, and the largest k with `count << k <= sum + (49*count >> 7)`.

    That k is the difference of the two sides' bit lengths, or one less.

    Throughput: one gap a cycle. Memory: 28 bits.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    k : Out(4)
        Golomb parameter that suits the mean; combinational from the state and `restart`.
    gap : In
        Gap to learn.
    learn : In(1)
        Learn it in this cycle.
    restart : In(1)
        A keyframe begins, with this gap if there is one: what was learned before it counts no more, in `k` neither.
    """

    def __init__(self, channels: int) -> None:
        super().__init__({"k": Out(K_BITS), "gap": In(gap_bits(channels)), "learn": In(1), "restart": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        total_held = Signal(range(SUM_MAX + 1), init=SUM_INITIAL)
        count_held = Signal(range(COUNT_LIMIT), init=COUNT_INITIAL)
        total, count = Signal.like(total_held), Signal.like(count_held)
        gap = Signal(range(GAP_CLIP + 1))
        m.d.comb += gap.eq(Mux(self.gap > GAP_CLIP, GAP_CLIP, self.gap))
        with m.If(self.restart):
            m.d.comb += [total.eq(SUM_INITIAL), count.eq(COUNT_INITIAL)]
        with m.Else():
            m.d.comb += [total.eq(total_held), count.eq(count_held)]
        m.d.sync += [total_held.eq(total), count_held.eq(count)]
        with m.If(self.learn):
            with m.If(count == COUNT_LIMIT - 1):
                m.d.sync += [total_held.eq((total + gap + 1) >> 1), count_held.eq(COUNT_LIMIT // 2)]
            with m.Else():
                m.d.sync += [total_held.eq(total + gap), count_held.eq(count + 1)]

        threshold = Signal(range(SUM_MAX + COUNT_LIMIT))
        places = Signal(range(len(threshold)))
        m.d.comb += [
            threshold.eq(total + ((49 * count) >> 7)),
            places.eq(highest_bit(m, threshold) - highest_bit(m, count)),
        ]
        with m.If(threshold < count):
            m.d.comb += self.k.eq(0)
        with m.Elif((threshold >> places) >= count):
            m.d.comb += self.k.eq(places)
        with m.Else():
            m.d.comb += self.k.eq(places - 1)
        return m
