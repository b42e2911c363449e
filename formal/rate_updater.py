"""RateUpdater: the defining equation, for every accumulator, adaptation rate and spike."""

from amaranth.hdl import Module, Mux, Signal

from formal.spec import Edit, Induction, Pdr, Spec
from hdl.rate_updater import ACC_BITS, RateUpdater

ALPHA_Q8_MAX = 256
TARGET_SPIKE = 0xFFFF
ACC_MAX = (1 << ACC_BITS) - 1

NO_COMPLEMENT = Edit("Mux(self.spike, ~rate, rate)", "Mux(self.spike, rate, rate)")
WRONG_WAY = Edit("Mux(up, acc + change, acc - change)", "Mux(up, acc - change, acc + change)")


class Equation(Spec):
    """One updater that is told of a spike, and one that is told of none, both with the same accumulator."""

    method = Pdr("fraig;")

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut, silent = RateUpdater(), RateUpdater()
        self.design(m, dut)
        m.submodules.silent = silent
        m.d.comb += [dut.spike.eq(1), silent.acc.eq(dut.acc), silent.alpha_q8.eq(dut.alpha_q8)]
        rate = dut.acc[8:]
        to_spike = Signal(16)
        m.d.comb += to_spike.eq(TARGET_SPIKE - rate)
        self.contract(
            m,
            "equation_spike",
            "After a spike next = acc + alpha_q8 * (0xFFFF - rate), where rate = acc >> 8.",
            dut.next == (dut.acc + dut.alpha_q8 * to_spike)[:ACC_BITS],
            broken_by=[NO_COMPLEMENT, WRONG_WAY],
        )
        self.contract(
            m,
            "equation_no_spike",
            "Without a spike next = acc - alpha_q8 * rate.",
            silent.next == (dut.acc - dut.alpha_q8 * rate)[:ACC_BITS],
            broken_by=[Edit("Mux(self.spike, ~rate, rate)", "~rate"), WRONG_WAY],
        )
        self.cover(m, "moves", "Both updates move the accumulator.", (dut.next > dut.acc) & (silent.next < dut.acc))


class Product(Spec):
    """The product inside one updater."""

    method = Induction(1)
    fast = False

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RateUpdater()
        inside = self.design(m, dut)
        self.assume(m, "alpha_range", "alpha_q8 is at most 256.", dut.alpha_q8 <= ALPHA_Q8_MAX)
        self.contract(
            m,
            "share_of_distance",
            "What is added or taken away is at most 256 times the distance to the target.",
            inside["change"] <= inside["distance"] << 8,
            broken_by=Edit("self.alpha_q8 * distance", "self.alpha_q8 * distance + self.alpha_q8"),
        )
        self.contract(
            m,
            "nothing_of_nothing",
            "It is 0 exactly if alpha_q8 or the distance is 0.",
            (inside["change"] == 0) == ((dut.alpha_q8 == 0) | (inside["distance"] == 0)),
            broken_by=Edit("self.alpha_q8 * distance", "(self.alpha_q8 * distance) >> 1"),
        )
        self.cover(m, "most", "The largest product.", inside["change"] == TARGET_SPIKE << 8)


class Bounds(Spec):
    """One update, given what `Product` proves of the product inside, which is left to the solver otherwise."""

    method = Induction(1)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RateUpdater()
        inside = self.design(m, dut)
        change, distance = inside["change"], inside["distance"]
        self.assume(m, "share_of_distance_holds", "As proven.", change <= distance << 8)
        self.assume(
            m,
            "nothing_of_nothing_holds",
            "As proven.",
            (change == 0) == ((dut.alpha_q8 == 0) | (distance == 0)),
        )
        rate = dut.acc[8:]
        target_rate = Mux(dut.spike, TARGET_SPIKE, 0)
        self.contract(
            m,
            "no_overflow",
            "The sum stays within 24 bits: it never over- or underflows.",
            Mux(dut.spike, dut.acc + change <= ACC_MAX, dut.acc >= change),
            broken_by=Edit("Mux(self.spike, ~rate, rate)", "Mux(self.spike, ~rate, ~rate)"),
        )
        self.contract(
            m,
            "towards_target",
            "A spike never lowers the accumulator, its absence never raises it.",
            Mux(dut.spike, dut.next >= dut.acc, dut.next <= dut.acc),
            broken_by=WRONG_WAY,
        )
        self.contract(
            m,
            "fixed_points",
            "It stays where it is exactly if the rate is the target's or alpha_q8 is 0.",
            (dut.next == dut.acc) == ((dut.alpha_q8 == 0) | (rate == target_rate)),
            broken_by=NO_COMPLEMENT,
        )
        self.contract(
            m,
            "leaves_zero",
            "A spike moves it away from 0, however slow the adaptation.",
            dut.next != 0,
            when=dut.spike & (dut.acc == 0) & (dut.alpha_q8 != 0),
            broken_by=NO_COMPLEMENT,
        )
        self.cover(m, "moves", "An update moves the accumulator down.", dut.next < dut.acc)


class Pipelined(Spec):
    """Updaters with registers inside, beside one without."""

    fast = False

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut, one, two = (RateUpdater(stages) for stages in (0, 1, 2))
        self.design(m, dut)
        m.submodules += [one, two]
        alpha = self.constant(m, 9, "any_alpha_q8")
        m.d.comb += dut.alpha_q8.eq(alpha)
        for other in (one, two):
            m.d.comb += [other.acc.eq(dut.acc), other.spike.eq(dut.spike), other.alpha_q8.eq(alpha)]
        earlier = [(dut.acc, dut.spike)]
        for cycle in (1, 2):
            earlier.append(
                tuple(self.past(m, value, f"input_{cycle}_{place}") for place, value in enumerate(earlier[-1]))
            )
        for other, stages, why in ((one, 1, "a cycle"), (two, 2, "two cycles")):
            reference = RateUpdater()
            m.submodules += reference
            m.d.comb += [reference.alpha_q8.eq(alpha), reference.acc.eq(earlier[stages][0])]
            m.d.comb += reference.spike.eq(earlier[stages][1])
            self.contract(
                m,
                f"stages_{stages}",
                f"With {stages} registers inside it does the same {why} later.",
                other.next == reference.next,
                broken_by=Edit("Mux(up, acc + change, acc - change)", "Mux(self.spike, acc + change, acc - change)"),
            )
        self.cover(m, "moves", "An update moves the accumulator.", dut.next > dut.acc)


SPECS = (Equation(), Product(), Bounds(), Pipelined())
