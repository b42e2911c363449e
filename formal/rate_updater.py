"""RateUpdater: the defining equation, for every accumulator, adaptation rate and spike."""

from amaranth.hdl import Module, Mux, Signal

from formal.spec import Edit, Induction, Spec
from hdl.rate_updater import ACC_BITS, RateUpdater

ALPHA_Q8_MAX = 256
TARGET_SPIKE = 0xFFFF
ACC_MAX = (1 << ACC_BITS) - 1

NO_TOP = Edit("Mux(self.spike, top, 0)", "0")
NO_BORROW = Edit("Mux(difference[-1], self.alpha_q8 - 1, self.alpha_q8)", "self.alpha_q8")
PLAIN_LOW = Edit("Mux(self.spike, difference[:FRACTION_BITS], fraction)", "fraction")
KEPT_LESS = Edit("(1 << FRACTION_BITS) - self.alpha_q8)", "(1 << FRACTION_BITS) - 1 - self.alpha_q8)")


class Equation(Spec):
    """One updater, in the form that has a single product.

    With `acc = 256 * rate + fraction` it is `acc + alpha_q8 * (target - rate)`, term by term.
    """

    method = Induction(1)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RateUpdater()
        self.design(m, dut)
        self.assume(m, "alpha_range", "alpha_q8 is at most 256.", dut.alpha_q8 <= ALPHA_Q8_MAX)
        rate, fraction = dut.acc[8:], dut.acc[:8]
        kept = Signal(9)
        m.d.comb += kept.eq(256 - dut.alpha_q8)
        raised = Mux(dut.spike, (dut.alpha_q8 << 16) - dut.alpha_q8, 0)
        self.contract(
            m,
            "equation",
            "next = (256 - alpha_q8) * rate + fraction, and after a spike alpha_q8 * 0xFFFF more.",
            dut.next == (kept * rate + fraction + raised)[:ACC_BITS],
            broken_by=[NO_TOP, NO_BORROW, PLAIN_LOW, KEPT_LESS],
        )
        self.cover(m, "moves", "An update moves the accumulator up.", dut.next > dut.acc)


class Product(Spec):
    """The product inside one updater."""

    method = Induction(1)
    fast = False

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RateUpdater()
        product = self.design(m, dut)["product"]
        self.assume(m, "alpha_range", "alpha_q8 is at most 256.", dut.alpha_q8 <= ALPHA_Q8_MAX)
        rate = dut.acc[8:]
        lost = (rate << 8) - product
        most = (dut.alpha_q8 << 16) - dut.alpha_q8
        self.contract(
            m,
            "share_of_rate",
            "It takes from 256 times the rate nothing, or up to alpha_q8 * 0xFFFF.",
            (lost >= 0) & (lost <= most),
            broken_by=KEPT_LESS,
        )
        self.contract(
            m,
            "nothing_and_all",
            "It takes nothing exactly if alpha_q8 or the rate is 0, and all exactly if alpha_q8 is 0 or the rate full.",
            ((lost == 0) == ((dut.alpha_q8 == 0) | (rate == 0)))
            & ((lost == most) == ((dut.alpha_q8 == 0) | (rate == TARGET_SPIKE))),
            broken_by=KEPT_LESS,
        )
        self.cover(m, "most", "The largest product.", product == TARGET_SPIKE << 8)


class Bounds(Spec):
    """One update, given what `Product` proves of the product inside, which is left to the solver otherwise."""

    method = Induction(1)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RateUpdater()
        inside = self.design(m, dut)
        product, addend = inside["product"], inside["addend"]
        rate = dut.acc[8:]
        lost = (rate << 8) - product
        most = (dut.alpha_q8 << 16) - dut.alpha_q8
        self.assume(m, "alpha_range", "alpha_q8 is at most 256.", dut.alpha_q8 <= ALPHA_Q8_MAX)
        self.assume(m, "share_of_rate_holds", "As proven.", (lost >= 0) & (lost <= most))
        self.assume(
            m,
            "nothing_and_all_holds",
            "As proven.",
            ((lost == 0) == ((dut.alpha_q8 == 0) | (rate == 0)))
            & ((lost == most) == ((dut.alpha_q8 == 0) | (rate == TARGET_SPIKE))),
        )
        target_rate = Mux(dut.spike, TARGET_SPIKE, 0)
        self.contract(
            m,
            "no_overflow",
            "The sum stays within 24 bits: it never overflows.",
            product + addend <= ACC_MAX,
            broken_by=Edit("top.eq(Mux(difference[-1], self.alpha_q8 - 1,", "top.eq(Mux(difference[-1], 255,"),
        )
        self.contract(
            m,
            "towards_target",
            "A spike never lowers the accumulator, its absence never raises it.",
            Mux(dut.spike, dut.next >= dut.acc, dut.next <= dut.acc),
            broken_by=NO_TOP,
        )
        self.contract(
            m,
            "fixed_points",
            "It stays where it is exactly if the rate is the target's or alpha_q8 is 0.",
            (dut.next == dut.acc) == ((dut.alpha_q8 == 0) | (rate == target_rate)),
            broken_by=NO_BORROW,
        )
        self.contract(
            m,
            "leaves_zero",
            "A spike moves it away from 0, however slow the adaptation.",
            dut.next != 0,
            when=dut.spike & (dut.acc == 0) & (dut.alpha_q8 != 0),
            broken_by=Edit("addend.eq(self._addend(m))", "addend.eq(0)"),
        )
        self.cover(m, "moves", "An update moves the accumulator down.", dut.next < dut.acc)


SPECS = (Equation(), Product(), Bounds())
