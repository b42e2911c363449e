"""UartOutput: bytes to a serial line."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

FRAME_BITS = 10
"""Start bit, 8 bits, stop bit."""


class UartOutput(wiring.Component):
    """Sends bytes with one start and one stop bit, least significant bit first.

    Throughput: a byte in `10 * divisor + 1` cycles. Back-pressure: holds up the input.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit, at least 2.

    Members
    -------
    i : In(stream)
        Bytes.
    tx : Out(1)
        The line, high when idle.

    Raises
    ------
    ValueError
        `divisor` is below 2.
    """

    i: In(stream.Signature(8))
    tx: Out(1)

    def __init__(self, divisor: int) -> None:
        if divisor < 2:
            raise ValueError(f"divisor must be at least 2, not {divisor!r}")
        self._divisor = divisor
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        bits = Signal(FRAME_BITS, init=1)  # the next one at the bottom; a line at rest is high
        left = Signal(range(FRAME_BITS + 1))
        cycles = Signal(range(self._divisor))
        m.d.comb += [self.tx.eq(bits[0]), self.i.ready.eq(left == 0)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                bits.eq(Cat(Const(0, 1), self.i.payload, Const(1, 1))),
                left.eq(FRAME_BITS),
                cycles.eq(self._divisor - 1),
            ]
        with m.Elif(cycles != 0):
            m.d.sync += cycles.eq(cycles - 1)
        with m.Elif(left != 0):
            m.d.sync += [bits.eq(Cat(bits[1:], Const(1, 1))), left.eq(left - 1), cycles.eq(self._divisor - 1)]
        return m
