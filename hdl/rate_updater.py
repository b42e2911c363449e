"""RateUpdater: a running estimate of one channel's firing rate."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

ACC_BITS = 24
RATE_BITS = 16
STAGES_MAX = 2


class RateUpdater(wiring.Component):
    """One step of the firing-rate estimate, whose accumulator lives elsewhere.

    The distance from rate to target is the rate itself (no spike) or its complement (spike), so that one unsigned
    product serves both directions. Latency: `stages` cycles. Throughput: one update a cycle; never stalls.

    Parameters
    ----------
    stages : int
        Pipeline registers, 0..2: before the product, before the sum.

    Members
    -------
    alpha_q8 : In(9)
        Share of the distance to cover, 0..256 in 1/256.
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

        def registers(wanted: bool, *values: Signal) -> tuple[Signal, ...]:
            if not wanted:
                return values
            held = tuple(Signal.like(value, name=f"{value.name}_held") for value in values)
            m.d.sync += [register.eq(value) for register, value in zip(held, values, strict=True)]
            return held

        rate = self.acc[-RATE_BITS:]
        distance = Signal(RATE_BITS)
        m.d.comb += distance.eq(Mux(self.spike, ~rate, rate))
        up, acc, distance = registers(self._stages == STAGES_MAX, self.spike, self.acc, distance)

        change = Signal(ACC_BITS)
        m.d.comb += change.eq(self.alpha_q8 * distance)
        up, acc, change = registers(self._stages >= 1, up, acc, change)

        m.d.comb += self.next.eq(Mux(up, acc + change, acc - change))
        return m
