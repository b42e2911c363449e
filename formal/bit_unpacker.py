"""BitUnpacker: any bit of a payload comes into view at its place."""

from amaranth.hdl import Module, Mux, Signal

from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, transfer
from hdl.bit_unpacker import TAKE_MAX, WINDOW_BITS, BitUnpacker


class View(Spec):
    """Any payloads, and any one of their bits, marked as it comes in."""

    method = Induction(2)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = BitUnpacker()
        inside = self.design(m, dut)
        assume_source(self, m, dut.i)
        self.assume(m, "take", "No more bits are taken than there are.", dut.take <= dut.available)
        byte, arrived = dut.i.payload, transfer(dut.i)
        self.contract(
            m,
            "nothing_behind",
            "Behind the available bits there are only zeros.",
            (dut.window << dut.available)[:WINDOW_BITS] == 0,
            broken_by=Edit("Mux(joins, self.i.payload.data, 0)", "self.i.payload.data"),
        )
        left = Signal()
        ends = arrived & byte.end
        ended = Signal()
        with m.If(dut.clear):
            m.d.sync += [left.eq(~ends & (left | ~ended)), ended.eq(0)]
        with m.Elif(ends):
            m.d.sync += [left.eq(0), ended.eq(~left)]
        joins = arrived & byte.present & ~left & ~dut.clear
        due = Signal(range(WINDOW_BITS + 1))
        m.d.sync += due.eq(Mux(dut.clear | left, 0, due - dut.take + Mux(joins, 8, 0)))
        self.contract(
            m,
            "available",
            "As many bits are available as came in this payload and were not taken.",
            dut.available == due,
            broken_by=Edit("kept + Mux(joins, BYTE, 0)", "kept + BYTE"),
        )
        self.contract(
            m,
            "ended",
            "It has ended once its last byte, or an end without a byte, came in, and until it is cleared away.",
            dut.ended == ended,
            broken_by=Edit("m.d.sync += self.ended.eq(1)", "m.d.sync += self.ended.eq(self.i.payload.present)"),
        )
        self.contract(
            m,
            "one_payload",
            "Nothing of the next payload comes in before this one is cleared away.",
            ~dut.i.ready,
            when=dut.ended,
            broken_by=Edit("self.i.ready.eq(~self.ended & ", "self.i.ready.eq("),
        )
        self.contract(
            m,
            "not_stuck",
            "While fewer bits are available than may be taken, and the payload goes on, a byte is taken.",
            dut.i.ready,
            when=~dut.ended & (dut.available < TAKE_MAX),
            broken_by=Edit("self.available <= WINDOW_BITS - BYTE", "self.available <= BYTE"),
        )
        self._follow_bit(m, dut, joins, due)
        self.invariant(
            m,
            "leaving",
            "The rest of a payload that was cleared away is passed over, with nothing in view.",
            (left == inside["leaving"]) & (~left | (~dut.ended & (dut.available == 0))),
        )
        self.invariant(m, "room", "The window holds what is available.", dut.available <= WINDOW_BITS)

    def _follow_bit(self, m: Module, dut: BitUnpacker, joins: Signal, due: Signal) -> None:
        """Mark any bit of any byte that joins; claim that it is in view where it must be, until it is taken."""
        choice, in_view, value = Signal(), Signal(), Signal()
        self.free("choice", choice)
        place = Signal(range(WINDOW_BITS))
        index = self.constant(m, 3, "index")
        marks = joins & choice & ~in_view
        with m.If(dut.clear):
            m.d.sync += in_view.eq(0)
        with m.Elif(marks):
            m.d.sync += [
                in_view.eq(1),
                value.eq(dut.i.payload.data.bit_select(index ^ 7, 1)),
                place.eq(due - dut.take + index),
            ]
        with m.Elif(in_view):
            m.d.sync += [in_view.eq(dut.take <= place), place.eq(place - dut.take)]
        self.contract(
            m,
            "order",
            "Any bit is in view behind those that came before it, bit 7 of a byte first, until it is taken.",
            (dut.window << place)[WINDOW_BITS - 1] == value,
            when=in_view,
            broken_by=[
                Edit("WINDOW_BITS - BYTE - kept", "WINDOW_BITS - BYTE - self.available"),
                Edit("(byte << above)", "(byte[::-1] << above)"),
            ],
        )
        self.invariant(
            m, "bit_in_view", "The bit's place is among those available.", ~in_view | (place < dut.available)
        )
        self.cover(m, "taken", "The marked bit is taken.", in_view & (dut.take > place) & (place > 8))


SPECS = (View(),)
