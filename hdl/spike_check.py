"""SpikeCheck: a check of an epoch's spikes themselves."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import check_geometry, words_per_row
from model.golden.lfsr import TAPS

CHECK_BITS = 16


class SpikeCheck(wiring.Component):
    """Signature register over the spikes of an epoch, a word at a time.

    Throughput: one word a cycle; never stalls. Memory: 16 bits.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels; the last word of a row has what is left.

    Members
    -------
    spikes : In(lanes)
        The word's spikes.
    row_last : In(1)
        The word is the last one of its row.
    restart : In(1)
        The word is the first one of an epoch.
    take : In(1)
        The word counts in this cycle.
    value : Out(16)
        Check of the epoch's words up to and with this one; combinational.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        check_geometry(channels, lanes)
        self._lanes = lanes
        self._lanes_last = channels - (words_per_row(channels, lanes) - 1) * lanes
        super().__init__(
            {
                "spikes": In(lanes),
                "row_last": In(1),
                "restart": In(1),
                "take": In(1),
                "value": Out(CHECK_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        held = Signal(CHECK_BITS)
        steps: list[Value] = [Mux(self.restart, 0, held)]
        for lane in range(self._lanes):
            before = steps[-1]
            after = Signal(CHECK_BITS, name=f"after_{lane}")
            m.d.comb += after.eq(Cat(Cat(before[tap] for tap in TAPS).xor() ^ self.spikes[lane], before[:-1]))
            steps.append(after)
        m.d.comb += self.value.eq(Mux(self.row_last, steps[self._lanes_last], steps[-1]))
        with m.If(self.take):
            m.d.sync += held.eq(self.value)
        return m
