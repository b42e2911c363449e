"""SpikeCheck: a signature over the epoch's spikes, bin by bin, in which no single flipped bin can hide."""

from amaranth.hdl import Module, Mux, Signal, Value

from formal.spec import Edit, Induction, Spec
from hdl.spike_check import CHECK_BITS, SpikeCheck

CHANNELS = 5
LANES = 3
LANES_LAST = CHANNELS - LANES


def serial(value: Value, spikes: Value, bins: int) -> Value:
    """Return the check after some bins, one at a time, as the wire format defines it."""
    for place in range(bins):
        feedback = value[15] ^ value[13] ^ value[12] ^ value[10] ^ spikes[place]
        value = ((value << 1) | feedback)[:CHECK_BITS]
    return value


class Signature(Spec):
    """A check beside the definition, and one whose spikes differ in a bin."""

    method = Induction(2)
    sizes = f"{CHANNELS} channels, {LANES} lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = SpikeCheck(CHANNELS, LANES)
        self._inside = self.design(m, dut)
        reference = Signal(CHECK_BITS)
        start = Mux(dut.restart, 0, reference)[:CHECK_BITS]
        expected = Mux(dut.row_last, serial(start, dut.spikes, LANES_LAST), serial(start, dut.spikes, LANES))
        with m.If(dut.take):
            m.d.sync += reference.eq(expected)
        self.contract(
            m,
            "serial",
            "The value is that of the bit-serial definition over the epoch's bins so far, words that count only.",
            dut.value == expected,
            broken_by=[
                Edit("for tap in TAPS", "for tap in TAPS[1:]"),
                Edit("Mux(self.restart, 0, held)", "held"),
                Edit("with m.If(self.take):", "with m.If(self.take | self.restart):"),
                Edit("Mux(self.row_last, steps[self._lanes_last], steps[-1])", "steps[-1]"),
            ],
        )
        self.invariant(m, "state", "The state is the definition's.", self._inside["held"] == reference)
        self._one_flip(m, dut)

    def _one_flip(self, m: Module, dut: SpikeCheck) -> None:
        other = SpikeCheck(CHANNELS, LANES)
        inside = self.design(m, other, "other")
        flip = Signal(LANES)
        self.free("flip", flip)
        flipped = Signal()
        differs = Signal()
        bins = Mux(dut.row_last, (1 << LANES_LAST) - 1, (1 << LANES) - 1)
        m.d.comb += [
            other.spikes.eq(dut.spikes ^ flip),
            other.row_last.eq(dut.row_last),
            other.restart.eq(dut.restart),
            other.take.eq(dut.take),
            differs.eq(flip.any() | (flipped & ~dut.restart)),
        ]
        with m.If(dut.take):
            m.d.sync += flipped.eq(differs)
        self.assume(
            m,
            "one_flip",
            "One bin of the row at most differs, in a word that counts, and only one in an epoch.",
            ~flip.any() | (dut.take & ~(flipped & ~dut.restart) & ~(flip & (flip - 1)).any() & ~(flip & ~bins).any()),
        )
        self.contract(
            m,
            "flip_shows",
            "One spike that differs, anywhere in the epoch, changes every later value of the epoch.",
            dut.value != other.value,
            when=differs,
            broken_by=Edit("Mux(self.row_last, steps[self._lanes_last], steps[-1])", "steps[1]"),
        )
        self.contract(
            m,
            "same_for_same",
            "The same spikes give the same value, whatever came in earlier epochs.",
            dut.value == other.value,
            when=dut.restart & ~flip.any(),
            broken_by=Edit("Mux(self.restart, 0, held)", "held"),
        )
        self.invariant(
            m,
            "states_differ",
            "The states differ from a flip on, and only then.",
            flipped == (inside["held"] != self._inside["held"]),
        )


SPECS = (Signature(),)
