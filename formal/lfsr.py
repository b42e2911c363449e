"""Lfsr: it never dies, steps as its polynomial says, and comes back after 65,535 steps and no sooner."""

from functools import reduce
from operator import xor

from amaranth.hdl import Cat, Module, Signal, Value

from formal.spec import Edit, Induction, Spec
from hdl.lfsr import TAPS, Lfsr

BITS = 16
PERIOD = (1 << BITS) - 1
IMPORT = "from model.golden.lfsr import TAPS"
PRIME_FACTORS = (3, 5, 17, 257)
"""Those of the period: a state that came back sooner would come back after the period divided by one of them."""

Matrix = list[int]
"""A matrix over GF(2), its rows as masks of the bits whose parity is taken."""


class Steps(Spec):
    """A state that steps, and may be seeded anew at any time."""

    method = Induction(2)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Lfsr()
        self.design(m, dut)
        seeded, before = Signal(), Signal(BITS)
        restart = Signal()
        self.free("restart", restart)
        begins = restart | ~seeded
        self.assume(m, "one_of_both", "There is a seed where it begins, and only there.", (dut.seed != 0) == begins)
        m.d.sync += seeded.eq(1)
        with m.If(~restart):
            m.d.comb += dut.last.eq(before)
        m.d.sync += before.eq(dut.state)
        self.contract(
            m,
            "never_zero",
            "The state is never 0, from which an LFSR would not come back.",
            dut.state != 0,
            broken_by=Edit("self.stepped | self.seed", "self.stepped & self.seed"),
        )
        self.contract(
            m,
            "seeding",
            "It begins from the seed of the same cycle.",
            dut.state == dut.seed,
            when=begins,
            broken_by=Edit("self.stepped | self.seed", "self.stepped"),
        )
        feedback = before[15] ^ before[13] ^ before[12] ^ before[10]
        self.contract(
            m,
            "polynomial",
            "The state is the last one shifted left, with the parity of bits 15, 13, 12 and 10 behind it.",
            (dut.state == dut.stepped) & (dut.stepped == ((before << 1) | feedback)[:BITS]),
            when=~begins,
            broken_by=Edit("for tap in TAPS", "for tap in TAPS[1:]"),
        )
        self.cover(m, "goes_on", "A state other than the seed.", ~begins & (dut.state == 0xACE1))


class Period(Spec):
    """The step as a matrix over GF(2), which the solver checks against the design, and its powers.

    The powers are computed here, in whole numbers; the solver then asks of every state where they lead.
    """

    method = Induction(1)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Lfsr()
        self.design(m, dut)
        state = self.constant(m, BITS, "any_state")
        m.d.comb += [dut.seed.eq(0), dut.last.eq(state)]
        step = _step_matrix()
        self.contract(
            m,
            "linear",
            "A step is the product with a matrix over GF(2), so that powers of the matrix tell of many steps.",
            dut.state == _apply(step, state),
            broken_by=Edit("for tap in TAPS).xor()", "for tap in TAPS).all()"),
        )
        self.contract(
            m,
            "comes_back",
            "65,535 steps lead every state back to itself.",
            _apply(_power(step, PERIOD), state) == state,
            broken_by=Edit(IMPORT, "TAPS = (15, 12, 10)"),
        )
        self.contract(
            m,
            "no_sooner",
            "No smaller number of steps leads any state other than 0 back to itself.",
            (state == 0)
            | Cat(_apply(_power(step, PERIOD // factor), state) != state for factor in PRIME_FACTORS).all(),
            broken_by=Edit(IMPORT, "TAPS = (15,)"),
        )
        self.cover(m, "a_state", "Some state.", state == 1)


def _step_matrix() -> Matrix:
    return [sum(1 << tap for tap in TAPS), *(1 << place for place in range(BITS - 1))]


def _product(left: Matrix, right: Matrix) -> Matrix:
    return [reduce(xor, (right[place] for place in range(BITS) if row >> place & 1), 0) for row in left]


def _power(matrix: Matrix, exponent: int) -> Matrix:
    if exponent == 1:
        return matrix
    half = _power(matrix, exponent // 2)
    square = _product(half, half)
    return _product(square, matrix) if exponent % 2 else square


def _apply(matrix: Matrix, vector: Value) -> Value:
    return Cat((vector & row).xor() for row in matrix)


SPECS = (Steps(), Period())
