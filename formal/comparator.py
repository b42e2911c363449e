"""Comparator: a threshold at every sharpness."""

from amaranth.hdl import Module, Signal, Value, signed

from formal.inside import Inside
from formal.spec import DUT, Edit, Induction, Spec
from hdl.comparator import Comparator

HALF = 0x8000
SHARPNESS_MAX = 15

LESS_SHARP = Edit("distance >> self.sharpness", "distance >> self.sharpness[:3]")
NEVER_BELOW = Edit("(self.rate + complement)[-1]", "~complement <= self.rate")


class Definition(Spec):
    """One comparator, and others that see the same but for one input."""

    method = Induction(1)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Comparator()
        inside = self.design(m, dut)
        self.drawn, self.state, self.sharpness = Signal(), Signal(16), Signal(4)
        with m.If(dut.draw):
            m.d.sync += [self.drawn.eq(1), self.state.eq(dut.state), self.sharpness.eq(dut.sharpness)]
        dither = self._dither(m, DUT, inside, self.state, self.sharpness)
        self.contract(
            m,
            "definition",
            "Predicts a spike exactly where 0x8000 + ((state - 0x8000) >> sharpness), of the state and the sharpness "
            "that the dither was drawn from, is below the rate.",
            dut.predicted == (dither < dut.rate),
            when=self.drawn,
            broken_by=[
                LESS_SHARP,
                Edit("(self.state ^ 0x8000).as_signed()", "self.state ^ 0x8000"),
                Edit("with m.If(self.draw):", "with m.If(1):"),
            ],
        )
        self.contract(
            m,
            "plain_at_0",
            "At sharpness 0 it compares the LFSR's state with the rate.",
            dut.predicted == (self.state < dut.rate),
            when=self.drawn & (self.sharpness == 0),
            broken_by=NEVER_BELOW,
        )
        self.contract(
            m,
            "threshold_at_15",
            "At sharpness 15 it predicts a spike where the rate is above 1/2.",
            dut.predicted == (dut.rate > HALF),
            when=self.drawn & (self.sharpness == SHARPNESS_MAX) & (dut.rate != HALF),
            broken_by=LESS_SHARP,
        )
        self.contract(
            m,
            "never_at_rate_0",
            "At rate 0 no spike is predicted, whatever the dither is.",
            ~dut.predicted,
            when=dut.rate == 0,
            broken_by=NEVER_BELOW,
        )
        self._against_others(m, dut)

    def _dither(self, m: Module, name: str, inside: Inside, state: Value, sharpness: Value) -> Signal:
        """Return the dither that a comparator holds which drew it from `state` and `sharpness`."""
        distance = Signal(signed(17), name=f"{name}_distance")
        dither = Signal(signed(18), name=f"{name}_dither")
        m.d.comb += [distance.eq(state - HALF), dither.eq(HALF + (distance >> sharpness))]
        held = ~self.drawn | ((0xFFFF - inside["complement"]) == dither)
        self.invariant(m, f"dither_of_{name}", "It holds the dither's complement.", held)
        return dither

    def _against_others(self, m: Module, dut: Comparator) -> None:
        other_state, other_rate, sharper = Comparator(), Comparator(), Comparator()
        free_state, free_rate, state = Signal(16), Signal(16), Signal(16)
        self.free("free_state", free_state)
        self.free("free_rate", free_rate)
        with m.If(dut.draw):
            m.d.sync += state.eq(free_state)
        for name, other, drawn_from in (
            ("other_state", other_state, (state, self.sharpness)),
            ("other_rate", other_rate, (self.state, self.sharpness)),
            ("sharper", sharper, (self.state, (self.sharpness + 1)[:4])),
        ):
            self._dither(m, name, self.design(m, other, name), *drawn_from)
            m.d.comb += [
                other.state.eq(dut.state),
                other.sharpness.eq(dut.sharpness),
                other.draw.eq(dut.draw),
                other.rate.eq(dut.rate),
            ]
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
            when=self.drawn & (self.sharpness == SHARPNESS_MAX) & (dut.rate != HALF) & (self.state != state),
            broken_by=LESS_SHARP,
        )
        self.cover(
            m,
            "state_matters_at_half",
            "At sharpness 15 and rate 0x8000 the LFSR's state does matter.",
            self.drawn
            & (self.sharpness == SHARPNESS_MAX)
            & (dut.rate == HALF)
            & (dut.predicted != other_state.predicted),
        )
        self.contract(
            m,
            "monotone",
            "A higher rate never withdraws a prediction.",
            other_rate.predicted,
            when=self.drawn & dut.predicted & (free_rate >= dut.rate),
            broken_by=Edit("(self.rate + complement)[-1]", "~complement != self.rate"),
        )
        self.contract(
            m,
            "sharper_is_surer",
            "More sharpness never withdraws a prediction at a rate above 1/2, and never adds one below.",
            ((dut.rate <= HALF) | sharper.predicted | ~dut.predicted)
            & ((dut.rate >= HALF) | dut.predicted | ~sharper.predicted),
            when=self.drawn & (self.sharpness < SHARPNESS_MAX),
            broken_by=Edit("distance >> self.sharpness", "distance >> (self.sharpness ^ 15)"),
        )


SPECS = (Definition(),)
