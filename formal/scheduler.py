"""Scheduler: rows, epochs and keyframes begin and end where a plain count says so."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data

from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.layouts import words_per_row
from hdl.scheduler import Scheduler
from hdl.spike_check import SpikeCheck


class Marks(Spec):
    """Any raster and requests, and a count of its words, rows and packets."""

    method = Pdr("scorr;")
    channels, lanes = 5, 2
    sizes = "5 channels, 2 lanes"
    broken_depth = 16

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = Scheduler(self.channels, self.lanes)
        self.words = words_per_row(self.channels, self.lanes)
        self.design(m, dut)
        assume_source(self, m, dut.i, idle_after_reset=True)
        requested = dut.requested.as_value()
        self.assume(
            m,
            "requests_hold_still",
            "What is requested does not change while a word waits at the output.",
            ~self.past(m, dut.o.valid & ~dut.o.ready, "waits") | (requested == self.past(m, requested, "requested")),
        )
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("(~self.backlogged | offered)", "~self.backlogged"),
                "stable": Edit(
                    "flush_seen | self.i.payload.last", "flush_seen | self.backlogged | self.i.payload.last"
                ),
            },
        )
        for name, port in (("opening", dut.opening), ("closing", dut.closing)):
            prove_source(self, m, port, name, path=False)
        self.word, self.row = Signal(range(self.words)), Signal(16)
        self.packet, self.ending = Signal(16), Signal()
        self.taken, mark = transfer(dut.o), dut.o.payload
        self.first = (self.word == 0) & (self.row == 0)
        self.row_ends = self.word == self.words - 1
        self.keyframe = self.packet == 0
        self._words(m, mark)
        self._epochs(m, mark)
        self._settings(m)
        self._posts(m, mark)
        self.cover(m, "second", "A keyframe follows a packet that is none.", self.taken & self._again(m))

    def _again(self, m: Module) -> Signal:
        seen = Signal()
        with m.If(self.taken & ~self.keyframe):
            m.d.sync += seen.eq(1)
        again = Signal()
        m.d.comb += again.eq(seen & self.keyframe)
        return again

    def _words(self, m: Module, mark: data.View) -> None:
        dut, lanes_last = self.dut, self.channels - (self.words - 1) * self.lanes
        with m.If(self.taken):
            m.d.sync += self.word.eq(Mux(self.row_ends, 0, self.word + 1))
        self.contract(
            m,
            "words",
            "Each word of the raster goes on once, as it is taken, without the bins behind the last channel.",
            (transfer(dut.i) == self.taken)
            & (mark.bits == dut.i.payload.spikes & Mux(self.row_ends, (1 << lanes_last) - 1, (1 << self.lanes) - 1)),
            when=dut.o.valid,
            broken_by=Edit("Mux(row_last, (1 << self._lanes_last) - 1", "Mux(row_first, (1 << self._lanes_last) - 1"),
        )
        self.contract(
            m,
            "rows",
            "A row's first and last words are marked, and no others.",
            (mark.row_first == (self.word == 0)) & (mark.row_last == self.row_ends),
            when=dut.o.valid,
            broken_by=[
                Edit("place.eq(Mux(row_last, 0, place + 1))", "place.eq(Mux(row_last, 1, place + 1))"),
                Edit("row_last.eq(place == self._words - 2)", "row_last.eq(place == self._words - 1)"),
            ],
        )

    def _epochs(self, m: Module, mark: data.View) -> None:
        dut = self.dut
        steps = Signal(16)
        interval = Signal(16)
        requested = dut.requested
        opens_keyframe = self.first & self.keyframe
        m.d.comb += [
            steps.eq(Mux(opens_keyframe, requested.epoch_steps, dut.settings.epoch_steps)),
            interval.eq(Mux(opens_keyframe, requested.keyframe_interval, dut.settings.keyframe_interval)),
        ]
        asked = self.ending | dut.i.payload.last
        full = self.row + 1 >= Mux(steps == 0, 1, steps)
        self.ends = Signal()
        m.d.comb += self.ends.eq(self.row_ends & (asked | full))
        with m.If(self.taken):
            m.d.sync += self.ending.eq(asked & ~self.row_ends)
            with m.If(self.row_ends):
                m.d.sync += self.row.eq(Mux(self.ends, 0, self.row + 1))
            with m.If(self.ends):
                m.d.sync += self.packet.eq(Mux(self.packet + 1 >= interval, 0, self.packet + 1))
        self.contract(
            m,
            "epoch_ends",
            "An epoch ends with the row in which it is full, or any word of which was marked as last.",
            mark.epoch_last == self.ends,
            when=dut.o.valid,
            broken_by=[
                Edit("steps_next >= current.epoch_steps", "steps_next > current.epoch_steps"),
                Edit("flush_seen.eq(flush)]", "flush_seen.eq(0)]"),
            ],
        )
        self.contract(
            m,
            "keyframes",
            "The first packet is a keyframe, and so is each one that is the interval behind a keyframe.",
            mark.keyframe == self.keyframe,
            when=dut.o.valid,
            broken_by=Edit("packets_next >= current.keyframe_interval", "packets_next > current.keyframe_interval"),
        )
        self.contract(
            m,
            "restart",
            "State starts anew in a keyframe's first row, and nowhere else.",
            mark.restart == (self.keyframe & (self.row == 0)),
            when=dut.o.valid,
            broken_by=Edit("restart.eq(keyframe & first_step)", "restart.eq(keyframe_first)"),
        )

    def _settings(self, m: Module) -> None:
        dut = self.dut
        settings, requested = dut.settings, dut.requested
        latched = self.past(m, self.taken & self.first & self.keyframe, "latched")
        before = self.past(m, requested.as_value(), "asked")
        asked = Signal(requested.shape())
        m.d.comb += asked.eq(before)
        self.contract(
            m,
            "settings_kept",
            "The settings change with a keyframe's first word only.",
            settings.as_value() == self.past(m, settings.as_value(), "in_force"),
            when=self.running & ~latched,
            broken_by=Edit(
                "with m.If(keyframe_first):\n                m.d.sync",
                "with m.If(epoch_first):\n                m.d.sync",
            ),
        )
        self.contract(
            m,
            "settings_taken",
            "Then they become what is requested, each brought into its range.",
            (settings.alpha_q8 == Mux(asked.alpha_q8 > 256, 256, asked.alpha_q8))
            & (settings.sharpness == asked.sharpness)
            & (settings.seed == asked.seed)
            & (settings.coder == Mux(asked.coder <= 1, asked.coder, 0))
            & (settings.epoch_steps == Mux(asked.epoch_steps == 0, 1, asked.epoch_steps))
            & (settings.keyframe_interval == Mux(asked.keyframe_interval == 0, 1, asked.keyframe_interval)),
            when=latched,
            broken_by=[
                Edit("Mux(asked.alpha_q8[-1], ALPHA_Q8_MAX, asked.alpha_q8)", "asked.alpha_q8"),
                Edit("Mux(asked.epoch_steps == 0, 1, asked.epoch_steps)", "asked.epoch_steps"),
                Edit("requested.coder.eq(built[0])", "requested.coder.eq(built[1])"),
            ],
        )

    def _posts(self, m: Module, mark: data.View) -> None:
        dut = self.dut
        opened = self.past(m, self.taken & self.first, "opened")
        self.contract(
            m,
            "opening",
            "With an epoch's first word its opening is posted, with whether it is a keyframe; and with no other word.",
            Mux(
                opened,
                dut.opening.valid & (dut.opening.payload == self.past(m, self.keyframe, "keyframe")),
                ~dut.opening.valid | self.past(m, dut.opening.valid, "posted"),
            ),
            broken_by=[
                Edit("self.opening.payload.eq(keyframe)", "self.opening.payload.eq(keyframe_follows)"),
                Edit(
                    "with m.If(epoch_first):\n                m.d.sync += [self.opening",
                    "with m.If(row_first):\n                m.d.sync += [self.opening",
                ),
            ],
        )
        closed = self.past(m, self.taken & self.ends, "closed")
        self.contract(
            m,
            "closing",
            "With an epoch's last word its closing is posted, with the number of its steps; and with no other word.",
            Mux(
                closed,
                dut.closing.valid & (dut.closing.payload.steps == self.past(m, (self.row + 1)[:16], "steps")),
                ~dut.closing.valid | self.past(m, dut.closing.valid, "still_closes"),
            ),
            broken_by=[
                Edit("self.closing.payload.steps.eq(steps_next)", "self.closing.payload.steps.eq(steps)"),
                Edit("with m.If(epoch_last):", "with m.If(row_last):"),
            ],
        )
        check = SpikeCheck(self.channels, self.lanes)
        m.submodules.check = check
        m.d.comb += [
            check.spikes.eq(mark.bits),
            check.row_last.eq(self.row_ends),
            check.restart.eq(self.first),
            check.take.eq(self.taken),
        ]
        self.contract(
            m,
            "closing_check",
            "With it goes the check of the epoch's spikes, as a `SpikeCheck` gives it that is told of them.",
            dut.closing.payload.check == self.past(m, check.value, "check"),
            when=closed,
            broken_by=[
                Edit("spike_check.restart.eq(epoch_first)", "spike_check.restart.eq(keyframe_first)"),
                Edit("spike_check.take.eq(taken)", "spike_check.take.eq(self.i.valid)"),
            ],
        )
        self.contract(
            m,
            "none_overrun",
            "No opening is overwritten before it was taken, and no closing.",
            ~(dut.opening.valid & ~dut.opening.ready & self.taken & self.first)
            & ~(dut.closing.valid & self.taken & self.ends),
            broken_by=Edit("epoch_may_begin.eq(~self.opening.valid & ", "epoch_may_begin.eq("),
        )
        self.contract(
            m,
            "not_stuck",
            "A word goes on once the sink is ready, nothing is backlogged, and opening and closing are taken.",
            dut.i.ready,
            when=dut.o.ready & ~dut.backlogged & ~dut.opening.valid & ~dut.closing.valid,
            broken_by=Edit(
                "self.i.ready.eq(self.o.ready & may_pass)",
                "self.i.ready.eq(self.o.ready & may_pass & ~self.i.payload.last)",
            ),
        )


class ShortRow(Marks):
    """Rows in which settings and steps may change in the cycle before a row ends."""

    channels, lanes = 3, 2
    sizes = "3 channels, 2 lanes"
    fast = False


class LongRow(Marks):
    """Rows of more words."""

    channels, lanes = 9, 2
    sizes = "9 channels, 2 lanes"
    broken_depth = 40
    fast = False


SPECS = (Marks(), ShortRow(), LongRow())
