"""Predictor: every channel's state comes back as it was left, and a prediction is the comparator's."""

from amaranth.hdl import Array, Module, Mux, Signal, Value

from formal.inside import Inside
from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.comparator import Comparator
from hdl.layouts import words_per_row
from hdl.predictor import LFSR_BITS, WORDS_FORWARDED, Predictor
from hdl.rate_updater import ACC_BITS
from model.golden.lfsr import CHANNEL_STRIDE

NOT_LEARNED = Edit("updater.spike.eq(spikes[lane])", "updater.spike.eq(comparison.errors[lane])")


def assume_rows(spec: Spec, m: Module, dut: Predictor, words: int, name: str = "rows") -> Signal:
    """Assume that words come in rows, the first one after reset with a restart; return a word's place in its row."""
    came = dut.i.payload
    place = Signal(range(words), name="place")
    started, restarting = Signal(name="started"), Signal(name="restarting")
    spec.assume(
        m,
        name,
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
    return place


def read_states(inside: Inside, name: str, low: int, high: int, words: int) -> tuple[Value, Value]:
    """Return these bits of the held word's state, as it was read, and of the word's that comes next."""
    read = inside[f"{name}_memory.read__data"][low:high]
    return (inside[f"{name}_memory_stored"][low:high] if words > 1 else read), read


def assume_settings(spec: Spec, m: Module, dut: Predictor) -> None:
    """Assume that the settings are those of the word that was taken last."""
    settings = Value.cast(dut.settings)
    spec.assume(
        m,
        "settings_hold",
        "The settings change only when a word was taken.",
        ~spec.running | spec.past(m, transfer(dut.i), "taken") | (settings == spec.past(m, settings, "settings")),
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
        place_in = assume_rows(self, m, dut, words)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("with m.If(self.i.ready):", "with m.If(1):"),
                "idle_after_reset": Edit("held_valid = Signal()", "held_valid = Signal(init=1)"),
                "not_waiting": Edit("self.o.valid.eq(held_valid)", "self.o.valid.eq(held_valid & self.o.ready)"),
            },
        )
        place = Signal.like(place_in, name="place_held", init=words - 1)
        seen = Signal()
        with m.If(transfer(dut.i)):
            m.d.sync += [place.eq(place_in), seen.eq(1)]
        self.invariant(
            m,
            "place",
            "The address is the word's place in its row, and the next word has the next place.",
            (place_in == Mux(place == words - 1, 0, place + 1))
            & (self.inside["following"] == place_in)
            & (~seen | (self.inside["address"] == place))
            & (seen | (~dut.o.valid & (place_in == 0))),
        )
        offset = Mux(seen, place * (self.lanes * CHANNEL_STRIDE), 0)[:LFSR_BITS]
        self.invariant(m, "seed_offset", "The seed's offset is the word's.", self.inside["seed_offset"] == offset)
        self._apart(m, words)
        word = self.constant(m, range(words), "any_word")
        here = dut.o.valid & (place == word)
        left = transfer(dut.o) & (place == word)
        for lane in range(self.lanes):
            self._lane(m, lane, words, word, here, left)
        self.cover(m, "second_visit", "The word comes a third time.", here & self._visits(m, left))

    def _apart(self, m: Module, words: int) -> None:
        """Show that memories that do not forward are not read where they are written: synthesis relies on it."""
        if words <= WORDS_FORWARDED:
            return
        both = transfer(self.dut.i) & transfer(self.dut.o)
        self.contract(
            m,
            "apart",
            "No row is read in the cycle that writes it.",
            ~(both & (self.inside["second"] == self.inside["address"])),
            broken_by=Edit("row_last, 0, following + 1)", "row_last, 0, address)"),
        )

    def where_it_bites(self, *edits: Edit) -> tuple[Edit, ...]:
        """Return edits that change nothing in a row of one word, or take long to show in a row of three."""
        return edits if type(self) is State else ()

    def _forwards(self, words: int, *edits: Edit) -> tuple[Edit, ...]:
        """Return edits that change nothing where the row is long enough for what is stored to be there in time."""
        return edits if words <= WORDS_FORWARDED else ()

    def _visits(self, m: Module, left: Signal) -> Signal:
        visits = Signal(2)
        with m.If(left & (visits != 3)):
            m.d.sync += visits.eq(visits + 1)
        return visits == 2

    def _lane(self, m: Module, lane: int, words: int, word: Signal, here: Signal, left: Signal) -> None:
        inside, payload = self.inside, self.dut.o.payload
        lfsr, acc = Signal(LFSR_BITS, name=f"expected_lfsr_{lane}"), Signal(ACC_BITS, name=f"expected_acc_{lane}")
        with m.If(left):
            m.d.sync += [lfsr.eq(inside[f"lfsr_{lane}.next"]), acc.eq(inside[f"updater_{lane}.next"])]
        for name, value, bits in (("lfsr", lfsr, LFSR_BITS), ("acc", acc, ACC_BITS)):
            low, high = lane * bits, (lane + 1) * bits
            stored = Array(inside[f"{name}_memory.row_{row}"][low:high] for row in range(words))[word]
            self.invariant(m, f"{name}_stored_{lane}", "The row holds what came last.", stored == value)
            at_word, ahead = read_states(inside, name, low, high, words)
            self.invariant(m, f"{name}_read_{lane}", "The word has what its row holds.", ~here | (at_word == value))
            comes = self.inside["following"] == word
            self.invariant(
                m,
                f"{name}_ahead_{lane}",
                "The next word's row has been read.",
                ~comes | (words == 1) | (ahead == value),
            )
        restart = payload.restart
        seed = (self.dut.settings.seed + (word * self.lanes + lane) * CHANNEL_STRIDE)[:LFSR_BITS]
        self.contract(
            m,
            f"lfsr_comes_back_{lane}",
            f"Lane {lane} of any word: the LFSR's state is the one stored at the last visit, or its channel's seed.",
            inside[f"lfsr_{lane}.state"] == Mux(restart, Mux(seed == 0, 1, seed), lfsr),
            when=here,
            broken_by=[
                *self.where_it_bites(Edit("write.addr.eq(address)", "write.addr.eq(following)")),
                Edit("Mux(self.i.payload.row_first, 0, seed_offset +", "Mux(0, 0, seed_offset +"),
            ],
        )
        self.contract(
            m,
            f"acc_comes_back_{lane}",
            f"Lane {lane} of any word: the accumulator is the one that its last update gave, unless it begins from 0.",
            Mux(restart, inside[f"updater_{lane}.restart"], inside[f"acc_{lane}"] == acc),
            when=here,
            broken_by=[
                Edit("updater.restart.eq(held.restart)", "updater.restart.eq(0)"),
                *self.where_it_bites(Edit("write.en.eq(passed)", "write.en.eq(accepted)")),
                *self._forwards(
                    words, Edit("transparent_for=(write,) if written_while_read else ()", "transparent_for=()")
                ),
            ],
        )
        comparator = Comparator()
        m.submodules += comparator
        m.d.comb += [
            comparator.state.eq(inside[f"lfsr_{lane}.state"]),
            comparator.rate.eq(inside[f"acc_{lane}"][8:]),
            comparator.sharpness.eq(self.dut.settings.sharpness),
        ]
        came = Signal(name=f"came_{lane}")
        with m.If(transfer(self.dut.i)):
            m.d.sync += came.eq(self.dut.i.payload.bits[lane])
        self.contract(
            m,
            f"error_{lane}",
            f"Lane {lane}: an error is where the spike differs from the prediction, 0 in a first row.",
            payload.bits[lane] == (came ^ (comparator.predicted & ~restart)),
            when=here,
            broken_by=[
                Edit("acc[-RATE_BITS:]),", "acc[:RATE_BITS]),"),
                Edit("comparator.predicted & ~held.restart", "comparator.predicted"),
            ],
        )
        self.invariant(m, f"came_{lane}", "The held word is the one that came.", inside["held"][lane] == came)
        self.contract(
            m,
            f"learns_spikes_{lane}",
            f"Lane {lane}: the updater learns from the spike itself.",
            inside[f"updater_{lane}.spike"] == came,
            when=here,
            broken_by=NOT_LEARNED,
        )


