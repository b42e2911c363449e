"""RiceDebt: a bound on what a misled Golomb parameter may cost."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from hdl.layouts import K_BITS
from model.golden.rice_debt import CREDIT_GAP_CLIP, DEBT_LIMIT, DEBT_UNIT
from model.golden.rice_mean import K_MAX

HALF_UNIT_BITS = ceil_log2(DEBT_UNIT // 2)
DEBT_MAX = DEBT_LIMIT - 1 + K_MAX * DEBT_UNIT


class RiceDebt(wiring.Component):
    """The epoch's bits beyond one a bin, in 1/64 bit; from a limit on it puts k to 0.

    Throughput: one gap a cycle. Memory: 13 bits.

    Members
    -------
    k_mean : In(4)
        Golomb parameter that suits the mean.
    k : Out(4)
        The parameter to use; combinational from `k_mean` and the state.
    gap : In(range(CREDIT_GAP_CLIP + 1))
        Gap that was coded with `k`, `clipped`.
    learn : In(1)
        Account for it in this cycle.
    restart : In(1)
        An epoch begins in the next cycle, without the debt from before, with this gap.
    """

    k_mean: In(K_BITS)
    k: Out(K_BITS)
    gap: In(range(CREDIT_GAP_CLIP + 1))
    learn: In(1)
    restart: In(1)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        debt = Signal(range(DEBT_MAX + 1))
        less_gap = Cat(~self.gap, 1).as_signed()  # -gap - 1
        half_units = Signal.like(less_gap)
        change = Signal(signed(len(half_units) + HALF_UNIT_BITS))
        after = Signal(signed(len(debt) + 1))
        m.d.comb += [
            self.k.eq(Mux(debt >= DEBT_LIMIT, 0, self.k_mean)),
            # Not of `k`, which is known later, and is 0 wherever it differs.
            half_units.eq(Cat(1, self.k_mean) + less_gap),
            change.eq(Mux(self.k == 0, less_gap, half_units << HALF_UNIT_BITS)),
            after.eq(debt + change),
        ]
        with m.If(self.learn):
            m.d.sync += debt.eq(after)
        with m.If(self.restart | (self.learn & (after < 0))):
            m.d.sync += debt.eq(0)
        return m


def clipped(gap: Value) -> Value:
    """Return what of a gap earns credit."""
    low_bits = bits_for(CREDIT_GAP_CLIP)
    # That of a plain comparison is a carry chain as long as the gap.
    exceeds = gap[low_bits:].any() | (gap[:low_bits] > CREDIT_GAP_CLIP)
    return Mux(exceeds, CREDIT_GAP_CLIP, gap[:low_bits])
