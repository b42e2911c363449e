"""RunExpander: each packet becomes the words that its steps ask for, with its runs laid out in them."""

from unittest.mock import patch

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data

from formal.inside import Inside
from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl import run_expander
from hdl.layouts import TAG_BITS
from hdl.run_expander import RunExpander

CHANNELS, LANES, WORDS = 3, 2, 2
HEAD_START = 1
STARVED_CYCLES = 6
SIZES = f"{CHANNELS} channels, {LANES} lanes, a head start of one cycle and patience of {STARVED_CYCLES} cycles"


def add_design(spec: Spec, m: Module) -> tuple[RunExpander, Inside]:
    """Add the block, and what both harnesses assume of its environment."""
    with patch.multiple(run_expander, HEAD_START=HEAD_START, STARVED_CYCLES=STARVED_CYCLES):
        dut = RunExpander(CHANNELS, LANES)
        held = spec.design(m, dut)
    assume_source(spec, m, dut.packet, "packet")
    assume_source(spec, m, dut.i)
    spec.assume(m, "steps", "A packet has at least one step.", dut.packet.payload.closing.steps != 0)
    return dut, held


class Words(Spec):
    """Any packets and runs, in step."""

    method = Induction(1)
    sizes = SIZES
    broken_depth = 20

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut, self.held = dut, held = add_design(self, m)
        info, gathered = dut.packet.payload, dut.i.payload
        self.assume(
            m,
            "in_step",
            "Where a packet begins, its runs are its own.",
            held["opened"] | held["draining"] | ~(dut.packet.valid & dut.i.valid) | (gathered.tag == info.tag),
        )
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit(
                    "(exhausted | self.i.valid)",
                    "(exhausted | (self.i.valid & ~(opened & self.packet.payload.keyframe)))",
                ),
                "stable": Edit(
                    "passed.eq(Mux(in_run & ~at_errors, passed + 1, 0))",
                    "]\n        if 1:\n            m.d.sync += [\n                passed.eq(passed + 1)",
                ),
            },
        )
        self.moves, self.mark = transfer(dut.o), dut.o.payload
        self.word, self.inside = Signal(range(WORDS)), Signal()
        self.due, rows_due, self.first_row = Signal(16), Signal(16), Signal(init=1)
        packet = Signal(info.shape())
        m.d.comb += packet.eq(Mux(self.inside, dut.about.packet.as_value(), info.as_value()))
        row_ends = self.word == WORDS - 1
        m.d.comb += rows_due.eq(Mux(self.inside, self.due, packet.closing.steps))
        ends = row_ends & (rows_due == 1)
        with m.If(self.moves):
            m.d.sync += [
                self.word.eq(Mux(row_ends, 0, self.word + 1)),
                self.due.eq(rows_due - row_ends),
                self.first_row.eq(ends | (self.first_row & ~row_ends)),
                self.inside.eq(~ends),
            ]
        self.contract(
            m,
            "marks",
            "A packet becomes as many words as its steps have, marked as the encoder marked them.",
            (self.mark.row_first == (self.word == 0))
            & (self.mark.row_last == row_ends)
            & (self.mark.epoch_last == ends)
            & (self.mark.keyframe == packet.keyframe)
            & (self.mark.restart == (packet.keyframe & self.first_row)),
            when=dut.o.valid,
            broken_by=[
                Edit("rows_left.eq(rows - row_last)", "rows_left.eq(rows - 1)"),
                Edit("current.keyframe & (rows == current.closing.steps)", "current.keyframe & ~opened"),
            ],
        )
        self._about(m, packet, ends)
        self._bits(m, gathered, ends)
        self.cover(
            m,
            "third",
            "The last word of a packet of three steps goes out.",
            self.moves & ends & (packet.closing.steps == 3),
        )

    def _about(self, m: Module, packet: data.View, ends: Value) -> None:
        about = self.dut.about
        moved = self.past(m, self.moves, "moves")
        self.step, step_now = Signal(32), Signal(32)
        m.d.comb += step_now.eq(Mux(self.inside, self.step + (self.word == 0), packet.step_index))
        with m.If(self.moves):
            m.d.sync += self.step.eq(step_now)
        self.contract(
            m,
            "about",
            "With a word goes its packet, the step of its row, and whether it is the packet's first.",
            (about.packet.as_value() == self.past(m, packet.as_value(), "packet"))
            & (about.step_index == self.step)
            & (about.epoch_first == self.past(m, ~self.inside, "first")),
            when=moved,
            broken_by=[
                Edit("about.step_index + (place == 0)", "about.step_index + row_last"),
                Edit("about.epoch_first.eq(~opened)", "about.epoch_first.eq(place == 0)"),
            ],
        )
        self.contract(
            m,
            "packet_taken",
            "The packet's info is taken with its first word, and never else.",
            self.dut.packet.ready == (self.moves & ~self.inside),
            broken_by=[
                Edit("(moves & ~opened)", "(moves & packet_last)"),
                Edit("self.packet.ready.eq((moves & ~opened)", "self.packet.ready.eq(~opened"),
            ],
        )

    def _bits(self, m: Module, gathered: data.View, ends: Value) -> None:
        dut = self.dut
        empty, done, wrong = Signal(4), Signal(), Signal()
        held = self.held
        self.assume(m, "not_starved", "Runs come before the block's patience is at an end.", ~held["starved"])
        at_errors = ~done & (empty == gathered.empty)
        with m.If(self.moves):
            m.d.sync += [
                empty.eq(Mux(ends | at_errors | done, 0, empty + 1)),
                done.eq(~ends & (done | (at_errors & gathered.end))),
                wrong.eq(~ends & (wrong | (at_errors & gathered.bad))),
            ]
        self.contract(
            m,
            "bits",
            "A run's errors go out behind its empty words; behind the packet's last run all words are empty.",
            self.mark.bits == Mux(at_errors, gathered.bits, 0),
            when=dut.o.valid,
            broken_by=[
                Edit("Mux(at_errors, gathered.bits, 0)", "gathered.bits"),
                Edit("passed.eq(0), exhausted.eq(0), bad.eq(0)", "exhausted.eq(0), bad.eq(0)"),
            ],
        )
        self.contract(
            m,
            "run_taken",
            "A run is taken with its errors, or dropped, and never else.",
            dut.i.ready == ((self.moves & at_errors) | dut.drops),
            broken_by=Edit("self.i.ready.eq(uses | drops_runs)", "self.i.ready.eq(moves | drops_runs)"),
        )
        overruns = ~done & ~(at_errors & gathered.end)
        self.contract(
            m,
            "bad",
            "A packet is a bad one if its runs say so, or lead beyond its last word.",
            dut.about.bad == self.past(m, wrong | (at_errors & gathered.bad) | overruns, "bad"),
            when=self.past(m, self.moves & ends, "ended"),
            broken_by=[
                Edit("(packet_last & overruns)", "0"),
                Edit(
                    "bad.eq(bad | (at_errors & gathered.bad)),\n            ]",
                    "bad.eq(at_errors & gathered.bad),\n            ]",
                ),
            ],
        )
        draining = Signal()
        with m.If(self.moves & ends):
            m.d.sync += draining.eq(overruns)
        with m.Elif(dut.i.valid & gathered.end):
            m.d.sync += draining.eq(0)
        self.contract(
            m,
            "rest_dropped",
            "What is left of a packet's runs is dropped, up to its end, before another packet begins.",
            dut.i.ready & ~dut.o.valid & dut.drops,
            when=draining,
            broken_by=Edit("draining.eq(overruns)]", "draining.eq(0)]"),
        )
        waited = Signal(range(HEAD_START + 1))
        m.d.sync += waited.eq(Mux(dut.packet.valid & ~dut.packet.ready, waited + (waited != HEAD_START), 0))
        self.contract(
            m,
            "not_stuck",
            "A word is on offer as soon as its run is, once its packet had its head start and nothing is dropped.",
            dut.o.valid,
            when=(dut.i.valid | done) & ~draining & (self.inside | (dut.packet.valid & (waited == HEAD_START))),
            broken_by=Edit("m.d.comb += done.eq(waited >= HEAD_START)", "m.d.comb += done.eq(0)"),
        )
        self.invariant(
            m, "waited", "The block knows when a packet had its head start.", held["done"] == (waited == HEAD_START)
        )
        self.invariant(
            m,
            "counts",
            "The block counts words, rows and empty words as the harness does.",
            (held["opened"] == self.inside)
            & (~held["done"] | dut.packet.valid)
            & (held["place"] == self.word)
            & (held["passed"] == empty)
            & (held["exhausted"] == done)
            & (held["bad"] == wrong)
            & (held["draining"] == draining)
            & ~(draining & self.inside)
            & Mux(
                self.inside,
                (held["rows_left"] == self.due) & (self.first_row == (self.due == dut.about.packet.closing.steps)),
                self.first_row & (self.word == 0) & ~done & ~wrong & (empty == 0),
            )
            & (
                ~self.inside
                | ((dut.about.step_index == self.step) & (self.due != 0) & (self.due <= dut.about.packet.closing.steps))
            ),
        )