class OneWordRow(State):
    """Rows of one word, whose new state is forwarded."""

    channels, lanes = 2, 2
    sizes = "2 channels, 2 lanes"


class ThreeWordRow(State):
    """Rows long enough to do without forwarding."""

    channels, lanes = 5, 2
    sizes = "5 channels, 2 lanes"


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
        forward, inverse = self.forward, self.inverse
        assume_source(self, m, forward.i)
        assume_settings(self, m, forward)
        place_in = assume_rows(self, m, forward, self.words)
        came = Signal.like(forward.i.payload.as_value(), name="came")
        with m.If(transfer(forward.i)):
            m.d.sync += came.eq(forward.i.payload)
        wanted = Signal.like(came, name="wanted")
        with m.If(transfer(inverse.i)):
            m.d.sync += [wanted.eq(came), inverse.settings.eq(forward.settings)]
        m.d.comb += [
            inverse.i.valid.eq(forward.o.valid),
            inverse.i.payload.eq(forward.o.payload),
            forward.o.ready.eq(inverse.i.ready),
        ]
        self.cover(m, "second_row", "A word of the second row is undone.", inverse.o.valid & self._rows(m))
        self._prove(m, place_in, came, wanted)

    def _rows(self, m: Module) -> Signal:
        rows = Signal(2)
        with m.If(transfer(self.inverse.o) & self.inverse.o.payload.row_last & (rows != 3)):
            m.d.sync += rows.eq(rows + 1)
        return rows == 1

    def _prove(self, m: Module, place_in: Signal, came: Signal, wanted: Signal) -> None:
        forward, inverse = self.forward, self.inverse
        last = self.words - 1
        held, undone = Signal.like(place_in, init=last), Signal.like(place_in, init=last)
        seen, seen_inverse = Signal(), Signal()
        with m.If(transfer(forward.i)):
            m.d.sync += [held.eq(place_in), seen.eq(1)]
        with m.If(transfer(inverse.i)):
            m.d.sync += [undone.eq(held), seen_inverse.eq(1)]
        for name, view, place, known, valid in (
            ("forward", self.views[0], held, seen, forward.o.valid),
            ("inverse", self.views[1], undone, seen_inverse, inverse.o.valid),
        ):
            offset = Mux(known, place * (self.lanes * CHANNEL_STRIDE), 0)[:LFSR_BITS]
            self.invariant(
                m,
                f"place_{name}",
                "Address and seed's offset are the word's.",
                (~known | (view["address"] == place))
                & (view["following"] == Mux(place == last, 0, place + 1))
                & (known | (~valid & (place == last)))
                & (view["seed_offset"] == offset),
            )
        following = Mux(held == last, 0, held + 1)
        self.invariant(m, "next_place", "The next word has the next place.", place_in == following)
        self.invariant(
            m,
            "order",
            "The word that is undone is the one ahead of the word that waits.",
            held == Mux(forward.o.valid, Mux(undone == last, 0, undone + 1), undone),
        )
        waiting = forward.o.payload
        self.invariant(
            m,
            "held",
            "The held word is the one that came, its marks those of its place.",
            ~forward.o.valid
            | (
                (self.views[0]["held"] == came)
                & (waiting.row_first == (held == 0))
                & (waiting.row_last == (held == last))
            ),
        )
        self.invariant(
            m,
            "marks",
            "The word that is undone has its marks.",
            ~inverse.o.valid | (inverse.o.payload.as_value()[self.lanes :] == wanted[self.lanes :]),
        )
        word = self.constant(m, range(self.words), "any_word")
        self.contract(
            m,
            "lock_step",
            "Any word of a row: what the inverse gives are the spikes that went in, with the word's marks.",
            inverse.o.payload.as_value() == wanted,
            when=inverse.o.valid & (undone == word),
            broken_by=[
                Edit("spikes = comparison.errors if self._inverse else held.bits", "spikes = held.bits", skip=8),
                Edit("spikes[lane]", "held.bits[lane]", skip=8),
            ],
        )
        for lane in range(self.lanes):
            self._lane(m, lane, word, held, undone)

    def _lane(self, m: Module, lane: int, word: Signal, held: Signal, undone: Signal) -> None:
        inverse = self.inverse
        view, other = self.views
        passed, undone_now = transfer(inverse.i), transfer(inverse.o)
        given, given_inverse = view[f"updater_{lane}.next"], other[f"updater_{lane}.next"]
        # What the forward updater was asked, and what it gave, for the word that the inverse has.
        acc, lfsr, spike, restart = Signal(ACC_BITS), Signal(LFSR_BITS), Signal(), Signal()
        gave = Signal(ACC_BITS)
        with m.If(passed):
            m.d.sync += [
                gave.eq(given),
                acc.eq(view[f"acc_{lane}"]),
                lfsr.eq(view[f"lfsr_{lane}.state"]),
                spike.eq(view[f"updater_{lane}.spike"]),
                restart.eq(view[f"updater_{lane}.restart"]),
            ]
        same_told = (other[f"updater_{lane}.spike"] == spike) & (other[f"updater_{lane}.restart"] == restart)
        same = (other[f"acc_{lane}"] == acc) & same_told
        self.assume(
            m,
            f"a_function_{lane}",
            "For the same accumulator, restart, spike and alpha_q8 an updater gives the same.",
            ~(undone_now & same) | (given_inverse == gave),
        )
        has = inverse.o.valid & (undone == word)
        self.invariant(
            m,
            f"same_state_{lane}",
            "The inverse has the accumulator and the LFSR's state that the forward one predicted with.",
            ~has | ((other[f"acc_{lane}"] == acc) & (other[f"lfsr_{lane}.state"] == lfsr)),
        )
        self.invariant(m, f"same_told_{lane}", "It learns from the same spike and restart.", ~has | same_told)
        for name, bits in (("lfsr", LFSR_BITS), ("acc", ACC_BITS)):
            self._stored(m, lane, name, bits, word, held, undone, gave)

    def _stored(
        self,
        m: Module,
        lane: int,
        name: str,
        bits: int,
        word: Signal,
        held: Signal,
        undone: Signal,
        gave: Value,
    ) -> None:
        low, high = lane * bits, (lane + 1) * bits
        settled = []
        rest = (("forward", self.forward, held), ("inverse", self.inverse, undone))
        for view, (label, predictor, place) in zip(self.views, rest, strict=True):
            row = Array(view[f"{name}_memory.row_{place_of}"][low:high] for place_of in range(self.words))[word]
            settled.append(row)
            at_word, ahead = read_states(view, name, low, high, self.words)
            self.invariant(
                m,
                f"{name}_read_{label}_{lane}",
                "A word has what its row holds.",
                ~(predictor.o.valid & (place == word)) | (at_word == row),
            )
            self.invariant(
                m,
                f"{name}_ahead_{label}_{lane}",
                "The next word's row has been read.",
                (view["following"] != word) | (ahead == row),
            )
        waits = self.inverse.o.valid & (undone == word)
        updated = gave if name == "acc" else self.views[1][f"lfsr_{lane}.next"]
        self.invariant(
            m,
            f"{name}_stored_{lane}",
            "The rows of both hold the same, but for the word that the inverse has not updated yet.",
            settled[0] == Mux(waits, updated, settled[1]),
        )


SPECS = (State(), OneWordRow(), ThreeWordRow(), Pair())
