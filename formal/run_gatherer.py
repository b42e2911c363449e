"""RunGatherer: any bin is in the runs what it is in the tokens."""

from unittest.mock import patch

from amaranth.hdl import Array, Module, Mux, Signal

from formal.spec import Edit, Induction, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl import layouts
from hdl.run_gatherer import RunGatherer


class ShortRows(Spec):
    """Any tokens, and any one of the bins that they are about; rows that are passed whole."""

    method = Induction(2)
    channels, lanes, steps = 3, 2, 9
    sizes = "3 channels, 2 lanes, packets of at most 9 steps"
    cover_depth = 24
    broken_depth = 24
    stride_edit = Edit("rows * self._channels", "rows * self._words * self._lanes")

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        with patch.object(layouts, "EPOCH_STEPS_MAX", self.steps):
            self.dut = dut = RunGatherer(self.channels, self.lanes)
            self.inside = self.design(m, dut)
        assume_source(self, m, dut.i)
        m.d.comb += dut.skip.eq(0)
        self.bins = self.channels * self.steps
        self._tokens(m)
        self._runs(m)
        self._contracts(m)
        self._invariants(m)

    def _tokens(self, m: Module) -> None:
        """Count bins up to behind the last error that a token told of; see whether the chosen bin is one of these."""
        token, bins = self.dut.i.payload, self.bins
        self.taken = transfer(self.dut.i)
        self.chosen = self.constant(m, range(bins), "any_bin")
        self.behind, self.marked, self.tag = Signal(range(2 * bins)), Signal(), Signal.like(token.tag)
        position = self.behind + token.gap
        with m.If(self.taken):
            m.d.sync += [
                self.behind.eq(Mux(token.end, 0, position + 1)),
                self.marked.eq(~token.end & (self.marked | (position == self.chosen))),
                self.tag.eq(token.tag),
            ]
        self.assume(m, "bin", "The chosen bin is one of the longest packet.", self.chosen < bins)
        self.assume(
            m,
            "tokens",
            "An error is within the longest packet, a payload's last token has none, and all have its tag.",
            ~self.dut.i.valid
            | (
                Mux(token.end, ~token.error, token.error & (position < bins))
                & ((self.behind == 0) | (token.tag == self.tag))
            ),
        )

    def _runs(self, m: Module) -> None:
        """Count words up to behind the last run that was posted."""
        gathered = self.dut.o.payload
        places = range(self.bins + 1)
        self.word_of = Array(self._word(place) for place in places)
        words = range(self._word(self.bins) + 1)
        self.base_of = Array(next(place for place in places if self._word(place) == word) for word in words)
        self.word, self.lane = Signal(range(len(words))), Signal(range(self.lanes))
        m.d.comb += [
            self.word.eq(self.word_of[self.chosen]),
            self.lane.eq(Array(place % self.channels % self.lanes for place in places)[self.chosen]),
        ]
        self.posted = self.dut.o.valid & ~self.past(m, self.dut.o.valid & ~self.dut.o.ready, "o_waits")
        self.first, self.first_now = Signal(range(2 * len(words))), Signal(range(2 * len(words)))
        self.last_word = self.first + gathered.empty
        with m.If(self.posted):
            m.d.comb += self.first_now.eq(Mux(gathered.end, 0, self.last_word + 1))
        with m.Else():
            m.d.comb += self.first_now.eq(self.first)
        m.d.sync += self.first.eq(self.first_now)

    def _word(self, place: int) -> int:
        words_per_row = -(-self.channels // self.lanes)
        return place // self.channels * words_per_row + place % self.channels // self.lanes

    def _contracts(self, m: Module) -> None:
        gathered, word, last_word = self.dut.o.payload, self.word, self.last_word
        was_marked = self.past(m, self.marked, "marked")
        self.contract(
            m,
            "bits",
            "Any bin is an error in its word if a token says so, and only then; the empty words ahead of it have none.",
            Mux(
                word < last_word,
                ~was_marked | (word < self.first),
                (word != last_word) | ((gathered.bits >> self.lane)[0] == was_marked),
            ),
            when=self.posted,
            broken_by=[
                Edit("errors[candidate].eq(1)", "errors[candidate].eq(candidate != 1)"),
                Edit(
                    "empty.eq(empty + 1), lane.eq(lane - lanes_here)", "empty.eq(empty + 2), lane.eq(lane - lanes_here)"
                ),
                self.stride_edit,
            ],
        )
        self.contract(
            m,
            "end",
            "The run with a packet's last error ends the packet, with the token's verdict.",
            (gathered.end == self.past(m, self.taken & self.dut.i.payload.end, "ends"))
            & (gathered.bad == (gathered.end & self.past(m, self.dut.i.payload.bad, "bad")))
            & (~(gathered.end & was_marked) | (word <= last_word)),
            when=self.posted,
            broken_by=Edit("gathered.bad.eq(ends & token.bad)", "gathered.bad.eq(ends)"),
        )
        self.contract(
            m,
            "tag",
            "A run has the tag of its packet.",
            gathered.tag == self.tag,
            when=self.posted,
            broken_by=Edit("Mux(at_error, token.tag, tag_held)", "token.tag"),
        )
        self.contract(
            m,
            "not_passed_over",
            "A payload's end becomes a run's in the next cycle.",
            self.posted & gathered.end,
            when=self.past(m, self.taken & self.dut.i.payload.end, "ended"),
            broken_by=Edit("ends.eq(at_error & token.end)", "ends.eq(at_error & token.end & ~token.bad)"),
        )
        self.cover(
            m,
            "late",
            "A late bin is an error.",
            self.posted & was_marked & (word == last_word) & (self.chosen == self.bins - 2),
        )

    def _invariants(self, m: Module) -> None:
        inside = self.inside
        lane, place, found = inside["lane"], inside["place"], inside["found"]
        current = Signal(range(4 * len(self.base_of)))
        m.d.comb += current.eq(self.first_now + inside["empty"])
        words = -(-self.channels // self.lanes)
        base = self.base_of[current[: len(self.first)]]
        within = current <= self.word_of[self.bins - 1]
        self.invariant(m, "word", "The current word is one of the longest packet.", within & (self.behind <= self.bins))
        self.invariant(m, "place", "Its place in the row is known.", place == current % words)
        self.invariant(m, "lane", "The last error is counted from the current word.", base + lane + 1 == self.behind)
        self.invariant(
            m,
            "last_error",
            "The last error that a token told of is the only one that may lie beyond the current word.",
            (~self.marked | (self.chosen < self.behind))
            & (~self.marked | (self.word <= current) | (self.chosen + 1 == self.behind))
            & ((self.chosen + 1 != self.behind) | self.marked),
        )
        self.invariant(
            m,
            "empty",
            "The words that were passed since the last run have no errors.",
            ~self.marked | (self.word < self.first_now) | (self.word >= current),
        )
        lanes_here = inside["lanes_here"]
        self.invariant(
            m,
            "start",
            "Only before a packet's first error is none known.",
            (lane >= 0) | ((lane == -1) & (self.behind == 0) & (current == 0)),
        )
        self.invariant(
            m,
            "none_found",
            "No errors are found in a word that the last one lies beyond.",
            (found == 0) | (lane < lanes_here),
        )
        self.invariant(
            m,
            "found",
            "In the current word the errors ahead of the last one are found.",
            (self.word != current) | ((found >> self.lane)[0] == (self.marked & (self.chosen + 1 != self.behind))),
        )
        self.invariant(
            m, "tag_held", "The packet's tag is known.", (self.behind == 0) | (inside["tag_held"] == self.tag)
        )


class LongRows(ShortRows):
    """The same of rows that are passed in several strides."""

    channels, lanes, steps = 17, 2, 2
    sizes = "17 channels, 2 lanes, packets of at most 2 steps"
    fast = False
    stride_edit = Edit("place < self._words - STRIDE", "place <= self._words - STRIDE")


class Ports(Spec):
    """The output, whatever is skipped."""

    method = Pdr("scorr;")
    sizes = "3 channels, 2 lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        with patch.object(layouts, "EPOCH_STEPS_MAX", 7):
            dut = RunGatherer(3, 2)
            self.design(m, dut)
        assume_source(self, m, dut.i)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("with m.If(self.o.ready):", "with m.If(1):"),
                "stable": Edit("free.eq(~self.o.valid | self.o.ready)", "free.eq(1)"),
            },
        )
        self.contract(
            m,
            "skips",
            "What is to be skipped is taken as fast as the sink takes runs.",
            dut.i.ready,
            when=dut.skip & dut.o.ready,
            broken_by=Edit("at_error.eq(self.skip | ", "at_error.eq("),
        )
        self.cover(m, "third", "A run is waited for.", dut.o.valid & ~dut.o.ready)


SPECS = (ShortRows(), LongRows(), Ports())
