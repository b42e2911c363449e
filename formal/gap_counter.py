"""GapCounter: no interval is lost, merged or made up."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data

from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.gap_counter import GapCounter
from hdl.layouts import gap_bits, word

CHANNELS = 5
LANES = 3
LANES_LAST = CHANNELS - LANES
GAP_BITS = gap_bits(CHANNELS)


def count(bits: Value) -> Value:
    """Return how many bits are set."""
    return sum((bits[lane] for lane in range(LANES)), Value.cast(0))


def free_ahead(m: Module, bits: Value, before: Value, lane: Value) -> Value:
    """Return the bins from the last error, at `before` bins ahead of the word if none is in the word, to a lane."""
    gap = Signal(GAP_BITS)
    m.d.comb += gap.eq(before + lane)
    for other in range(LANES):
        with m.If(bits[other] & (lane > other)):
            m.d.comb += gap.eq(lane - other - 1)
    return gap


class Intervals(Spec):
    """Any error, marked as its word goes in, or an epoch's end without an error; and the token that comes of it."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels, {LANES} lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = GapCounter(CHANNELS, LANES)
        self.inside = self.design(m, dut)
        assume_source(self, m, dut.i)
        self.assume(
            m,
            "no_error_beyond",
            "The lanes beyond a row's last channel have no errors.",
            ~dut.i.payload.row_last | ((dut.i.payload.bits >> LANES_LAST) == 0),
        )
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit(
                    "with m.If(self.o.ready):\n            m.d.sync += self.o.valid",
                    "with m.If(1):\n            m.d.sync += self.o.valid",
                ),
                "stable": Edit("free.eq(~self.o.valid | self.o.ready)", "free.eq(1)"),
                "idle_after_reset": Edit("held_valid = Signal()", "held_valid = Signal(); self.o.valid._init = 1"),
            },
        )
        self._account(m)
        self._mark(m)
        self._contracts(m)
        self._invariants(m)

    def _account(self, m: Module) -> None:
        """Count the bins before the word at the input, and the tokens that are owed."""
        came = self.dut.i.payload
        taken = transfer(self.dut.i)
        self.before = Signal(GAP_BITS, name="bins_before")
        self.owed = Signal(range(LANES + 3), name="owed")
        tokens = self._tokens(came)
        m.d.sync += self.owed.eq(self.owed + Mux(taken, tokens, 0) - transfer(self.dut.o))
        with m.If(taken):
            m.d.sync += self.before.eq(self._before_next(m, came, self.before))

    @staticmethod
    def _tokens(one: data.View) -> Value:
        return Mux(one.bits.any(), count(one.bits), one.epoch_last)

    @staticmethod
    def _before_next(m: Module, one: data.View, before: Value) -> Value:
        lanes = Mux(one.row_last, LANES_LAST, LANES)
        return Mux(one.epoch_last, 0, free_ahead(m, one.bits, before, lanes))

    def _mark(self, m: Module) -> None:
        came = self.dut.i.payload
        choice = Signal()
        self.free("mark", choice)
        self.lane = self.constant(m, range(LANES), "any_lane")
        self.marked, self.under_way = Signal(name="marked"), Signal(name="under_way")
        self.ahead = Signal.like(self.owed, name="ahead")
        self.expected = Signal(self.dut.o.payload.shape(), name="expected")
        is_error = (came.bits >> self.lane)[0]
        is_end = (came.bits == 0) & came.epoch_last
        leaves = transfer(self.dut.o)
        with m.If(transfer(self.dut.i) & choice & ~self.marked & (is_error | is_end)):
            m.d.sync += [
                self.marked.eq(1),
                self.under_way.eq(1),
                self.ahead.eq(self.owed - leaves + count(self._below(came.bits))),
                self.expected.gap.eq(free_ahead(m, came.bits, self.before, self.lane)),
                self.expected.error.eq(is_error),
                self.expected.end.eq(came.epoch_last & (self._above(came.bits) == 0)),
                self.expected.keyframe.eq(came.keyframe),
                self.expected.coder.eq(came.coder),
            ]
        with m.Elif(self.under_way & leaves):
            m.d.sync += [self.ahead.eq(self.ahead - 1), self.under_way.eq(self.ahead != 0)]

    def _below(self, bits: Value) -> Value:
        return (bits & ((1 << self.lane) - 1))[:LANES]

    def _above(self, bits: Value) -> Value:
        return (bits >> self.lane)[1:LANES]

    def _contracts(self, m: Module) -> None:
        token, valid = self.dut.o.payload, self.dut.o.valid
        leaving = valid & self.under_way & (self.ahead == 0)
        self.contract(
            m,
            "interval",
            "Each error's token has the number of bins since the last error, or since the epoch's start.",
            token.gap == self.expected.gap,
            when=leaving & self.expected.error,
            broken_by=[
                Edit("before.eq(counted - lane - 1)", "before.eq(counted - lane)"),
                Edit("Mux(any_error, lane, lanes_held)", "Mux(any_error, lane, self._lanes)"),
                Edit(
                    "with m.If(ends):\n                m.d.sync += before.eq(0)",
                    "with m.If(0):\n                m.d.sync += before.eq(0)",
                ),
                Edit("Mux(finished, lanes_held, 0)", "lanes_held"),
            ],
        )
        self.contract(
            m,
            "error_or_end",
            "An error's token says so, and so does the token of an epoch that ends without one.",
            token.error == self.expected.error,
            when=leaving,
            broken_by=Edit("self.o.payload.error.eq(any_error)", "self.o.payload.error.eq(1)"),
        )
        self.contract(
            m,
            "end",
            "The epoch ends with the token of its last word's last error, or with one of its own.",
            token.end == self.expected.end,
            when=leaving,
            broken_by=Edit("ends.eq(held.epoch_last & finished)", "ends.eq(held.epoch_last)"),
        )
        self.contract(
            m,
            "packet",
            "The token has its packet's coder, and says whether the packet is a keyframe.",
            (token.coder == self.expected.coder) & (token.keyframe == self.expected.keyframe),
            when=leaving,
            broken_by=Edit("self.o.payload.coder.eq(held.coder)", "self.o.payload.coder.eq(self.i.payload.coder)"),
        )
        self.contract(
            m,
            "none_made_up",
            "A token comes only of an error, or of an epoch's end without one.",
            self.owed != 0,
            when=valid,
            broken_by=Edit("came.bits.any() | came.epoch_last", "came.bits.any() | came.row_last"),
        )
        self.contract(
            m,
            "none_lost",
            "A token that is owed leaves before others that came later, so that none is passed over.",
            self.ahead < self.owed,
            when=self.under_way,
            broken_by=Edit("others.eq(_but_lowest(errors))", "others.eq(0)"),
        )
        self.contract(
            m,
            "a_cycle_an_error",
            "With a ready sink a word takes as many cycles as it has errors, at least one.",
            self.dut.i.ready,
            when=self.dut.o.ready & (self.owed <= valid + 1),
            broken_by=Edit("self.i.ready.eq(silent | (free & finished))", "self.i.ready.eq(silent)"),
        )

    def _invariants(self, m: Module) -> None:
        held, held_valid = data.View(word(LANES), self.inside["held"]), self.inside["held_valid"]
        before = self.inside["before"][:GAP_BITS]
        valid = self.dut.o.valid
        self.invariant(
            m,
            "owed",
            "The tokens owed are the one at the output and those of the word that is held.",
            self.owed == valid + Mux(held_valid, self._tokens(held), 0),
        )
        self.invariant(
            m,
            "before",
            "The bins before the word at the input are those before the held word, and its own.",
            self.before == Mux(held_valid, self._before_next(m, held, before), before),
        )
        self.invariant(
            m,
            "finished",
            "It knows whether the held word has at most one error left.",
            ~held_valid | (self.inside["finished"] == (count(held.bits) <= 1)),
        )
        self.invariant(
            m,
            "any_error",
            "It knows whether the held word has an error left, and whether a token comes of it.",
            Mux(
                held_valid,
                (self.inside["any_error"] == held.bits.any())
                & (self.inside["silent"] == ~(held.bits.any() | held.epoch_last)),
                self.inside["silent"],
            ),
        )
        self.invariant(
            m,
            "no_error_beyond_held",
            "The lanes of the held word beyond the last channel have no errors.",
            ~(held_valid & held.row_last) | ((held.bits >> LANES_LAST) == 0),
        )
        self.invariant(
            m,
            "at_output",
            "The marked token at the output is the one expected.",
            ~(self.under_way & valid & (self.ahead == 0))
            | (
                (self.dut.o.payload.as_value()[GAP_BITS:] == self.expected.as_value()[GAP_BITS:])
                & (~self.expected.error | (self.dut.o.payload.gap == self.expected.gap))
            ),
        )
        expected = self.expected
        self.invariant(
            m,
            "in_word",
            "The marked error in the held word will become the token expected.",
            ~(self.under_way & (self.ahead >= valid))
            | (
                held_valid
                & (expected.end == (held.epoch_last & (self._above(held.bits) == 0)))
                & (expected.coder == held.coder)
                & (expected.keyframe == held.keyframe)
                & Mux(
                    expected.error,
                    (held.bits >> self.lane)[0]
                    & (self.ahead - valid == count(self._below(held.bits)))
                    & (expected.gap == free_ahead(m, held.bits, before, self.lane)),
                    (held.bits == 0) & held.epoch_last & (self.ahead == valid),
                )
            ),
        )


SPECS = (Intervals(),)
