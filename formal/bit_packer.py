"""BitPacker: every bit of every codeword in its place, and nothing else."""

from amaranth.hdl import Module, Mux, Signal, Value, signed

from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.bit_packer import BitPacker
from hdl.layouts import VALUE_BITS
from model.golden.rice_coder import ESCAPE, GAP_BITS

BYTE = 8
ROOM = 2 * (BYTE - 1) + VALUE_BITS
ZEROS_MAX = ESCAPE + GAP_BITS - 1
COUNT = signed(10)
"""Shape of a count of bits; negative where zeros went out ahead of the codeword that they belong to."""


class Bits(Spec):
    """Any bit of any codeword, or of the filling behind an epoch's last one, on its way to its byte.

    The solver marks a bit of the codeword at the input, once at most. `distance` is the number of bits between the
    start of the byte at the output and the marked bit: it falls by 8 with each byte, and below 0 the bit is gone.
    """

    method = Induction(1)
    cover_depth = 24
    broken_depth = 12

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = BitPacker()
        self.inside = self.design(m, dut)
        self.codeword = codeword = dut.i.payload
        assume_source(self, m, dut.i)
        self.assume(
            m,
            "codeword",
            "A codeword has at most 91 zeros, at most 32 bits, and no bits above its width.",
            (codeword.zeros <= ZEROS_MAX) & (codeword.width <= VALUE_BITS) & ((codeword.value >> codeword.width) == 0),
        )
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("(fill >= BYTE) | ending)", "(fill >= BYTE) | (ending & ~self.i.valid))"),
                "stable": Edit("self.o.payload.present.eq(fill != 0)", "self.o.payload.present.eq(self.i.valid)"),
                "idle_after_reset": Edit("ending = Signal()", "ending = Signal(init=1)"),
                "not_waiting": Edit("(fill >= BYTE) | ending)", "((fill >= BYTE) | ending) & self.o.ready)"),
            },
        )
        self._account(m)
        self._mark(m)
        self._contracts(m)
        self._invariants(m)

    def _account(self, m: Module) -> None:
        """Count the bits, filling included, that came in and have not gone out, and the ends."""
        dut, codeword = self.dut, self.codeword
        self.length = Signal(8)
        self.owed, self.owed_with_codeword = Signal(COUNT, name="owed"), Signal(COUNT, name="owed_with_codeword")
        self.ends_owed = Signal(2)
        self.byte_leaves = transfer(dut.o) & dut.o.payload.present
        taken = transfer(dut.i)
        with_codeword = self.owed + self.length
        m.d.comb += [
            self.length.eq(codeword.zeros + codeword.width),
            self.owed_with_codeword.eq(Mux(codeword.end, (with_codeword + 7) & ~7, with_codeword)),
        ]
        m.d.sync += [
            self.owed.eq(Mux(taken, self.owed_with_codeword, self.owed) - Mux(self.byte_leaves, BYTE, 0)),
            self.ends_owed.eq(self.ends_owed + (taken & codeword.end) - (transfer(dut.o) & dut.o.payload.end)),
        ]

    def _mark(self, m: Module) -> None:
        codeword = self.codeword
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
            self.expected_bit.eq((place >= codeword.zeros) & (from_end >= 0) & (codeword.value >> from_end[:5])[0]),
        ]
        fits = (self.begins >= 0) & (self.begins < self.owed_with_codeword)
        step = Mux(self.byte_leaves, BYTE, 0)
        with m.If(self.dut.i.valid & choice & ~self.marked & fits):
            m.d.sync += [
                self.marked.eq(1),
                self.waiting.eq(~self.dut.i.ready),
                self.bit.eq(self.expected_bit),
                self.distance.eq(self.begins - step),
            ]
        with m.Elif(self.marked):
            m.d.sync += [
                self.waiting.eq(self.waiting & ~self.dut.i.ready),
                self.distance.eq(Mux(self.distance < 0, self.distance, self.distance - step)),
            ]
        self.place = place
        self.under_way = self.marked & (self.distance >= 0)

    def _contracts(self, m: Module) -> None:
        byte, valid = self.dut.o.payload, self.dut.o.valid
        self.contract(
            m,
            "bit_in_place",
            "Any bit of any codeword comes out at its place, most significant first; an epoch is filled with zeros.",
            (byte.data >> (7 - self.distance)[:3])[0] == self.bit,
            when=valid & byte.present & self.under_way & (self.distance < BYTE),
            broken_by=[
                Edit("bits_kept | (codeword.value << below)", "codeword.value << below"),
                Edit("zero_bytes.eq(zero_bytes + 1)", "zero_bytes.eq(0)"),
                Edit("fill > BYTE, fill - BYTE, 0", "fill > BYTE + 1, fill - BYTE, 0"),
                Edit("bits << BYTE, bits)", "bits, bits)"),
            ],
        )
        self.contract(
            m,
            "gives_what_is_owed",
            "A whole byte that is owed is given at once, and at an epoch's end whatever is owed.",
            valid,
            when=(self.owed >= BYTE) | (self.ends_owed != 0),
            broken_by=Edit("(fill >= BYTE) | ending)", "(fill > BYTE) | ending)"),
        )
        zeros_ahead = Mux(self.dut.i.valid, self.codeword.zeros, 0)
        self.contract(
            m,
            "nothing_made_up",
            "A byte leaves only if 8 bits are owed, or fewer at an epoch's end.",
            (self.owed + zeros_ahead >= BYTE) | ((self.ends_owed != 0) & (self.owed > 0)),
            when=valid & byte.present,
            broken_by=Edit("(fill_joined + (BYTE - 1)) & ~(BYTE - 1)", "(fill_joined + 2 * BYTE - 1) & ~(BYTE - 1)"),
        )
        self.contract(
            m,
            "end_with_last",
            "The end comes with the last byte that is owed, or alone if none is.",
            byte.end == ((self.ends_owed != 0) & (self.owed <= BYTE)),
            when=valid,
            broken_by=Edit("ending & (fill <= BYTE)", "ending & (fill <= 2 * BYTE)"),
        )
        self.contract(
            m,
            "no_byte",
            "Without a byte comes nothing but the end, when no bit is owed.",
            byte.end & (self.owed == 0),
            when=valid & ~byte.present,
            broken_by=Edit("self.o.payload.present.eq(fill != 0)", "self.o.payload.present.eq(~ending)"),
        )
        self.contract(
            m,
            "one_end",
            "No more than one end is owed at a time, so that epochs never mix in a byte.",
            self.ends_owed <= 1,
            broken_by=Edit("(fill_kept < BYTE) & (~ending | (sent & last))", "fill_kept < BYTE"),
        )
        self.contract(
            m,
            "progress",
            "With a ready sink, a codeword of fewer than 8 zeros is taken unless a byte leaves in the same cycle.",
            self.dut.i.ready | self.dut.o.valid,
            when=self.dut.i.valid & self.dut.o.ready & (self.codeword.zeros < BYTE),
            broken_by=Edit("self.i.ready.eq(room_for_more & ~long_zeros)", "self.i.ready.eq(room_for_more & sent)"),
        )
        self.cover(m, "long_codeword", "A codeword's zeros fill a byte before it is taken.", self.owed < 0)

    def _invariants(self, m: Module) -> None:
        fill, bits = self.inside["fill"], self.inside["bits"]
        zero_bytes, ending = self.inside["zero_bytes"], self.inside["ending"]
        self.invariant(
            m,
            "fill",
            "What fills the register is owed, or zeros of the codeword at the input.",
            fill == self.owed + (zero_bytes << 3),
        )
        self.invariant(
            m,
            "zero_bytes",
            "Zeros went ahead only of a codeword that still waits and has as many.",
            (zero_bytes == 0) | (self.dut.i.valid & ((zero_bytes << 3) <= self.codeword.zeros) & ~ending),
        )
        self.invariant(m, "ending", "An end is owed while the design knows of one.", self.ends_owed == ending)
        self.invariant(m, "whole_bytes", "At an epoch's end whole bytes are left.", ~ending | (fill[:3] == 0))
        self.invariant(m, "room", "The register is large enough.", fill <= Mux(ending, ROOM + 2, ROOM))
        self.invariant(
            m, "rest_is_zero", "Bits that nothing has joined are 0.", self._at_and_after(bits, self.owed) == 0
        )
        self.invariant(
            m,
            "joined",
            "The marked bit is in the register once its codeword was taken.",
            ~(self.under_way & ~self.waiting)
            | ((self.distance < self.owed) & (self._at_and_after(bits, self.distance)[-1] == self.bit)),
        )
        self.invariant(
            m,
            "still_waiting",
            "While the marked codeword waits, the marked bit is the one of the codeword at the input.",
            ~self.waiting
            | (
                self.marked
                & self.dut.i.valid
                & (self.begins < self.owed_with_codeword)
                & ((self.distance < 0) | ((self.distance == self.begins) & (self.bit == self.expected_bit)))
            ),
        )

    @staticmethod
    def _at_and_after(bits: Signal, place: Value) -> Value:
        """Return the register from a place on, which is at the top; all of it for a negative place."""
        return (bits << Mux(place < 0, 0, place)[:6])[:ROOM]


SPECS = (Bits(),)
