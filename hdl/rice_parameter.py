"""RiceParameter: the Golomb parameter k of each gap, from the gaps before it."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import coded_token, rice_token
from hdl.rice_debt import RiceDebt, clipped
from hdl.rice_mean import NORMALIZED, RiceMean, largest_k
from model.golden.leb128_coder import GROUP_BITS


class RiceParameter(wiring.Component):
    """Adds to each gap the parameter to code it with, and learns from it; to one for LEB128 adds the width of a group.

    Three stages: in the first a token waits while the mean of the gaps before it is normalized, in the second the k is
    found that suits it, in the third k is limited by the debt. What counts anew with a packet does so as its first
    token comes into a stage, so that nothing that happens to the state before it matters.

    Latency: three cycles. Throughput: one token a cycle. Back-pressure: tokens wait in all stages.

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
                "i": In(stream.Signature(coded_token(channels))),
                "o": Out(stream.Signature(rice_token(channels))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        came = stream.Signature(coded_token(self._channels)).create()
        meant = stream.Signature(coded_token(self._channels)).create()
        ruled = stream.Signature(rice_token(self._channels)).create()
        m.submodules.mean = mean = RiceMean(self._channels)
        m.submodules.debt = debt = RiceDebt()
        first = Signal(init=1)
        came_first = Signal()
        meant_first = Signal()
        normalized = Signal(NORMALIZED)
        credited = Signal.like(debt.gap)

        m.d.comb += [
            self.i.ready.eq(~came.valid | came.ready),
            came.ready.eq(~meant.valid | meant.ready),
            meant.ready.eq(~ruled.valid | ruled.ready),
            ruled.ready.eq(self.o.ready),
            mean.gap.eq(came.payload.gap),
            mean.learn.eq(_passes(came) & came.payload.error & ~came.payload.leb128),
            mean.restart.eq(_passes(self.i) & first & self.i.payload.keyframe),
            debt.k_mean.eq(ruled.payload.k),
            debt.gap.eq(credited),
            debt.learn.eq(_passes(ruled) & ruled.payload.error & ~ruled.payload.leb128),
            debt.restart.eq(_passes(meant) & meant_first),
            self.o.valid.eq(ruled.valid),
            self.o.payload.eq(ruled.payload),
            self.o.payload.k.eq(Mux(ruled.payload.leb128, GROUP_BITS, debt.k)),
        ]
        _hold(m, came, self.i)
        _hold(m, meant, came)
        _hold(m, ruled, meant)
        with m.If(_passes(self.i)):
            m.d.sync += [first.eq(self.i.payload.end), came_first.eq(first)]
        with m.If(_passes(came)):
            m.d.sync += [meant_first.eq(came_first), normalized.eq(mean.normalized)]
        k = largest_k(m, normalized)  # not within a condition, on which its logic would wait
        with m.If(_passes(meant)):
            m.d.sync += [ruled.payload.k.eq(k), credited.eq(clipped(meant.payload.gap))]
        return m


def _passes(port: stream.Interface) -> Value:
    """Return whether a transfer happens."""
    return port.valid & port.ready


def _hold(m: Module, stage: stream.Interface, source: stream.Interface) -> None:
    """Take what comes from `source` into the registers of a stage, field by field, where it has them."""
    with m.If(source.ready):
        m.d.sync += stage.valid.eq(source.valid)
    with m.If(_passes(source)):
        m.d.sync += [
            stage.payload[name].eq(source.payload[name])
            for name, _ in stage.payload.shape()
            if name in dict(source.payload.shape())
        ]
