"""RateUpdater: a running estimate of one channel's firing rate."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
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

    Latency: one cycle, between the product and the sum. Throughput: one step a cycle. Memory: 42 bits.

    Members
    -------
    kept_q8 : In(9)
        Share of the rate that is kept, `256 - alpha_q8`, 0..256 in 1/256.
    spike : In(1)
        What the channel did.
    acc : In(24)
        Accumulator; its high 16 bits are the rate.
    next : Out(24)
        Accumulator to store, of what came in the cycle before.
    """

    kept_q8: In(9)
    spike: In(1)
    acc: In(ACC_BITS)
    next: Out(ACC_BITS)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        product = Signal(ACC_BITS, reset_less=True)  # at most 256 * 0xFFFF
        kept_held = Signal.like(self.kept_q8, reset_less=True)
        fraction_held = Signal(FRACTION_BITS, reset_less=True)
        spike_held = Signal(reset_less=True)
        addend = Signal(ACC_BITS)
        m.d.sync += [
            product.eq(self.kept_q8 * self.acc[FRACTION_BITS:]),
            kept_held.eq(self.kept_q8),
            fraction_held.eq(self.acc[:FRACTION_BITS]),
            spike_held.eq(self.spike),
        ]
        m.d.comb += [addend.eq(_addend(m, kept_held, fraction_held, spike_held)), self.next.eq(product + addend)]
        return m


def rest_q8(share_q8: Value) -> Value:
    """Return `256 - share_q8`, with no inverters before a carry chain."""
    return ~(share_q8 + ((1 << FRACTION_BITS) - 1))[: len(share_q8)]


def _addend(m: Module, kept_q8: Signal, fraction: Signal, spike: Signal) -> Cat:
    """Return the fraction, and after a spike `alpha_q8 * 0xFFFF` more, with one sum of its low bits.

    That is `(alpha_q8 << 16) - alpha_q8`, where `alpha_q8` is `256 - kept_q8`.
    """
    difference = Signal(FRACTION_BITS + 1)  # less alpha_q8, more 256: the high bit is 0 where that borrows
    borrows = Signal()
    top = Signal(FRACTION_BITS)
    m.d.comb += [
        difference.eq(fraction + kept_q8),
        borrows.eq(~difference[-1]),
        top.eq(Mux(borrows, ~kept_q8, rest_q8(kept_q8))),
    ]
    low = Mux(spike, difference[:FRACTION_BITS], fraction)
    return Cat(low, (spike & borrows).replicate(FRACTION_BITS), Mux(spike, top, 0))
