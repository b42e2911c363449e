"""Predictor: every channel's state comes back as it was left, and a prediction is the comparator's."""

from itertools import pairwise

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream

from formal.inside import Inside
from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.comparator import Comparator
from hdl.layouts import word, words_per_row
from hdl.predictor import LFSR_BITS, WORDS_IN_FLIGHT, Predictor
from hdl.rate_updater import ACC_BITS, RATE_BITS
from model.golden.lfsr import CHANNEL_STRIDE, TAPS

NOT_LEARNED = Edit("updater.spike.eq(spikes[lane])", "updater.spike.eq(comparison.errors[lane])")


def assume_rows(spec: Spec, m: Module, dut: Predictor, words: int) -> tuple[Signal, Signal]:
    """Assume that words come in rows, the first one after reset with a restart.

    Return a word's place in its row, and whether the word before it restarted.
    """
    came = dut.i.payload
    place = Signal(range(words), name="place")
    started, restarting = Signal(name="started"), Signal(name="restarting")
    spec.assume(
        m,
        "rows",
        "Words come in rows; a keyframe restarts a whole row, the first one after reset among them.",
        ~dut.i.valid
        | (
            (came.row_first == (place == 0))
            & (came.row_last == (place == words - 1))
            & (started | came.restart)
            & (came.row_first | (came.restart == restarting))
        ),
    )
    with m.If(transfer(dut.i)):
        m.d.sync += [
            place.eq(Mux(came.row_last, 0, place + 1)),
            started.eq(started | came.row_last),
            restarting.eq(came.restart),
        ]
    return place, restarting


def read_states(inside: Inside, name: str, low: int, high: int) -> tuple[Value, Value]:
    """Return these bits of the state of the word in the stage, 0 in a restart, and of the word's that comes next."""
    return inside[f"{name}_memory_stored"][low:high], inside[f"{name}_memory.read__data"][low:high]


def stepped(state: Value) -> Value:
    """Return an LFSR's next state."""
    return Cat(Cat(state[tap] for tap in TAPS).xor(), state)[:LFSR_BITS]


def mark(lanes: int, name: str, payload: Value) -> Value:
    """Return a word's mark of this name."""
    return payload[word(lanes)[name].offset]


def word_seed(seed: Value, place: Value, lanes: int) -> Value:
    """Return the seed of lane 0 of the word at a place, before 1 is put for 0."""
    return (seed + place * (lanes * CHANNEL_STRIDE))[:LFSR_BITS]


def after(place: Value, words: int) -> Value:
    """Return the place behind another one in rows of `words` words."""
    return Mux(place == words - 1, 0, place + 1)


def assume_settings(spec: Spec, m: Module, dut: Predictor) -> None:
    """Assume that the settings are those of the word that was taken last, and change with a keyframe only."""
    settings, first = Value.cast(dut.settings), dut.i.payload.restart & dut.i.payload.row_first
    spec.assume(
        m,
        "settings_hold",
        "The settings change only when a keyframe's first word was taken.",
        ~spec.running
        | spec.past(m, transfer(dut.i) & first, "taken")
        | (settings == spec.past(m, settings, "settings")),
    )


