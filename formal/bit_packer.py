"""BitPacker: every bit of every codeword in its place, and nothing else."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed

from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.bit_packer import BitPacker
from hdl.layouts import CODEWORD_BITS_MAX, VALUE_BITS

BYTE = 8
COUNT = signed(10)
"""Shape of a count of bits; negative where zeros went out ahead of the codeword that they belong to."""


class Bits(Spec):
    """Any bit of any codeword, or of the filling behind an epoch's last one, on its way to its byte.

    The solver marks a bit of the codeword that is held, once at most. `distance` is the number of bits between the
    start of the byte at the output and the marked bit: it falls by 8 with each byte, and below 0 the bit is gone.
    """

    method = Induction(1)
    cover_depth = 24
    broken_depth = 12

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = BitPacker()
        self.inside = self.design(m, dut)
        codeword = dut.i.payload
        self.value, self.end = self.inside["value"], self.inside["end"]
        self.held, self.done = self.inside["held_valid"], self.inside["done"]
        assume_source(self, m, dut.i, idle_after_reset=True)
        self.assume(
            m,
            "codeword",
            f"A codeword has at most {CODEWORD_BITS_MAX} bits, and its value no more than it has.",
            (codeword.length <= CODEWORD_BITS_MAX) & ((codeword.value >> codeword.length) == 0),
        )
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("((due != 0) | end)", "((due != 0) | end) & ~self.o.ready"),
                "stable": Edit("present.eq((due", "present.eq(self.o.ready & (due"),
                "idle_after_reset": Edit("held_valid & ((due != 0)", "1 & ((due != 0)"),
                "not_waiting": Edit("((due != 0) | end)", "((due != 0) | end) & self.o.ready"),
            },
        )
        self._hold(m)
        self._account(m)
        self._mark(m)
        self._contracts(m)
        self._invariants(m)

    def _hold(self, m: Module) -> None:
        """Say that the codeword held is the one that was taken, until it is done."""
        came = transfer(self.dut.i)
        self.length = Signal(8)
        with m.If(came):
            m.d.sync += self.length.eq(self.dut.i.payload.length)
        taken, held = self.past(m, came, "taken"), Cat(self.value, self.end)
        before = Mux(
            taken,
            self.past(m, Cat(self.dut.i.payload.value, self.dut.i.payload.end), "codeword"),
            self.past(m, held, "held"),
        )
        self.contract(
            m,
            "held_as_taken",
            "A codeword is held as it was taken, until its last byte leaves.",
            (self.held == (taken | self.past(m, self.held & ~self.done, "stays"))) & (held == before),
            when=self.running,
            broken_by=[
                Edit("m.d.sync += [held_valid.eq(0), waiting", "m.d.sync += [waiting"),
                Edit("end.eq(self.i.payload.end)", "end.eq(0)"),
            ],
        )

    def _account(self, m: Module) -> None:
        """Count the bits, filling included, that came in and have not gone out."""
        dut = self.dut
        self.owed, self.owed_with_codeword = Signal(COUNT, name="owed"), Signal(COUNT, name="owed_with_codeword")
        self.byte_leaves = transfer(dut.o) & dut.o.payload.present
        with_codeword = self.owed + self.length
        m.d.comb += [
            self.owed_with_codeword.eq(Mux(self.end, (with_codeword + 7) & ~7, with_codeword)),
        ]
        m.d.sync += self.owed.eq(Mux(self.done, self.owed_with_codeword, self.owed) - Mux(self.byte_leaves, BYTE, 0))

    def _mark(self, m: Module) -> None:
        choice = Signal()
        self.free("mark", choice)
        place = self.constant(m, 8, "any_place")
        self.marked, self.waiting, self.bit = Signal(name="marked"), Signal(name="waiting"), Signal(name="bit")
        self.distance = Signal(COUNT, name="distance")
        self.begins, from_end = Signal(COUNT, name="begins"), Signal(COUNT)
        self.expected_bit = Signal()
        m.d.comb += [
            self.begins.eq(self.owed + place),
            from_end.eq(self.length - 1 - place),
            self.expected_bit.eq((from_end >= 0) & (from_end < VALUE_BITS) & (self.value >> from_end[:5])[0]),
        ]
        fits = (self.begins >= 0) & (self.begins < self.owed_with_codeword)
        step = Mux(self.byte_leaves, BYTE, 0)
        with m.If(self.held & choice & ~self.marked & fits):
            m.d.sync += [
                self.marked.eq(1),
                self.waiting.eq(~self.done),
                self.bit.eq(self.expected_bit),
                self.distance.eq(self.begins - step),
            ]
        with m.Elif(self.marked):
            m.d.sync += [
                self.waiting.eq(self.waiting & ~self.done),
                self.distance.eq(Mux(self.distance < 0, self.distance, self.distance - step)),
            ]
        self.place = place
        self.under_way = self.marked & (self.distance >= 0)

    def _contracts(self, m: Module) -> None:
        byte, valid, came = self.dut.o.payload, self.dut.o.valid, self.held
        self.contract(
            m,
            "bit_in_place",
            "Any bit of any codeword comes out at its place, most significant first; an epoch is filled with zeros.",
            (byte.data >> (7 - self.distance)[:3])[0] == self.bit,
            when=valid & byte.present & self.under_way & (self.distance < BYTE),
            broken_by=[
                Edit("(window >> left)[:BYTE] | ahead", "(window >> left)[:BYTE]"),
                Edit("due.eq(due - 1)", "due.eq(due - 2)"),
                Edit("Mux(end, 0, left) +", "left +"),
                Edit("rest | Mux(fresh & (due == 0), waiting, 0)", "rest"),
                Edit("[due]", "[due[:2]]"),
            ],
        )
        self.contract(
            m,
            "gives_what_is_owed",
            "A byte that the held codeword completes is given at once, and at an epoch's end whatever is owed.",
            valid,
            when=came & ((self.owed_with_codeword >= BYTE) | self.end),
            broken_by=Edit("((due != 0) | end)", "((due > 1) | end)"),
        )
        self.contract(
            m,
            "nothing_made_up",
            "A byte leaves only if 8 bits are owed, or fewer at an epoch's end.",
            came & (self.owed_with_codeword >= BYTE),
            when=valid & byte.present,
            broken_by=Edit("present.eq((due != 0) | (left != 0))", "present.eq(1)"),
        )
        self.contract(
            m,
            "end_with_last",
            "The end comes with the last byte that is owed, or alone if none is.",
            byte.end == (self.end & (self.owed_with_codeword <= BYTE)),
            when=valid,
            broken_by=Edit("(~end | (left == 0))", "1"),
        )
        self.contract(
            m,
            "no_byte",
            "Without a byte comes nothing but the end, when no bit is owed.",
            byte.end & (self.owed_with_codeword == 0),
            when=valid & ~byte.present,
            broken_by=Edit("present.eq((due != 0) | (left != 0))", "present.eq(~end)"),
        )
        self.contract(
            m,
            "nothing_behind_end",
            "Once an epoch's end was taken, nothing is owed, so that epochs never mix in a byte.",
            self.owed == 0,
            when=self.past(m, self.done & self.end, "ended"),
            broken_by=Edit("(due == 1) & (~end | (left == 0))", "(due == 1)"),
        )
        self.contract(
            m,
            "a_cycle_a_byte",
            "With a ready sink, a codeword takes a cycle for each byte that it completes, at least one.",
            self.dut.i.ready,
            when=self.dut.o.ready & (~came | (self.owed_with_codeword < 2 * BYTE)),
            broken_by=[
                Edit("((due == 1) & (~end", "((due == 1) & fresh & (~end"),
                Edit("self.i.ready.eq(~held_valid | done)", "self.i.ready.eq((~held_valid & (left == 0)) | done)"),
            ],
        )
        self.cover(m, "long_codeword", "A codeword's bytes leave before it is taken.", self.owed < 0)

    def _invariants(self, m: Module) -> None:
        owed, waiting = self.owed, self.inside["waiting"]
        left, due, fresh = (self.inside[name] for name in ("left", "due", "fresh"))
        self.invariant(
            m,
            "held_codeword",
            "The codeword that is held is one that may come.",
            ~self.held | ((self.length <= CODEWORD_BITS_MAX) & ((self.value >> self.length) == 0)),
        )
        self.invariant(
            m,
            "owed",
            "The block counts the bits that are owed; those that wait do not fill a byte.",
            Mux(self.held, owed + self.length == left + BYTE * due, owed == Mux(self.end, 0, left)) & (owed < BYTE),
        )
        self.invariant(
            m, "fresh", "It knows whether a byte of the held codeword was sent.", ~self.held | (fresh == (owed >= 0))
        )
        self.invariant(
            m,
            "sent",
            "Bytes were sent only of a codeword that still waits and completes more.",
            (owed >= 0) | (self.held & (self.owed_with_codeword >= BYTE)),
        )
        self.invariant(
            m, "rest_is_zero", "Bits that nothing has joined are 0.", (owed < 0) | ((waiting << owed[:3])[:BYTE] == 0)
        )
        self.invariant(
            m,
            "joined",
            "The marked bit is among those that wait once its codeword was taken.",
            ~(self.under_way & ~self.waiting)
            | ((self.distance < self.owed) & ((waiting << self.distance[:3])[BYTE - 1] == self.bit)),
        )
        self.invariant(
            m,
            "still_waiting",
            "While the marked codeword waits, the marked bit is the one of the codeword that is held.",
            ~self.waiting
            | (
                self.marked
                & self.held
                & (self.begins < self.owed_with_codeword)
                & ((self.distance < 0) | ((self.distance == self.begins) & (self.bit == self.expected_bit)))
            ),
        )


SPECS = (Bits(),)
