"""RiceParameter: the Golomb parameter k of each gap, from the gaps before it."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.bits import highest_bit
from hdl.layouts import K_BITS, gap_token, rice_token
from model.golden.rice_parameter import (
    COUNT_INITIAL,
    COUNT_LIMIT,
    CREDIT_GAP_CLIP,
    DEBT_LIMIT,
    DEBT_UNIT,
    GAP_CLIP,
    K_MAX,
    SUM_INITIAL,
)

SUM_MAX = COUNT_LIMIT * GAP_CLIP
DEBT_MAX = DEBT_LIMIT - 1 + K_MAX * DEBT_UNIT


class RiceParameter(wiring.Component):
    """Adds to each gap token the parameter to code it with, and learns from it.

    Two stages. The first holds the mean (sum and count of the gaps, halved at a limit) and finds the largest k with
    `count << k <= sum + (49 * count >> 7)`: the difference of the two sides' bit lengths, or one less. The second
    holds the debt, and puts k to 0 where it has reached its limit.

    Latency: two cycles. Throughput: one token a cycle. Back-pressure: tokens wait in both stages.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    i : In(stream)
        Gap tokens.
    o : Out(stream)
        The same, with k.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        super().__init__(
            {
                "i": In(stream.Signature(gap_token(channels))),
                "o": Out(stream.Signature(rice_token(channels))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        ruled = stream.Signature(rice_token(self._channels)).create()
        token_in = self.i.payload
        taken, passed = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~ruled.valid | ruled.ready),
            taken.eq(self.i.valid & self.i.ready),
            ruled.ready.eq(~self.o.valid | self.o.ready),
            passed.eq(ruled.valid & ruled.ready),
        ]
        rule_k = self._mean(m, token_in, taken)
        limited_k = self._debt(m, ruled.payload, passed)
        with m.If(self.i.ready):
            m.d.sync += ruled.valid.eq(self.i.valid)
        with m.If(taken):
            m.d.sync += [
                ruled.payload.gap.eq(token_in.gap),
                ruled.payload.error.eq(token_in.error),
                ruled.payload.end.eq(token_in.end),
                ruled.payload.k.eq(rule_k),
            ]
        with m.If(ruled.ready):
            m.d.sync += self.o.valid.eq(ruled.valid)
        with m.If(passed):
            m.d.sync += [self.o.payload.eq(ruled.payload), self.o.payload.k.eq(limited_k)]
        return m

    def _mean(self, m: Module, token: data.View, taken: Signal) -> Signal:
        """Build the sum and count, which learn from `token` when it is `taken`; return k by the rule."""
        total = Signal(range(SUM_MAX + 1), init=SUM_INITIAL)
        count = Signal(range(COUNT_LIMIT), init=COUNT_INITIAL)
        gap = Signal(range(GAP_CLIP + 1))
        m.d.comb += gap.eq(Mux(token.gap > GAP_CLIP, GAP_CLIP, token.gap))
        with m.If(taken & token.end & token.keyframe_follows):
            m.d.sync += [total.eq(SUM_INITIAL), count.eq(COUNT_INITIAL)]
        with m.Elif(taken & token.error):
            with m.If(count == COUNT_LIMIT - 1):
                m.d.sync += [total.eq((total + gap + 1) >> 1), count.eq(COUNT_LIMIT // 2)]
            with m.Else():
                m.d.sync += [total.eq(total + gap), count.eq(count + 1)]

        threshold = Signal(range(SUM_MAX + COUNT_LIMIT))
        places = Signal(range(len(threshold)))
        k = Signal(K_BITS)
        m.d.comb += [
            threshold.eq(total + ((49 * count) >> 7)),
            places.eq(highest_bit(m, threshold) - highest_bit(m, count)),
        ]
        with m.If(threshold < count):
            m.d.comb += k.eq(0)
        with m.Elif((threshold >> places) >= count):
            m.d.comb += k.eq(places)
        with m.Else():
            m.d.comb += k.eq(places - 1)
        return k

    def _debt(self, m: Module, token: data.View, passed: Signal) -> Signal:
        """Build the debt, which learns from `token` when it has `passed`; return k within the debt's limit."""
        debt = Signal(range(DEBT_MAX + 1))
        k = Signal(K_BITS)
        gap = Signal(range(CREDIT_GAP_CLIP + 1))
        owed = Signal(range(DEBT_MAX + K_MAX * DEBT_UNIT + 1))
        credit = Signal(range(CREDIT_GAP_CLIP * DEBT_UNIT // 2 + 1))
        m.d.comb += [
            k.eq(Mux(debt >= DEBT_LIMIT, 0, token.k)),
            gap.eq(Mux(token.gap > CREDIT_GAP_CLIP, CREDIT_GAP_CLIP, token.gap)),
            owed.eq(debt + k * DEBT_UNIT),
            credit.eq(Mux(k == 0, gap + 1, gap * (DEBT_UNIT // 2))),
        ]
        with m.If(passed & token.end):
            m.d.sync += debt.eq(0)
        with m.Elif(passed & token.error):
            m.d.sync += debt.eq(Mux(owed > credit, owed - credit, 0))
        return k
