"""XorArray: its own inverse, lane by lane."""

from amaranth.hdl import Module

from formal.spec import Edit, Induction, Spec
from hdl.xor_array import XorArray

LANES = 8


class Pair(Spec):
    """An array, and a second one that undoes it."""

    method = Induction(1)
    sizes = f"{LANES} lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut, inverse = XorArray(LANES), XorArray(LANES)
        self.design(m, dut)
        m.submodules.inverse = inverse
        m.d.comb += [inverse.spikes.eq(dut.errors), inverse.predicted.eq(dut.predicted)]
        self.contract(
            m,
            "self_inverse",
            "The errors with the same prediction give the spikes again.",
            inverse.errors == dut.spikes,
            broken_by=Edit("self.spikes ^ self.predicted", "self.spikes | self.predicted"),
        )
        lane = self.constant(m, range(LANES), "lane")
        self.contract(
            m,
            "lane_by_lane",
            "A lane has an error exactly where its spike and its prediction differ.",
            dut.errors.bit_select(lane, 1) == (dut.spikes.bit_select(lane, 1) != dut.predicted.bit_select(lane, 1)),
            broken_by=Edit("self.spikes ^ self.predicted", "self.spikes ^ self.predicted.rotate_left(1)"),
        )
        self.cover(m, "an_error", "Some lane has an error.", dut.errors.any())


SPECS = (Pair(),)
