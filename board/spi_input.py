"""SpiInput: bytes from an SPI controller."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


class SpiInput(wiring.Component):
    """Receives bytes in SPI mode 0, most significant bit first, sampled with the design's own clock.

    The clock of the line may have up to a quarter of the frequency of the design's. A byte that is cut short by a
    deselection is dropped, so that the next selection begins with a byte. Latency: three cycles from the last edge.
    Throughput: as the line's. No back-pressure: a byte that is not taken at once is lost, and reported.

    Members
    -------
    sck, cs_n, copi : In(1)
        Pins of the line.
    o : Out(stream)
        Bytes.
    lost : Out(1)
        A byte is lost in this cycle.
    """

    sck: In(1)
    cs_n: In(1)
    copi: In(1)
    o: Out(stream.Signature(8))
    lost: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        sck, cs_n, copi = (Signal(name=f"{name}_here") for name in ("sck", "cs_n", "copi"))
        m.submodules.sck = FFSynchronizer(self.sck, sck)
        m.submodules.cs_n = FFSynchronizer(self.cs_n, cs_n, init=1)
        m.submodules.copi = FFSynchronizer(self.copi, copi)

        sck_before, bits, count = Signal(), Signal(7), Signal(3)
        rising = sck & ~sck_before & ~cs_n
        m.d.comb += [
            self.o.payload.eq(Cat(copi, bits)),
            self.o.valid.eq(rising & (count == 7)),
            self.lost.eq(self.o.valid & ~self.o.ready),
        ]
        m.d.sync += sck_before.eq(sck)
        with m.If(cs_n):
            m.d.sync += count.eq(0)
        with m.Elif(rising):
            m.d.sync += [count.eq(count + 1), bits.eq(Cat(copi, bits))]
        return m