class State(Spec):
    """Any lane of any word of a row: what it stores comes back at its next visit, whatever the updater makes of it.

    The updaters are abstracted: what they give is arbitrary here, and proven of `RateUpdater`.
    """

    method = Induction(4)
    channels, lanes = 3, 2
    sizes = f"{channels} channels, {lanes} lanes"
    abstracted = ("dut.updater_0", "dut.updater_1")
    cover_depth = 24

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = Predictor(self.channels, self.lanes)
        self.inside = self.design(m, dut, rows=True)
        words = words_per_row(self.channels, self.lanes)
        assume_source(self, m, dut.i)
        assume_settings(self, m, dut)
        place_in, restarting = assume_rows(self, m, dut, words)
        self.ahead = words >= WORDS_IN_FLIGHT
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("with m.If(held_ready):", "with m.If(1):"),
                "idle_after_reset": Edit("held_valid = Signal()", "held_valid = Signal(init=1)"),
                "not_waiting": Edit("self.o.valid.eq(held_valid)", "self.o.valid.eq(held_valid & self.o.ready)"),
            },
        )
        drawing, held, learnt = self._places(m, place_in, words)
        self._seeds(m, drawing, restarting)
        self._apart(m)
        word = self.constant(m, range(words), "any_word")
        draws = self.inside["drawing_valid"] & (drawing == word)
        here = dut.o.valid & (held == word)
        learns = self.past(m, transfer(dut.o), "learns") & (learnt == word)
        for lane in range(self.lanes):
            self._draw(m, lane, words, word, draws)
            self._lane(m, lane, words, word, (here, after(held, words) == word, learns))
        left = transfer(dut.o) & (held == word)
        self.cover(m, "second_visit", "The word comes a third time.", here & self._visits(m, left))

    def _seeds(self, m: Module, drawing: Signal, restarting: Signal) -> None:
        """Show what the seeds are drawn from."""
        came = self.inside["drawing"]
        restart, row_first = mark(self.lanes, "restart", came), mark(self.lanes, "row_first", came)
        self.invariant(
            m,
            "marks",
            "The word that is drawn for has the marks of its place.",
            (~self.inside["drawing_valid"] | ((restart == restarting) & (row_first == (drawing == 0))))
            & (self.inside["takes_seed"] == (restarting & (drawing == 0))),
        )
        self.invariant(
            m,
            "following_seed",
            "Within a row that restarts it is the word's; in others it is 0.",
            Mux(
                restarting,
                (drawing == 0)
                | (self.inside["following_seed"] == word_seed(self.dut.settings.seed, drawing, self.lanes)),
                self.inside["following_seed"] == 0,
            ),
        )

    def _places(self, m: Module, place_in: Signal, words: int) -> tuple[Signal, Signal, Signal]:
        """Return the places of the words in the three stages."""
        dut, inside = self.dut, self.inside
        drawing, held = Signal.like(place_in, init=words - 1), Signal.like(place_in, init=words - 1)
        learnt = Signal.like(place_in, init=words - 1)
        seen, moved = Signal(), Signal()
        with m.If(transfer(dut.o)):
            m.d.sync += learnt.eq(held)
        with m.If(transfer(dut.i)):
            m.d.sync += [drawing.eq(place_in), seen.eq(1)]
        with m.If(dut.advances):
            m.d.sync += [held.eq(drawing), moved.eq(1)]
        self.invariant(
            m,
            "place",
            "Each stage's address is its word's place in its row, and the next word has the next place.",
            (place_in == after(drawing, words))
            & (inside["following"] == place_in)
            & (~inside["drawing_valid"] | (inside["drawing_address"] == drawing))
            & (~dut.o.valid | (inside["held_address"] == held))
            & (seen | (~inside["drawing_valid"] & (place_in == 0)))
            & (moved | (~dut.o.valid & (held == words - 1)))
            & (drawing == Mux(inside["drawing_valid"], after(held, words), held))
            & (held == Mux(dut.o.valid, after(learnt, words), learnt))
            & (inside["learns"] == self.past(m, transfer(dut.o), "passed"))
            & (~inside["learns"] | (inside["learns_address"] == learnt)),
        )
        if not self.ahead:
            self.invariant(
                m,
                "one_at_a_time",
                "A word comes in behind the one before it.",
                (~inside["drawing_valid"] | ~dut.o.valid)
                & ~(inside["learns"] & (inside["drawing_valid"] | dut.o.valid)),
            )
        self.contract(
            m,
            "advances_if_free",
            "A word advances only if none waits at the output.",
            ~dut.o.valid | dut.o.ready,
            when=dut.advances,
            broken_by=Edit("self.advances.eq(drawing_valid & held_ready)", "self.advances.eq(held_valid)"),
        )
        self.contract(
            m,
            "advances_to_output",
            "A word that advances is at the output in the next cycle, and no other is.",
            dut.o.valid == self.past(m, dut.advances | (dut.o.valid & ~dut.o.ready), "advances"),
            when=self.running,
            broken_by=Edit("held_valid.eq(drawing_valid)", "held_valid.eq(self.i.valid)"),
        )
        free = dut.o.ready if self.ahead else ~(inside["drawing_valid"] | dut.o.valid)
        self.contract(
            m,
            "room",
            "With a ready sink a word is taken in every cycle; in a row of three words or fewer, when none is inside.",
            dut.i.ready,
            when=free,
            broken_by=Edit("drawing_ready if", "held_ready & ~held_valid if")
            if self.ahead
            else Edit("~drawing_valid & ~held_valid", "~drawing_valid & ~held_valid & self.o.ready"),
        )
        return drawing, held, learnt

    def _apart(self, m: Module) -> None:
        """Show that memories are not read where they are written: synthesis relies on it."""
        together = [
            self.inside[f"{name}.read__en"]
            & self.inside[f"{name}.write__en"]
            & (self.inside[f"{name}.read__addr"] == self.inside[f"{name}.write__addr"])
            for name in ("lfsr_memory", "acc_memory")
        ]
        self.contract(
            m,
            "apart",
            "No row is read in the cycle that writes it.",
            ~Cat(together).any(),
            broken_by=[
                Edit("row_last, 0, following + 1)", "row_last, 0, drawing_address)"),
                Edit("(second, following) if", "(second, learns_address) if"),
            ]
            if self.ahead
            else Edit("~drawing_valid & ~held_valid", "drawing_ready"),
        )

    def where_it_bites(self, *edits: Edit) -> tuple[Edit, ...]:
        """Return edits that change nothing in a row of one word, or take long to show in a row of four."""
        return edits if type(self) is State else ()

    def _visits(self, m: Module, left: Signal) -> Signal:
        visits = Signal(2)
        with m.If(left & (visits != 3)):
            m.d.sync += visits.eq(visits + 1)
        return visits == 2

    def _row(
        self, m: Module, name: str, lane: int, bits: int, words: int, word: Signal, wrote: Value
    ) -> tuple[Signal, Value, Value]:
        """Return what the word's row must hold, what was read for the word in the stage, and for the next one."""
        low, high = lane * bits, (lane + 1) * bits
        value = Signal(bits, name=f"expected_{name}_{lane}")
        given = self.inside[f"lfsr_{lane}.state" if name == "lfsr" else f"updater_{lane}.next"]
        with m.If(wrote):
            m.d.sync += value.eq(given)
        stored = Array(self.inside[f"{name}_memory.row_{row}"][low:high] for row in range(words))[word]
        self.invariant(m, f"{name}_stored_{lane}", "The row holds what came last.", stored == value)
        return value, *read_states(self.inside, name, low, high)

    def _draw(self, m: Module, lane: int, words: int, word: Signal, draws: Value) -> None:
        """Prove what the first stage does."""
        inside = self.inside
        wrote = self.dut.advances & draws
        lfsr, at_word, ahead = self._row(m, "lfsr", lane, LFSR_BITS, words, word, wrote)
        restart = mark(self.lanes, "restart", inside["drawing"])
        self.invariant(
            m,
            f"lfsr_read_{lane}",
            "The word has what its row holds, or 0 in a restart.",
            ~draws | (at_word == Mux(restart, 0, lfsr)),
        )
        comes = inside["following"] == word
        self.invariant(
            m, f"lfsr_ahead_{lane}", "The next word's row has been read.", ~comes | (not self.ahead) | (ahead == lfsr)
        )
        seed = (self.dut.settings.seed + (word * self.lanes + lane) * CHANNEL_STRIDE)[:LFSR_BITS]
        self.contract(
            m,
            f"lfsr_comes_back_{lane}",
            f"Lane {lane} of any word: the LFSR's state follows that of the last visit, or is its channel's seed.",
            inside[f"lfsr_{lane}.state"] == Mux(restart, Mux(seed == 0, 1, seed), stepped(lfsr)),
            when=draws,
            broken_by=[
                *self.where_it_bites(
                    Edit("lfsr_write.addr.eq(drawing_address)", "lfsr_write.addr.eq(following)"),
                    Edit("self.i.payload.restart & self.i.payload.row_first", "self.i.payload.restart"),
                ),
                Edit("Mux(self.i.payload.restart, word_seed +", "Mux(1, word_seed +"),
                Edit("candidate & zero", "0"),
                *([Edit("zero.eq(restart & ", "zero.eq(")] if lane == 0 else []),
            ],
        )

    def _lane(self, m: Module, lane: int, words: int, word: Signal, stages: tuple[Value, Value, Value]) -> None:
        """Prove what the second stage does, and the third, of a word that is here, comes next, or is learnt from."""
        inside = self.inside
        here, comes, learns = stages
        restart = self.dut.o.payload.restart
        acc, at_word, ahead = self._row(m, "acc", lane, ACC_BITS, words, word, learns)
        self.invariant(
            m,
            f"acc_read_{lane}",
            "The word has what its row holds, or 0 in a restart.",
            ~here | (at_word == Mux(restart, 0, acc)),
        )
        self.invariant(
            m, f"acc_ahead_{lane}", "The next word's row has been read.", ~comes | (not self.ahead) | (ahead == acc)
        )
        clears = ("m.d.sync += stored.eq(0)", "pass") if self.ahead else ("~restarted", "1")
        self.contract(
            m,
            f"acc_comes_back_{lane}",
            f"Lane {lane} of any word: the accumulator is the one that its last update gave, or 0 in a first row.",
            inside[f"acc_{lane}"] == Mux(restart, 0, acc),
            when=here,
            broken_by=[
                Edit(*clears),
                *self.where_it_bites(
                    Edit("acc_write.en.eq(learns)", "acc_write.en.eq(accepted)"),
                    Edit("learns_address.eq(held_address)", "learns_address.eq(following)"),
                ),
            ],
        )
        self._errors(m, lane, here)

    def _errors(self, m: Module, lane: int, here: Value) -> None:
        inside, dut, payload = self.inside, self.dut, self.dut.o.payload
        comparator = Comparator()
        view = Inside(comparator)
        m.submodules += view
        m.d.comb += [
            comparator.state.eq(inside[f"lfsr_{lane}.state"]),
            comparator.sharpness.eq(dut.settings.sharpness),
            comparator.draw.eq(dut.advances),
            comparator.rate.eq(inside[f"acc_{lane}"][8:]),
        ]
        self.invariant(
            m,
            f"dither_{lane}",
            "The dither is drawn from the LFSR's state, but for a restart, in which it does not matter.",
            ~dut.o.valid | payload.restart | (inside[f"comparator_{lane}.complement"] == view["complement"]),
        )
        drawn_for, came = Signal(name=f"drawn_for_{lane}"), Signal(name=f"came_{lane}")
        with m.If(transfer(dut.i)):
            m.d.sync += drawn_for.eq(dut.i.payload.bits[lane])
        with m.If(dut.advances):
            m.d.sync += came.eq(drawn_for)
        self.contract(
            m,
            f"error_{lane}",
            f"Lane {lane}: an error is where the spike differs from the prediction, 0 in a first row.",
            payload.bits[lane] == (came ^ (comparator.predicted & ~payload.restart)),
            when=here,
            broken_by=[
                Edit("acc[-RATE_BITS:]),", "acc[:RATE_BITS]),"),
                Edit("comparator.draw.eq(self.advances)", "comparator.draw.eq(accepted)"),
            ],
        )
        self.invariant(
            m,
            f"came_{lane}",
            "Each stage's word is the one that came.",
            (~inside["drawing_valid"] | (inside["drawing"][lane] == drawn_for))
            & (~dut.o.valid | (inside["held"][lane] == came)),
        )
        self.contract(
            m,
            f"learns_spikes_{lane}",
            f"Lane {lane}: the updater learns from the spike itself.",
            inside[f"updater_{lane}.spike"] == came,
            when=here,
            broken_by=NOT_LEARNED,
        )
        kept_q8 = Signal(9, name=f"kept_q8_{lane}")
        with m.If(dut.advances):
            m.d.sync += kept_q8.eq(256 - dut.settings.alpha_q8)
        self.contract(
            m,
            f"own_alpha_q8_{lane}",
            f"Lane {lane}: the updater has the `alpha_q8` that came with its word.",
            inside[f"updater_{lane}.kept_q8"] == kept_q8,
            when=here,
            broken_by=Edit("kept_q8.eq(rest_q8(self.settings.alpha_q8))", "kept_q8.eq(self.settings.alpha_q8)"),
        )


