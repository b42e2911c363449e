"""RiceMean: a running mean of the gaps, as the Golomb parameter that suits it."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bits import normalized
from hdl.layouts import K_BITS, gap_bits
from model.golden.rice_mean import COUNT_INITIAL, COUNT_LIMIT, GAP_CLIP, K_INITIAL, SUM_INITIAL

THRESHOLD_MAX = COUNT_LIMIT * GAP_CLIP


class RiceMean(wiring.Component):
    """Sum and count of the gaps, both halved at a limit, and the largest k with `count << k <= sum + (49*count >> 7)`.

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
        # The threshold itself is kept: the share of the count in it grows by one or stays where the count grows by one,
        # and is halved with it, since 49 * 63 >> 7 is 24 and 49 * 32 >> 7 is 12.
        threshold_held = Signal(range(THRESHOLD_MAX + 1), init=SUM_INITIAL + _share(COUNT_INITIAL))
        count_held = Signal(range(COUNT_LIMIT), init=COUNT_INITIAL)
        threshold, count = Signal.like(threshold_held), Signal.like(count_held)
        gap = Signal(range(GAP_CLIP + 1))
        m.d.comb += gap.eq(Mux(self.gap > GAP_CLIP, GAP_CLIP, self.gap))
        with m.If(self.restart):
            m.d.comb += [threshold.eq(threshold_held.init), count.eq(COUNT_INITIAL)]
        with m.Else():
            m.d.comb += [threshold.eq(threshold_held), count.eq(count_held)]

        at_limit = count == COUNT_LIMIT - 1
        share_grows = count.matches(*(place for place in range(COUNT_LIMIT - 1) if _share(place + 1) > _share(place)))
        total = Signal(range(THRESHOLD_MAX + 1))
        m.d.comb += total.eq(threshold + gap + (at_limit | share_grows))
        m.d.sync += [threshold_held.eq(threshold), count_held.eq(count)]
        with m.If(self.learn):
            m.d.sync += [
                threshold_held.eq(Mux(at_limit, total >> 1, total)),
                count_held.eq(Mux(at_limit, COUNT_LIMIT // 2, count + 1)),
            ]

        m.d.comb += self.k.eq(Mux(self.restart, K_INITIAL, self._largest(m, threshold_held, count_held)))
        return m

    @staticmethod
    def _largest(m: Module, threshold: Signal, count: Signal) -> Value:
        """Return the largest k with `count << k <= threshold`, or 0: the difference of the bit lengths, or one less."""
        places, leading = normalized(m, threshold, len(count))
        count_places, count_leading = normalized(m, count, len(count))
        more = Signal(signed(len(places) + 1))
        less = Signal.like(more, name="less")
        m.d.comb += [more.eq(places - count_places), less.eq(more - 1)]
        # The comparison comes last: its outcome is known later than both differences.
        return Mux(leading < count_leading, Mux(less < 0, 0, less), Mux(more < 0, 0, more))


def _share(count: int) -> int:
    """Return the share of the count in the threshold."""
    return 49 * count >> 7
