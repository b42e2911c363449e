"""RateUpdater: a running estimate of one channel's firing rate."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

ACC_BITS = 24
RATE_BITS = 16
FRACTION_BITS = ACC_BITS - RATE_BITS


class RateUpdater(wiring.Component):
    """One step of the firing-rate estimate, whose accumulator lives elsewhere.

    As `acc` is `256 * rate + fraction`, moving the share `alpha_q8` of the way to the target gives
    `(256 - alpha_q8) * rate + fraction`, and after a spike `alpha_q8 * 0xFFFF` more: one product and one sum, which fit
    a multiplier block of an FPGA. The factor is the same in every lane.

    Combinational.

    Members
    -------
    alpha_q8 : In(9)
        Share of the distance to cover, 0..256 in 1/256.
    spike : In(1)
        What the channel did.
    acc : In(24)
        Accumulator; its high 16 bits are the rate.
    next : Out(24)
        Accumulator to store.
    """

    alpha_q8: In(9)
    spike: In(1)
    acc: In(ACC_BITS)
    next: Out(ACC_BITS)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        kept = Signal(self.alpha_q8.shape())
        rate = Signal(RATE_BITS)
        addend = Signal(ACC_BITS)
        m.d.comb += [
            kept.eq((1 << FRACTION_BITS) - self.alpha_q8),
            rate.eq(self.acc[FRACTION_BITS:]),
            addend.eq(self._addend(m)),
        ]
        product = Signal(FRACTION_BITS + 1 + RATE_BITS)
        m.d.comb += [product.eq(kept * rate), self.next.eq(product + addend)]
        return m

    def _addend(self, m: Module) -> Cat:
        """Return the fraction, and after a spike `(alpha_q8 << 16) - alpha_q8` more, with one sum of its low bits."""
        fraction = self.acc[:FRACTION_BITS]
        difference = Signal(FRACTION_BITS + 2)
        borrowed = Signal()
        top = Signal(FRACTION_BITS)
        m.d.comb += [
            difference.eq(fraction - self.alpha_q8),
            borrowed.eq(self.spike & difference[-1]),
            top.eq(Mux(difference[-1], self.alpha_q8 - 1, self.alpha_q8)),
        ]
        low = Mux(self.spike, difference[:FRACTION_BITS], fraction)
        return Cat(low, borrowed.replicate(FRACTION_BITS), Mux(self.spike, top, 0))
