"""RiceDebt: a bound on what a misled Golomb parameter may cost."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import K_BITS, gap_bits
from model.golden.rice_debt import CREDIT_GAP_CLIP, DEBT_LIMIT, DEBT_UNIT
from model.golden.rice_mean import K_MAX

DEBT_MAX = DEBT_LIMIT - 1 + K_MAX * DEBT_UNIT


class RiceDebt(wiring.Component):
    """The epoch's bits beyond one a bin, in 1/64 bit; from a limit on it puts k to 0.

    Throughput: one gap a cycle. Memory: 13 bits.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    k_mean : In(4)
        Golomb parameter that suits the mean.
    k : Out(4)
        The parameter to use; combinational from `k_mean`, the state and `restart`.
    gap : In
        Gap that was coded with `k`.
    learn : In(1)
        Account for it in this cycle.
    restart : In(1)
        An epoch begins, with this gap if there is one: there is no debt from before, for `k` neither.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(
            {
                "k_mean": In(K_BITS),
                "k": Out(K_BITS),
                "gap": In(gap_bits(channels)),
                "learn": In(1),
                "restart": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        debt_held = Signal(range(DEBT_MAX + 1))
        debt = Signal.like(debt_held)
        gap = Signal(range(CREDIT_GAP_CLIP + 1))
        owed = Signal(range(DEBT_MAX + K_MAX * DEBT_UNIT + 1))
        credit = Signal(range(CREDIT_GAP_CLIP * DEBT_UNIT // 2 + 1))
        m.d.comb += [
            debt.eq(Mux(self.restart, 0, debt_held)),
            self.k.eq(Mux(debt >= DEBT_LIMIT, 0, self.k_mean)),
            gap.eq(Mux(self.gap > CREDIT_GAP_CLIP, CREDIT_GAP_CLIP, self.gap)),
            owed.eq(debt + self.k * DEBT_UNIT),
            credit.eq(Mux(self.k == 0, gap + 1, gap * (DEBT_UNIT // 2))),
        ]
        m.d.sync += debt_held.eq(debt)
        with m.If(self.learn):
            m.d.sync += debt_held.eq(Mux(owed > credit, owed - credit, 0))
        return m
