"""Comparator: a threshold at every sharpness."""

from amaranth.hdl import Module, Signal, signed

from formal.spec import Edit, Induction, Spec
from hdl.comparator import Comparator

HALF = 0x8000
SHARPNESS_MAX = 15

LESS_SHARP = Edit("distance >> self.sharpness", "distance >> self.sharpness[:3]")


class Definition(Spec):
    """One comparator, and others that see the same but for one input."""

    method = Induction(1)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Comparator()
        self.design(m, dut)
        distance = Signal(signed(17))
        dither = Signal(signed(18))
        m.d.comb += [distance.eq(dut.state - HALF), dither.eq(HALF + (distance >> dut.sharpness))]
        self.contract(
            m,
            "definition",
            "Predicts a spike exactly where 0x8000 + ((state - 0x8000) >> sharpness) is below the rate.",
            dut.predicted == (dither < dut.rate),
            broken_by=[LESS_SHARP, Edit("(self.state ^ 0x8000).as_signed()", "self.state ^ 0x8000")],
        )
        self.contract(
            m,
            "plain_at_0",
            "At sharpness 0 it compares the LFSR's state with the rate.",
            dut.predicted == (dut.state < dut.rate),
            when=dut.sharpness == 0,
            broken_by=Edit("(self.rate + ~dither)[-1]", "dither <= self.rate"),
        )
        self.contract(
            m,
            "threshold_at_15",
            "At sharpness 15 it predicts a spike where the rate is above 1/2.",
            dut.predicted == (dut.rate > HALF),
            when=(dut.sharpness == SHARPNESS_MAX) & (dut.rate != HALF),
            broken_by=LESS_SHARP,
        )
        self.contract(
            m,
            "never_at_rate_0",
            "At rate 0 no spike is predicted.",
            ~dut.predicted,
            when=dut.rate == 0,
            broken_by=Edit("(self.rate + ~dither)[-1]", "dither <= self.rate"),
        )
        self._against_others(m, dut)

    def _against_others(self, m: Module, dut: Comparator) -> None:
        other_state, other_rate, sharper = Comparator(), Comparator(), Comparator()
        m.submodules += [other_state, other_rate, sharper]
        for other in (other_state, other_rate, sharper):
            m.d.comb += [
                other.state.eq(dut.state),
                other.rate.eq(dut.rate),
                other.sharpness.eq(dut.sharpness),
            ]
        free_state, free_rate = Signal(16), Signal(16)
        self.free("other_state", free_state)
        self.free("other_rate", free_rate)
        m.d.comb += [
            other_state.state.eq(free_state),
            other_rate.rate.eq(free_rate),
            sharper.sharpness.eq(dut.sharpness + 1),
        ]
        self.contract(
            m,
            "state_decides_at_half",
            "At sharpness 15 the LFSR's state matters only where the rate is 0x8000 exactly.",
            dut.predicted == other_state.predicted,
            when=(dut.sharpness == SHARPNESS_MAX) & (dut.rate != HALF) & (dut.state != free_state),
            broken_by=LESS_SHARP,
        )
        self.cover(
            m,
            "state_matters_at_half",
            "At sharpness 15 and rate 0x8000 the LFSR's state does matter.",
            (dut.sharpness == SHARPNESS_MAX) & (dut.predicted != other_state.predicted),
        )
        self.contract(
            m,
            "monotone",
            "A higher rate never withdraws a prediction.",
            other_rate.predicted,
            when=dut.predicted & (free_rate >= dut.rate),
            broken_by=Edit("(self.rate + ~dither)[-1]", "dither != self.rate"),
        )
        self.contract(
            m,
            "sharper_is_surer",
            "More sharpness never withdraws a prediction at a rate above 1/2, and never adds one below.",
            ((dut.rate <= HALF) | sharper.predicted | ~dut.predicted)
            & ((dut.rate >= HALF) | dut.predicted | ~sharper.predicted),
            when=dut.sharpness < SHARPNESS_MAX,
            broken_by=Edit("distance >> self.sharpness", "distance >> (self.sharpness ^ 15)"),
        )


SPECS = (Definition(),)