class OneWordRow(State):
    """Rows of one word."""

    channels, lanes = 2, 2
    sizes = "2 channels, 2 lanes"


class FourWordRow(State):
    """Rows long enough to read states ahead."""

    channels, lanes = 7, 2
    sizes = "7 channels, 2 lanes"


class Pair(Spec):
    """A predictor and, behind it, one that undoes it: they stay in lock-step whatever the spikes, settings and stalls.

    The updaters are abstracted to any function, the same one in both: what the forward one gave for a word, the
    inverse one gives for the same accumulator and spike.
    """

    method = Induction(3)
    channels, lanes = 3, 2
    sizes = "3 channels, 2 lanes"
    abstracted = ("dut.updater_0", "dut.updater_1", "inverse.updater_0", "inverse.updater_1")
    cover_depth = 16

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.forward = Predictor(self.channels, self.lanes)
        self.inverse = Predictor(self.channels, self.lanes, inverse=True)
        self.views = self.design(m, self.forward, rows=True), self.design(m, self.inverse, "inverse", rows=True)
        self.words = words_per_row(self.channels, self.lanes)
        self.ahead = self.words >= WORDS_IN_FLIGHT
        forward, inverse = self.forward, self.inverse
        assume_source(self, m, forward.i)
        assume_settings(self, m, forward)
        place_in, self.restarting = assume_rows(self, m, forward, self.words)
        m.d.comb += [
            inverse.i.valid.eq(forward.o.valid),
            inverse.i.payload.eq(forward.o.payload),
            forward.o.ready.eq(inverse.i.ready),
        ]
        self.settings_held = Signal.like(forward.settings)
        with m.If(forward.advances):
            m.d.sync += self.settings_held.eq(forward.settings)
        with m.If(transfer(inverse.i)):
            m.d.sync += inverse.settings.eq(self.settings_held)
        self._stages(m, place_in)
        self._words_in_flight(m)
        self.cover(m, "second_row", "A word of the second row is undone.", inverse.o.valid & self._rows(m))
        for lane in range(self.lanes):
            self._lane(m, lane)

    def _rows(self, m: Module) -> Signal:
        rows = Signal(2)
        with m.If(transfer(self.inverse.o) & self.inverse.o.payload.row_last & (rows != 3)):
            m.d.sync += rows.eq(rows + 1)
        return rows == 1

    def _stages(self, m: Module, place_in: Signal) -> None:
        """Follow the places and the spikes of the words through the stages of both."""
        entries = (transfer(self.forward.i), self.forward.advances, transfer(self.inverse.i), self.inverse.advances)
        self.valid = [
            value
            for view, port in zip(self.views, (self.forward.o, self.inverse.o), strict=True)
            for value in (view["drawing_valid"], port.valid)
        ]
        self.places: list[Signal] = []
        self.came: list[Signal] = []
        self.seen = seen = [Signal(name=f"seen_{stage}") for stage in range(4)]
        place, word = place_in, Value.cast(self.forward.i.payload)
        for stage, enters in enumerate(entries):
            self.places.append(Signal.like(place_in, init=self.words - 1, name=f"place_{stage}"))
            self.came.append(Signal(len(word), name=f"came_{stage}"))
            with m.If(enters):
                m.d.sync += [self.places[-1].eq(place), self.came[-1].eq(word), seen[stage].eq(1)]
            place, word = self.places[-1], self.came[-1]
        for name, view, first, dut in (
            ("forward", self.views[0], 0, self.forward),
            ("inverse", self.views[1], 2, self.inverse),
        ):
            drawing, held = self.places[first : first + 2]
            restart = mark(self.lanes, "restart", self.came[first])
            self.invariant(
                m,
                f"place_{name}",
                "Addresses are the words'.",
                (~self.valid[first] | (view["drawing_address"] == drawing))
                & (~self.valid[first + 1] | (view["held_address"] == held))
                & (view["following"] == after(drawing, self.words)),
            )
            self.invariant(
                m,
                f"following_seed_{name}",
                "Within a row that restarts it is the word's; in others it is 0.",
                Mux(
                    restart,
                    (drawing == 0) | (view["following_seed"] == word_seed(dut.settings.seed, drawing, self.lanes)),
                    view["following_seed"] == 0,
                ),
            )
        in_force = (self.forward.settings, self.settings_held, self.inverse.settings)
        self.invariant(
            m,
            "settings_alike",
            "A stage's settings are those of the one behind it, unless a keyframe's first word is there.",
            Cat(
                ~seen[stage + 1]
                | (self.valid[stage] & (self.places[stage] == 0) & mark(self.lanes, "restart", self.came[stage]))
                | (Value.cast(in_force[stage]) == Value.cast(in_force[stage + 1]))
                for stage in range(2)
            ).all(),
        )
        restarts = [self.restarting, *(mark(self.lanes, "restart", came) for came in self.came)]
        self.invariant(
            m,
            "restarts",
            "A word restarts as the one ahead in its row does.",
            Cat(
                ~known | (valid & (place == 0)) | (restart == ahead)
                for known, valid, place, restart, ahead in zip(
                    seen, [Const(0), *self.valid], [place_in, *self.places], restarts, restarts[1:], strict=False
                )
            ).all(),
        )
        behind = [*self.places[1:], None]
        self.invariant(
            m,
            "order",
            "The word of each stage is the one behind that of the next stage.",
            (place_in == after(self.places[0], self.words))
            & Cat(
                place == Mux(valid, after(ahead, self.words), ahead)
                for place, valid, ahead in zip(self.places, self.valid, behind, strict=True)
                if ahead is not None
            ).all()
            & Cat(
                known | (~valid & (place == self.words - 1))
                for known, valid, place in zip(seen, self.valid, self.places, strict=True)
            ).all()
            & Cat(known | ~later for known, later in pairwise(seen)).all(),
        )

    def _words_in_flight(self, m: Module) -> None:
        forward, inverse = self.views
        self.word = self.constant(m, range(self.words), "any_word")
        self.held, self.comes, self.undone = (
            self.valid[stage] & (self.places[stage] == self.word) for stage in range(1, 4)
        )
        self.learns, self.unlearns = (
            self._learning(m, name, view, stage, port)
            for name, view, stage, port in (
                ("forward", forward, 1, self.forward.o),
                ("inverse", inverse, 3, self.inverse.o),
            )
        )
        stages = (forward["drawing"], forward["held"], inverse["drawing"], inverse["held"])
        same = [
            ~valid | (stage[low:] == came[low:])
            for valid, stage, came, low in zip(
                self.valid, stages, self.came, (0, 0, self.lanes, self.lanes), strict=True
            )
        ]
        self.invariant(m, "came", "Each stage's word is the one that came, but for errors.", Cat(same).all())
        marked = [
            ~seen
            | (
                (mark(self.lanes, "row_first", came) == (place == 0))
                & (mark(self.lanes, "row_last", came) == (place == self.words - 1))
            )
            for seen, came, place in zip(self.seen, self.came, self.places, strict=True)
        ]
        self.invariant(m, "marks", "Each stage's word has the marks of its place.", Cat(marked).all())
        takes_seed = [
            view["takes_seed"] == (mark(self.lanes, "restart", came) & mark(self.lanes, "row_first", came))
            for view, came in ((forward, self.came[0]), (inverse, self.came[2]))
        ]
        self.invariant(
            m, "takes_seed", "A keyframe's first word takes its seed from the settings.", Cat(takes_seed).all()
        )
        self.contract(
            m,
            "lock_step",
            "Any word of a row: what the inverse gives are the spikes that went in, with the word's marks.",
            self.inverse.o.payload.as_value() == self.came[3],
            when=self.undone,
            # Only the third row shows it, which comes soonest where a row is one word.
            broken_by=[
                Edit("spikes = comparison.errors if self._inverse else held.bits", "spikes = held.bits", skip=8),
                Edit("spikes[lane]", "held.bits[lane]", skip=8),
            ]
            if self.words == 1
            else (),
        )

    def _learning(self, m: Module, name: str, view: Inside, stage: int, port: stream.Interface) -> Value:
        """Return whether the word is in the third stage of one of both."""
        left = self.past(m, transfer(port), f"left_{name}")
        place = self.past(m, self.places[stage], f"learnt_{name}")
        self.invariant(
            m,
            f"learns_{name}",
            "The word that left is learnt from; the one behind it follows it.",
            (view["learns"] == left)
            & (~left | ((view["learns_address"] == place) & self._follows(stage, place)))
            & (self.ahead | ~(view["drawing_valid"] & (self.valid[stage] | left)) & ~(self.valid[stage] & left)),
        )
        return left & (place == self.word)

    def _follows(self, stage: int, place: Value) -> Value:
        """Return whether the word of this stage is at a place, or the one behind it if it is valid."""
        return self.places[stage] == Mux(self.valid[stage], after(place, self.words), place)

    def _lane(self, m: Module, lane: int) -> None:
        view, other = self.views
        passed, undone_now = transfer(self.inverse.i), transfer(self.inverse.o) & self.undone
        restarts = [mark(self.lanes, "restart", came) for came in self.came]
        # What the forward one drew, had and gave for the word.
        drew, complement, predicted = Signal(LFSR_BITS), Signal(RATE_BITS), Signal()
        acc, kept_q8, gave = Signal(ACC_BITS), Signal(9), Signal(ACC_BITS)
        with m.If(self.forward.advances & (self.places[0] == self.word)):
            m.d.sync += drew.eq(view[f"lfsr_{lane}.state"])
        with m.If(passed & (self.places[1] == self.word)):
            m.d.sync += [
                complement.eq(view[f"comparator_{lane}.complement"]),
                predicted.eq(view[f"comparator_{lane}.predicted"]),
                acc.eq(view[f"acc_{lane}"]),
                kept_q8.eq(view[f"updater_{lane}.kept_q8"]),
            ]
        with m.If(self.learns):
            m.d.sync += gave.eq(view[f"updater_{lane}.next"])
        same_told = (other[f"updater_{lane}.spike"] == self.came[3][lane]) & (
            other[f"updater_{lane}.kept_q8"] == kept_q8
        )
        same = (other[f"acc_{lane}"] == acc) & same_told
        self.assume(
            m,
            f"a_function_{lane}",
            "For the same accumulator, spike and alpha_q8 an updater gives the same.",
            ~self.past(m, undone_now & same, f"same_{lane}") | (other[f"updater_{lane}.next"] == gave),
        )
        lfsr_row = self._rows_alike(m, "lfsr", lane, LFSR_BITS, drew, self.held | self.comes)
        unlearnt = self.comes | self.undone | self.unlearns
        acc_row = self._rows_alike(m, "acc", lane, ACC_BITS, gave, unlearnt & ~self.learns)
        self.invariant(
            m,
            f"learnt_{lane}",
            "What the inverse learns is what the forward one learnt.",
            ~self.unlearns | self.past(m, undone_now & same, f"learns_same_{lane}"),
        )
        channel = self.word * self.lanes + lane
        seed = (self.settings_held.seed + channel * CHANNEL_STRIDE)[:LFSR_BITS]
        self.invariant(
            m,
            f"drew_{lane}",
            "What the forward one drew from is what the inverse will draw from.",
            ~self.held
            | (
                (drew == Mux(restarts[1], Mux(seed == 0, 1, seed), stepped(lfsr_row)))
                & (restarts[1] | (view[f"comparator_{lane}.complement"] == _complement(drew, self.settings_held)))
                & (view["kept_q8"] == (256 - self.settings_held.alpha_q8)[:9])
            ),
        )
        settings = self.inverse.settings
        self.invariant(
            m,
            f"draws_{lane}",
            "The inverse draws from the same, and knows the error.",
            ~self.comes
            | (
                (other[f"lfsr_{lane}.state"] == drew)
                & (restarts[2] | (complement == _complement(drew, settings)))
                & (kept_q8 == (256 - settings.alpha_q8)[:9])
                & (acc == Mux(restarts[2], 0, acc_row))
                & (other["drawing"][lane] == (self.came[2][lane] ^ predicted))
            ),
        )
        self.invariant(
            m,
            f"same_state_{lane}",
            "The inverse has the dither and the accumulator that the forward one predicted with, and the error.",
            ~self.undone
            | (
                (restarts[3] | (other[f"comparator_{lane}.complement"] == complement))
                & (other[f"acc_{lane}"] == acc)
                & (other["held"][lane] == (self.came[3][lane] ^ predicted))
            ),
        )
        self.invariant(m, f"same_told_{lane}", "It learns from the same spike, as fast.", ~self.undone | same_told)
        self.invariant(
            m,
            f"predicted_{lane}",
            "What the forward one predicted is what it had to predict.",
            ~(self.comes | self.undone)
            | ((predicted == (acc[-RATE_BITS:] + complement)[-1]) & (~self._restarts(restarts) | (acc == 0))),
        )

    def _restarts(self, restarts: list[Value]) -> Value:
        return Mux(self.comes, restarts[2], restarts[3])

    def _rows_alike(self, m: Module, name: str, lane: int, bits: int, updated: Value, lags: Value) -> Value:
        """Relate the rows of both, of which the inverse's may lag behind; return the inverse's."""
        low, high = lane * bits, (lane + 1) * bits
        settled = []
        for view, label, first in zip(self.views, ("forward", "inverse"), (0, 2), strict=True):
            row = Array(view[f"{name}_memory.row_{place}"][low:high] for place in range(self.words))[self.word]
            settled.append(row)
            at_word, ahead = read_states(view, name, low, high)
            stage = first + (name == "acc")
            restarts = mark(self.lanes, "restart", self.came[stage])
            self.invariant(
                m,
                f"{name}_read_{label}_{lane}",
                "A word has what its row holds, or 0 in a restart.",
                ~(self.valid[stage] & (self.places[stage] == self.word)) | (at_word == Mux(restarts, 0, row)),
            )
            self.invariant(
                m,
                f"{name}_ahead_{label}_{lane}",
                "The next word's row has been read.",
                (not self.ahead) | (after(self.places[stage], self.words) != self.word) | (ahead == row),
            )
        self.invariant(
            m,
            f"{name}_stored_{lane}",
            "The rows of both hold the same, but for the word that the inverse has not updated yet.",
            settled[0] == Mux(lags, updated, settled[1]),
        )
        return settled[1]


def _complement(state: Value, settings: data.View) -> Value:
    """Return the complement of the dither that is drawn from a state."""
    return (((state ^ 0x8000).as_signed() >> settings.sharpness) ^ 0x7FFF)[:RATE_BITS]


class OneWordPair(Pair):
    """The same in rows of one word."""

    channels, lanes = 1, 1
    sizes = "1 channel, 1 lane"
    abstracted = ("dut.updater_0", "inverse.updater_0")


class LongPair(Pair):
    """The same in rows long enough to read states ahead."""

    channels, lanes = 4, 1
    sizes = "4 channels, 1 lane"
    abstracted = ("dut.updater_0", "inverse.updater_0")
    cover_depth = 20


SPECS = (State(), OneWordRow(), FourWordRow(), Pair(), OneWordPair(), LongPair())
