"""RiceMean: a running mean of the gaps, as the Golomb parameter that suits it."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.bits import normalized
from hdl.layouts import K_BITS, gap_bits
from model.golden.rice_mean import COUNT_INITIAL, COUNT_LIMIT, GAP_CLIP, SUM_INITIAL

THRESHOLD_MAX = COUNT_LIMIT * GAP_CLIP
COUNT_BITS = ceil_log2(COUNT_LIMIT)
NORMALIZED = data.StructLayout(
    {
        "threshold_place": ceil_log2(THRESHOLD_MAX.bit_length()),
        "threshold": COUNT_BITS,
        "count_place": ceil_log2(COUNT_BITS),
        "count": COUNT_BITS,
    }
)
"""Threshold and count of a mean: the place of the highest bit that is set, and the bits from it down."""


class RiceMean(wiring.Component):
    """Sum and count of the gaps, both halved at a limit, and the largest k with `count << k <= sum + (49*count >> 7)`.

    Throughput: one gap a cycle. Memory: 28 bits.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    normalized : Out(NORMALIZED)
        The mean, from which `largest_k` makes k.
    k : Out(4)
        Golomb parameter that suits the mean.
    gap : In
        Gap to learn.
    learn : In(1)
        Learn it in this cycle.
    restart : In(1)
        A keyframe begins in the next cycle: what was learned until then, with this gap, counts no more.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(
            {
                "normalized": Out(NORMALIZED),
                "k": Out(K_BITS),
                "gap": In(gap_bits(channels)),
                "learn": In(1),
                "restart": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        # The threshold itself is kept: the share of the count in it grows by one or stays where the count grows by one,
        # and is halved with it, since 49 * 63 >> 7 is 24 and 49 * 32 >> 7 is 12.
        threshold = Signal(range(THRESHOLD_MAX + 1), init=SUM_INITIAL + _share(COUNT_INITIAL))
        count = Signal(range(COUNT_LIMIT), init=COUNT_INITIAL)
        gap = Signal(range(GAP_CLIP + 1))
        m.d.comb += gap.eq(Mux(self.gap > GAP_CLIP, GAP_CLIP, self.gap))

        at_limit = count == COUNT_LIMIT - 1
        share_grows = count.matches(*(place for place in range(COUNT_LIMIT - 1) if _share(place + 1) > _share(place)))
        total = Signal.like(threshold)
        m.d.comb += total.eq(threshold + gap + (at_limit | share_grows))
        with m.If(self.learn):
            m.d.sync += [
                threshold.eq(Mux(at_limit, total >> 1, total)),
                count.eq(Mux(at_limit, COUNT_LIMIT // 2, count + 1)),
            ]
        with m.If(self.restart):
            m.d.sync += [threshold.eq(threshold.init), count.eq(count.init)]

        threshold_place, threshold_bits = normalized(m, threshold, COUNT_BITS)
        count_place, count_bits = normalized(m, count, COUNT_BITS)
        m.d.comb += [
            self.normalized.threshold_place.eq(threshold_place),
            self.normalized.threshold.eq(threshold_bits),
            self.normalized.count_place.eq(count_place),
            self.normalized.count.eq(count_bits),
            self.k.eq(largest_k(m, self.normalized)),
        ]
        return m


def largest_k(m: Module, mean: data.View) -> Value:
    """Return the largest k with `count << k <= threshold`, or 0: the difference of their places, or one less."""
    more = Signal(signed(len(mean.threshold_place) + 1))
    less = Signal.like(more, name="less")
    m.d.comb += [more.eq(mean.threshold_place - mean.count_place), less.eq(more - 1)]
    # The comparison comes last: its outcome is known later than both differences.
    return Mux(mean.threshold < mean.count, Mux(less < 0, 0, less), Mux(more < 0, 0, more))


def _share(count: int) -> int:
    """Return the share of the count in the threshold."""
    return 49 * count >> 7
