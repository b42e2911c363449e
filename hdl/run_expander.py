"""RunExpander: runs to words of errors."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import EMPTY_BITS, PACKET_INFO, TAG_BITS, check_geometry, run, word, words_per_row
from model.golden.settings import EPOCH_STEPS_MAX

WORD_INFO = data.StructLayout({"packet": PACKET_INFO, "epoch_first": 1, "step_index": 32, "bad": 1})
"""What goes with a word: its packet, whether it is the first one there, the step of its row and, with a packet's last
word, whether its payload is bad."""
STARVED_CYCLES = 255
"""After so many cycles without a run a packet's runs are lost by an upset; in a decoder some 20 are the most."""
HEAD_START = 16
"""Cycles that a packet waits at least; any packet takes as many to arrive, since it has as many bytes."""


class RunExpander(wiring.Component):
    """Lays out the runs of each packet in words, as many as its number of steps asks for.

    Runs that lead beyond the packet's last word make the packet a bad one. Info and runs that are not of one packet
    are out of step by an upset; the older of the two is left out until they are in step again. Runs that do not come
    for 255 cycles are given up, which makes their packet a bad one, or leaves it out.

    A packet begins some cycles after its info came, which gives those who make its runs a head start. While words of
    the packet before still go out, these cycles cost nothing.

    Latency: none, but for the head start of 16 cycles. Throughput: a word a cycle. Back-pressure: holds up the runs.
    Memory: info of one packet.

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
        Its runs, the last of which has `end`.
    o : Out(stream)
        Its words of errors.
    about : Out(WORD_INFO)
        Info of the word taken last at `o`.
    drops : Out(1)
        The packet's words are out, and what is left of its runs is being left out.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        check_geometry(channels, lanes)
        self._words = words_per_row(channels, lanes)
        super().__init__(
            {
                "packet": In(stream.Signature(PACKET_INFO)),
                "i": In(stream.Signature(run(lanes))),
                "o": Out(stream.Signature(word(lanes))),
                "about": Out(WORD_INFO),
                "drops": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        gathered, about = self.i.payload, self.about
        place = Signal(range(self._words))
        opened, exhausted, bad, draining = (Signal(name=name) for name in ("opened", "exhausted", "bad", "draining"))
        rows_left = Signal(range(EPOCH_STEPS_MAX + 1))
        passed = Signal(EMPTY_BITS)  # empty words of the run that went out

        current = Signal(PACKET_INFO)
        rows = Signal.like(rows_left)
        may_open, row_last, packet_last = Signal(), Signal(), Signal()
        m.d.comb += [
            current.eq(Mux(opened, about.packet, self.packet.payload)),
            rows.eq(Mux(opened, rows_left, self.packet.payload.closing.steps)),
            row_last.eq(place == self._words - 1),
            packet_last.eq(row_last & (rows == 1)),
        ]
        inside = opened | draining
        packet_old, runs_old = self._out_of_step(m, inside)
        starved = self._starved(m, ~exhausted & (inside | self.packet.valid))
        m.d.comb += may_open.eq(self._had_head_start(m) & ~packet_old & ~runs_old)

        in_run, at_errors, uses, overruns, moves = Signal(), Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            in_run.eq(~exhausted),
            at_errors.eq(in_run & (passed == gathered.empty)),
            overruns.eq(in_run & ~(at_errors & gathered.end)),
            self.o.valid.eq(~draining & (opened | may_open) & (exhausted | self.i.valid)),
            self.o.payload.bits.eq(Mux(at_errors, gathered.bits, 0)),
            self.o.payload.row_first.eq(place == 0),
            self.o.payload.row_last.eq(row_last),
            self.o.payload.restart.eq(current.keyframe & (rows == current.closing.steps)),
            self.o.payload.epoch_last.eq(packet_last),
            self.o.payload.keyframe.eq(current.keyframe),
            moves.eq(self.o.valid & self.o.ready),
            uses.eq(moves & at_errors),
        ]
        drops_runs = draining | runs_old
        m.d.comb += [
            self.drops.eq(draining),
            self.i.ready.eq(uses | drops_runs),
            self.packet.ready.eq((moves & ~opened) | packet_old | (starved & ~inside)),
        ]
        with m.If(drops_runs & self.i.valid):
            m.d.sync += draining.eq(~gathered.end)
        with m.If(starved):
            m.d.sync += [draining.eq(0), exhausted.eq(opened), bad.eq(opened)]
        with m.If(moves):
            m.d.sync += [
                about.packet.eq(current),
                about.epoch_first.eq(~opened),
                about.step_index.eq(Mux(opened, about.step_index + (place == 0), current.step_index)),
                about.bad.eq(bad | (at_errors & gathered.bad) | (packet_last & overruns)),
                opened.eq(~packet_last),
                place.eq(Mux(row_last, 0, place + 1)),
                rows_left.eq(rows - row_last),
                passed.eq(Mux(in_run & ~at_errors, passed + 1, 0)),
                exhausted.eq(exhausted | (at_errors & gathered.end)),
                bad.eq(bad | (at_errors & gathered.bad)),
            ]
            with m.If(packet_last):
                m.d.sync += [passed.eq(0), exhausted.eq(0), bad.eq(0), draining.eq(overruns)]
        return m

    def _had_head_start(self, m: Module) -> Signal:
        """Return whether the info on offer came long enough ago."""
        waited = Signal(range(HEAD_START + 1))
        done = Signal()
        m.d.comb += done.eq(waited >= HEAD_START)
        with m.If(~self.packet.valid | self.packet.ready):
            m.d.sync += waited.eq(0)
        with m.Elif(~done):
            m.d.sync += waited.eq(waited + 1)
        return done

    def _starved(self, m: Module, wanted: Value) -> Signal:
        """Return whether a run was `wanted` for too long."""
        waited = Signal(range(STARVED_CYCLES + 1))
        starved = Signal()
        m.d.comb += starved.eq(waited == STARVED_CYCLES)
        m.d.sync += waited.eq(Mux(wanted & ~self.i.valid & ~starved, waited + 1, 0))
        return starved

    def _out_of_step(self, m: Module, inside: Value) -> tuple[Signal, Signal]:
        """Return whether info or runs on offer are older than the other, but not `inside` a packet."""
        ahead = Signal(TAG_BITS)
        packet_old, runs_old = Signal(), Signal()
        both = self.packet.valid & self.i.valid & ~inside
        m.d.comb += [
            ahead.eq(self.i.payload.tag - self.packet.payload.tag),
            packet_old.eq(both & (ahead == 1)),
            runs_old.eq(both & (ahead > 1)),
        ]
        return packet_old, runs_old
