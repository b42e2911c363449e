"""RiceDebt: the debt follows its definition, stays within bounds, and forbids every k but 0 at its limit."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, ValueLike, signed

from formal.spec import Edit, Induction, Spec
from hdl.layouts import gap_bits
from hdl.rice_debt import DEBT_MAX, RiceDebt, clipped
from model.golden.rice_debt import CREDIT_GAP_CLIP, DEBT_LIMIT, DEBT_UNIT

CHANNELS = 4096


def debt_after(debt: Value, k: Value, gap: Value) -> Value:
    """Return the debt after a gap was coded with `k`, as the wire format defines it."""
    credited = Mux(gap > CREDIT_GAP_CLIP, CREDIT_GAP_CLIP, gap)
    change = Mux(k > 0, DEBT_UNIT * k - DEBT_UNIT // 2 * credited, -(credited + 1))
    after = debt + change
    return Mux(after > 0, after, 0)


class DebtReference:
    """The debt as the wire format defines it.

    Attributes
    ----------
    debt : Signal
        Of the epoch before this cycle's gap, in 1/64 bit.
    held : Signal
        The same, but for a `restart` in this cycle. A `forget` is one that comes behind this cycle's gap.
    """

    def __init__(self, m: Module, k: Value, gap: Value, learn: Value, restart: Value, forget: ValueLike = 0) -> None:
        self.held = Signal(signed(20), name="reference_held_debt")
        self.debt = Signal(signed(20), name="reference_debt")
        m.d.comb += self.debt.eq(Mux(restart, 0, self.held))
        m.d.sync += self.held.eq(Mux(learn, debt_after(self.debt, k, gap), self.debt))
        with m.If(forget):
            m.d.sync += self.held.eq(0)

    def limit(self, k: Value) -> Value:
        """Return `k`, or 0 where the debt has reached its limit."""
        return Mux(self.debt < DEBT_LIMIT, k, 0)


class Limit(Spec):
    """The debt beside the definition, for any gaps and any k."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"
    cover_depth = 12

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RiceDebt()
        inside = self.design(m, dut)
        gap = Signal(gap_bits(CHANNELS))
        self.free("gap", gap)
        m.d.comb += dut.gap.eq(clipped(gap))
        reference = DebtReference(m, dut.k, gap, dut.learn, Const(0), forget=dut.restart)
        self.contract(
            m,
            "limited_k",
            "k is the one asked for while the debt is below 64 bits, and 0 from there on.",
            dut.k == reference.limit(dut.k_mean),
            broken_by=[
                Edit("debt >= DEBT_LIMIT", "debt > DEBT_LIMIT"),
                Edit("debt.eq(0)", "debt.eq(1)"),
                Edit("Cat(1, self.k_mean)", "Cat(0, self.k_mean)"),
                Edit("gap[:low_bits] > CREDIT_GAP_CLIP", "gap[:low_bits] >= CREDIT_GAP_CLIP - 1"),
                Edit("gap[low_bits:].any() | ", ""),
            ],
        )
        debt, before = inside["debt"], self.past(m, inside["debt"], "debt")
        learned = self.past(m, dut.learn, "learn")
        self.contract(
            m,
            "bounded",
            "The debt never exceeds one codeword's worth above the limit.",
            debt <= DEBT_MAX,
            broken_by=Edit("Mux(debt >= DEBT_LIMIT, 0, self.k_mean)", "self.k_mean"),
        )
        self.contract(
            m,
            "no_growth_at_limit",
            "At the limit the debt only falls.",
            debt < before,
            when=learned & (before >= DEBT_LIMIT),
            broken_by=Edit("Mux(debt >= DEBT_LIMIT, 0, self.k_mean)", "Mux(debt >= DEBT_LIMIT, 1, self.k_mean)"),
        )
        self.contract(
            m,
            "no_debt_at_start",
            "An epoch starts without debt: in the cycle behind the one that restarts, k is the one asked for.",
            dut.k == dut.k_mean,
            when=self.past(m, dut.restart, "restart") & (before >= DEBT_LIMIT),
            broken_by=Edit("self.restart | (self.learn", "(self.learn"),
        )
        self.invariant(m, "debt", "The debt is the definition's.", debt == reference.held)
        self.invariant(m, "debt_sign", "The definition's debt is not negative.", reference.held >= 0)


SPECS = (Limit(),)
