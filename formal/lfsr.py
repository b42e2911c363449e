"""Lfsr: it never dies, steps as its polynomial says, and comes back after 65,535 steps and no sooner."""

from functools import reduce
from operator import xor

from amaranth.hdl import Const, Module, Mux, Signal, Value

from formal.spec import Edit, Induction, Spec
from hdl.lfsr import Lfsr

BITS = 16
PERIOD = (1 << BITS) - 1
PRIME_FACTORS = (3, 5, 17, 257)
"""Those of the period: a state that came back sooner would come back after the period divided by one of them."""

Columns = list[Value]
"""A matrix over GF(2): what it makes of each unit vector."""


class Steps(Spec):
    """A state that steps, and may be seeded anew at any time."""

    method = Induction(2)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Lfsr()
        self.design(m, dut)
        seeded = Signal()
        restart = Signal()
        self.free("restart", restart)
        m.d.comb += dut.restart.eq(restart | ~seeded)
        m.d.sync += [seeded.eq(1), dut.stored.eq(dut.next)]
        self.contract(
            m,
            "never_zero",
            "Whatever the seed, the state is never 0, from which an LFSR would not come back.",
            dut.state != 0,
            broken_by=Edit("Mux(self.seed == 0, 1, self.seed)", "self.seed"),
        )
        self.contract(
            m,
            "seeding",
            "A restart takes the seed of the same cycle, or 1 for a seed of 0.",
            dut.state == Mux(dut.seed == 0, 1, dut.seed),
            when=dut.restart,
            broken_by=Edit("Mux(self.restart, start, self.stored)", "self.stored"),
        )
        feedback = dut.state[15] ^ dut.state[13] ^ dut.state[12] ^ dut.state[10]
        self.contract(
            m,
            "polynomial",
            "The next state is the state shifted left, with the parity of bits 15, 13, 12 and 10 behind it.",
            dut.next == ((dut.state << 1) | feedback)[:BITS],
            broken_by=Edit("for tap in TAPS", "for tap in TAPS[1:]"),
        )
        self.cover(m, "goes_on", "A state other than the seed.", ~dut.restart & (dut.state == 0xACE1))


class Period(Spec):
    """The step as a matrix over GF(2), taken from the design by stepping each unit vector, and its powers."""

    method = Induction(1)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Lfsr()
        self.design(m, dut)
        m.d.comb += dut.restart.eq(0)
        step = []
        for place in range(BITS):
            unit = Lfsr()
            m.submodules[f"unit_{place}"] = unit
            m.d.comb += unit.stored.eq(1 << place)
            step.append(unit.next)
        self.contract(
            m,
            "linear",
            "The step of any state is the sum of the steps of its bits, so that powers of a matrix tell of many steps.",
            dut.next == _apply(step, dut.stored),
            broken_by=Edit("for tap in TAPS).xor()", "for tap in TAPS).all()"),
        )
        state = self.constant(m, BITS, "any_state")
        self.assume(m, "state_not_zero", "The state is not 0.", state != 0)
        after = _Powers(m, step)
        self.contract(
            m,
            "comes_back",
            "65,535 steps lead every state back to itself.",
            _apply(after[PERIOD], state) == state,
            broken_by=Edit("for tap in TAPS", "for tap in TAPS[2:]"),
        )
        self.contract(
            m,
            "no_sooner",
            "No smaller number of steps leads any state other than 0 back to itself.",
            Value.cast(1)
            & reduce(
                lambda one, other: one & other,
                (_apply(after[PERIOD // factor], state) != state for factor in PRIME_FACTORS),
            ),
            broken_by=Edit("for tap in TAPS", "for tap in (15,)"),
        )
        self.cover(m, "a_state", "Some state.", state == 1)


class _Powers:
    """Powers of a matrix by squaring, in logic."""

    def __init__(self, m: Module, step: Columns) -> None:
        self._m = m
        self._powers = {1: step}

    def __getitem__(self, exponent: int) -> Columns:
        if exponent not in self._powers:
            half = self[exponent // 2]
            square = self._product(half, half)
            self._powers[exponent] = self._product(square, self[1]) if exponent % 2 else square
        return self._powers[exponent]

    def _product(self, left: Columns, right: Columns) -> Columns:
        columns = [Signal(BITS) for _ in range(BITS)]
        self._m.d.comb += [column.eq(_apply(left, vector)) for column, vector in zip(columns, right, strict=True)]
        return columns


def _apply(matrix: Columns, vector: Value) -> Value:
    return reduce(xor, (Mux(vector[place], matrix[place], 0) for place in range(BITS)), Const(0, BITS))


SPECS = (Steps(), Period())
