"""RateUpdater: the defining equation, for every accumulator, adaptation rate and spike."""

from amaranth.hdl import Module, Mux, Signal

from formal.inside import Inside
from formal.spec import Edit, Induction, Spec
from hdl.rate_updater import ACC_BITS, RateUpdater

ALPHA_Q8_MAX = 256
TARGET_SPIKE = 0xFFFF
ACC_MAX = (1 << ACC_BITS) - 1

NO_TOP = Edit("Mux(spike, top, 0)", "0")
NO_BORROW = Edit("Mux(borrows, ~kept_q8, rest_q8(kept_q8))", "rest_q8(kept_q8)")
PLAIN_LOW = Edit("Mux(spike, difference[:FRACTION_BITS], fraction)", "fraction")
KEPT_LESS = Edit("self.kept_q8 * self.acc", "(self.kept_q8 - 1) * self.acc")


class Step(Spec):
    """One updater, and what came to it in the cycle before: the step of which `next` is the outcome."""

    method = Induction(1)

    def step(self, m: Module) -> tuple[RateUpdater, Inside]:
        """Add an updater, and keep what comes to it; return it and a view of it."""
        dut = RateUpdater()
        inside = self.design(m, dut)
        self.alpha_q8, self.spike, self.acc = Signal(9), Signal(), Signal(ACC_BITS)
        self.assume(m, "alpha_range", "alpha_q8 is at most 256.", dut.kept_q8 <= ALPHA_Q8_MAX)
        m.d.sync += [self.alpha_q8.eq(ALPHA_Q8_MAX - dut.kept_q8), self.spike.eq(dut.spike), self.acc.eq(dut.acc)]
        self.invariant(
            m,
            "came",
            "Behind the register is what came in the cycle before.",
            ~self.running
            | (
                (inside["kept_held"] == ALPHA_Q8_MAX - self.alpha_q8)
                & (inside["fraction_held"] == self.acc[:8])
                & (inside["spike_held"] == self.spike)
            ),
        )
        return dut, inside


class Equation(Step):
    """One updater, in the form that has a single product.

    With `acc = 256 * rate + fraction` it is `acc + alpha_q8 * (target - rate)`, term by term.
    """

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut, inside = self.step(m)
        product = self.past(m, (dut.kept_q8 * dut.acc[8:])[:ACC_BITS], "product")
        self.invariant(m, "product", "The product is that of what came.", inside["product"] == product)
        raised = Mux(self.spike, (self.alpha_q8 << 16) - self.alpha_q8, 0)
        self.contract(
            m,
            "equation",
            "next = (256 - alpha_q8) * rate + fraction, and after a spike alpha_q8 * 0xFFFF more.",
            dut.next == (product + self.acc[:8] + raised)[:ACC_BITS],
            when=self.running,
            broken_by=[NO_TOP, NO_BORROW, PLAIN_LOW, KEPT_LESS],
        )
        self.cover(m, "moves", "An update moves the accumulator up.", self.running & (dut.next > self.acc))


class Product(Spec):
    """The product inside one updater."""

    method = Induction(1)
    fast = False

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RateUpdater()
        product = self.design(m, dut)["product"]
        self.assume(m, "alpha_range", "alpha_q8 is at most 256.", dut.kept_q8 <= ALPHA_Q8_MAX)
        rate = self.past(m, dut.acc[8:], "rate")
        alpha_q8 = self.past(m, (ALPHA_Q8_MAX - dut.kept_q8)[:9], "alpha_q8")
        lost = (rate << 8) - product
        most = (alpha_q8 << 16) - alpha_q8
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
            ((lost == 0) == ((alpha_q8 == 0) | (rate == 0)))
            & ((lost == most) == ((alpha_q8 == 0) | (rate == TARGET_SPIKE))),
            broken_by=KEPT_LESS,
        )
        self.cover(m, "most", "The largest product.", product == TARGET_SPIKE << 8)


class Bounds(Step):
    """One update, given what `Product` proves of the product inside, which is left to the solver otherwise."""

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut, inside = self.step(m)
        product, addend = inside["product"], inside["addend"]
        alpha_q8, rate = self.alpha_q8, self.acc[8:]
        lost = (rate << 8) - product
        most = (alpha_q8 << 16) - alpha_q8
        self.assume(m, "share_of_rate_holds", "As proven.", (lost >= 0) & (lost <= most))
        self.assume(
            m,
            "nothing_and_all_holds",
            "As proven.",
            ((lost == 0) == ((alpha_q8 == 0) | (rate == 0)))
            & ((lost == most) == ((alpha_q8 == 0) | (rate == TARGET_SPIKE))),
        )
        target_rate = Mux(self.spike, TARGET_SPIKE, 0)
        self.contract(
            m,
            "no_overflow",
            "The sum stays within 24 bits: it never overflows.",
            product + addend <= ACC_MAX,
            when=self.running,
            broken_by=Edit("Mux(borrows, ~kept_q8,", "Mux(borrows, 255,"),
        )
        self.contract(
            m,
            "towards_target",
            "A spike never lowers the accumulator, its absence never raises it.",
            Mux(self.spike, dut.next >= self.acc, dut.next <= self.acc),
            when=self.running,
            broken_by=NO_TOP,
        )
        self.contract(
            m,
            "fixed_points",
            "It stays where it is exactly if the rate is the target's or alpha_q8 is 0.",
            (dut.next == self.acc) == ((alpha_q8 == 0) | (rate == target_rate)),
            when=self.running,
            broken_by=NO_BORROW,
        )
        self.contract(
            m,
            "leaves_zero",
            "A spike moves it away from 0, however slow the adaptation.",
            dut.next != 0,
            when=self.running & self.spike & (self.acc == 0) & (alpha_q8 != 0),
            broken_by=Edit("addend.eq(_addend(m, kept_held, fraction_held, spike_held))", "addend.eq(0)"),
        )
        self.cover(m, "moves", "An update moves the accumulator down.", dut.next < self.acc)


SPECS = (Equation(), Product(), Bounds())
