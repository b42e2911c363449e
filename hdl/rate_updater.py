"""RateUpdater: a running estimate of one channel's firing rate."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

ACC_BITS = 24
RATE_BITS = 16
FRACTION_BITS = ACC_BITS - RATE_BITS
STAGES_MAX = 1


class RateUpdater(wiring.Component):
    """One step of the firing-rate estimate, whose accumulator lives elsewhere.

    As `acc` is `256 * rate + fraction`, moving the share `alpha_q8` of the way to the target gives
    `(256 - alpha_q8) * rate + fraction`, and after a spike `alpha_q8 * 0xFFFF` more: one product and one sum, which fit
    a multiplier block of an FPGA, registers included. The factor is the same in every lane.

    Latency: `stages` cycles. Throughput: one update a cycle; never stalls.

    Parameters
    ----------
    stages : int
        Pipeline registers, 0 or 1: before product and sum.

    Members
    -------
    alpha_q8 : In(9)
        Share of the distance to cover, 0..256 in 1/256.
    restart : In(1)
        Begin from 0 rather than from `acc`.
    spike : In(1)
        What the channel did.
    acc : In(24)
        Accumulator; its high 16 bits are the rate.
    next : Out(24)
        Accumulator to store, `stages` cycles later.

    Raises
    ------
    ValueError
        `stages` is out of range.
    """

    alpha_q8: In(9)
    restart: In(1)
    spike: In(1)
    acc: In(ACC_BITS)
    next: Out(ACC_BITS)

    def __init__(self, stages: int = 0) -> None:
        if stages not in range(STAGES_MAX + 1):
            raise ValueError(f"stages must be an integer in 0..{STAGES_MAX}, not {stages!r}")
        self._stages = stages
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        kept = Signal(self.alpha_q8.shape())
        rate = Signal(RATE_BITS)
        addend = Signal(ACC_BITS)
        m.d.comb += [
            # A factor of 0 does in one place what clearing the rate would take in every lane.
            kept.eq(Mux(self.restart, 0, (1 << FRACTION_BITS) - self.alpha_q8)),
            rate.eq(self.acc[FRACTION_BITS:]),
            addend.eq(self._addend(m)),
        ]
        if self._stages:
            held = [Signal.like(value, name=f"{value.name}_held", reset_less=True) for value in (kept, rate, addend)]
            m.d.sync += [register.eq(value) for register, value in zip(held, (kept, rate, addend), strict=True)]
            kept, rate, addend = held
        product = Signal(FRACTION_BITS + 1 + RATE_BITS)
        m.d.comb += [product.eq(kept * rate), self.next.eq(product + addend)]
        return m

    def _addend(self, m: Module) -> Cat:
        """Return the fraction, and after a spike `(alpha_q8 << 16) - alpha_q8` more, with one sum of its low bits."""
        fraction = Signal(FRACTION_BITS)
        difference = Signal(FRACTION_BITS + 2)
        borrowed = Signal()
        top = Signal(FRACTION_BITS)
        m.d.comb += [
            fraction.eq(Mux(self.restart, 0, self.acc[:FRACTION_BITS])),
            difference.eq(fraction - self.alpha_q8),
            borrowed.eq(self.spike & difference[-1]),
            top.eq(Mux(difference[-1], self.alpha_q8 - 1, self.alpha_q8)),
        ]
        low = Mux(self.spike, difference[:FRACTION_BITS], fraction)
        return Cat(low, borrowed.replicate(FRACTION_BITS), Mux(self.spike, top, 0))
