"""RiceParameter: the Golomb parameter k of each gap, from the gaps before it."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import gap_token, rice_token
from hdl.rice_debt import RiceDebt
from hdl.rice_mean import RiceMean


class RiceParameter(wiring.Component):
    """Adds to each gap token the parameter to code it with, and learns from it.

    Two stages: the first finds the k that suits the mean of the gaps, the second limits it by the debt. What counts
    anew with a packet does so with its first token, so that nothing that happens to the state before it matters.

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
        first = Signal(init=1)
        ruled_first = Signal()
        m.submodules.mean = mean = RiceMean(self._channels)
        m.submodules.debt = debt = RiceDebt(self._channels)
        m.d.comb += [
            mean.gap.eq(token_in.gap),
            mean.learn.eq(taken & token_in.error),
            mean.restart.eq(self.i.valid & first & token_in.keyframe),
            debt.k_mean.eq(ruled.payload.k),
            debt.gap.eq(ruled.payload.gap),
            debt.learn.eq(passed & ruled.payload.error),
            debt.restart.eq(ruled.valid & ruled_first),
        ]
        with m.If(self.i.ready):
            m.d.sync += ruled.valid.eq(self.i.valid)
        with m.If(taken):
            m.d.sync += [
                first.eq(token_in.end),
                ruled_first.eq(first),
                ruled.payload.gap.eq(token_in.gap),
                ruled.payload.error.eq(token_in.error),
                ruled.payload.end.eq(token_in.end),
                ruled.payload.k.eq(mean.k),
            ]
        with m.If(ruled.ready):
            m.d.sync += self.o.valid.eq(ruled.valid)
        with m.If(passed):
            m.d.sync += [self.o.payload.eq(ruled.payload), self.o.payload.k.eq(debt.k)]
        return m
