"""GapExpander: gaps to words of errors."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hdl.layouts import PACKET_INFO, decoded_token, run, word
from hdl.run_expander import WORD_INFO, RunExpander
from hdl.run_gatherer import RunGatherer

RUNS_AHEAD = 16
"""Runs that are gathered ahead of the words that go out."""


class GapExpander(wiring.Component):
    """Lays out the errors of each packet in words: gathers them into runs, and expands these.

    The runs are made ahead of the words. So a word with several errors, or the end of a packet, costs no time while
    others around it have fewer errors than words.

    Latency: see `RunExpander`. Throughput: a word a cycle, as long as tokens come as fast as errors are due and errors
    are not many more than words for long. Back-pressure: holds up the tokens. Memory: 16 runs.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels; the last word of a row has what is left.

    Members
    -------
    packet : In(stream)
        Info of each packet.
    i : In(stream)
        Its tokens, the last of which has `end`.
    o : Out(stream)
        Its words of errors.
    about : Out(WORD_INFO)
        Info of the word taken last at `o`.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        self._gatherer = RunGatherer(channels, lanes)
        self._expander = RunExpander(channels, lanes)
        self._run_bits = run(lanes).size
        super().__init__(
            {
                "packet": In(stream.Signature(PACKET_INFO)),
                "i": In(stream.Signature(decoded_token(channels))),
                "o": Out(stream.Signature(word(lanes))),
                "about": Out(WORD_INFO),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.run_gatherer = gatherer = self._gatherer
        m.submodules.run_expander = expander = self._expander
        m.submodules.runs = runs = SyncFIFOBuffered(width=self._run_bits, depth=RUNS_AHEAD)
        wiring.connect(m, wiring.flipped(self.i), gatherer.i)
        wiring.connect(m, wiring.flipped(self.packet), expander.packet)
        wiring.connect(m, expander.o, wiring.flipped(self.o))
        m.d.comb += [
            runs.w_data.eq(gatherer.o.payload),
            runs.w_en.eq(gatherer.o.valid),
            gatherer.o.ready.eq(runs.w_rdy),
            expander.i.payload.eq(runs.r_data),
            expander.i.valid.eq(runs.r_rdy),
            runs.r_en.eq(expander.i.ready),
            self.about.eq(expander.about),
            # A gap of a bad payload may be long beyond any packet.
            gatherer.skip.eq(expander.drops & ~self._any_end(m, runs)),
        ]
        return m

    def _any_end(self, m: Module, runs: SyncFIFOBuffered) -> Value:
        """Return whether the last run of a packet was gathered and has not been expanded."""
        entering, leaving = self._gatherer.o, self._expander.i
        ends = Signal(range(RUNS_AHEAD + 1))
        enters = entering.valid & entering.ready & entering.payload.end
        leaves = leaving.valid & leaving.ready & leaving.payload.end
        m.d.sync += ends.eq(Mux(runs.level == 0, 0, ends - leaves) + enters)
        return ends.any() | (entering.valid & entering.payload.end)