class OutOfStep(Spec):
    """Any packets and runs, as upsets may leave them, where a packet would begin."""

    method = Induction(1)
    sizes = SIZES

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut, held = add_design(self, m)
        packet, runs = dut.packet, dut.i
        between = ~held["opened"] & ~held["draining"]
        ahead = Signal(TAG_BITS)
        m.d.comb += ahead.eq(runs.payload.tag - packet.payload.tag)
        both = between & packet.valid & runs.valid
        self.contract(
            m,
            "old_packet_left_out",
            "A packet whose runs were lost is left out, and the next one's runs wait for it.",
            packet.ready & ~runs.ready & ~dut.o.valid,
            when=both & (ahead == 1),
            broken_by=Edit("packet_old.eq(both & (ahead == 1))", "packet_old.eq(0)"),
        )
        old = both & (ahead > 1)
        self.contract(
            m,
            "old_runs_left_out",
            "A run whose packet was lost is left out, and the next packet waits.",
            runs.ready & ~dut.o.valid & (~packet.ready | held["starved"]),
            when=old,
            broken_by=[
                Edit("runs_old.eq(both & (ahead > 1))", "runs_old.eq(0)"),
                Edit("may_open.eq(self._had_head_start(m) & ~packet_old & ~runs_old)", "may_open.eq(1)"),
            ],
        )
        self.contract(
            m,
            "old_runs_to_their_end",
            "So are the runs behind it, up to their packet's end.",
            held["draining"] == ~self.past(m, runs.payload.end, "end"),
            when=self.past(m, old & ~held["starved"], "old"),
            broken_by=Edit("draining.eq(~gathered.end)", "draining.eq(0)"),
        )
        self.cover(m, "in_step", "Of a packet in step a word goes out.", transfer(dut.o))


SPECS = (Words(), OutOfStep())
