"""SkidBuffer: what goes in comes out, in order, and back-pressure comes from a register."""

from amaranth.hdl import Module, Mux, Signal

from formal.spec import DUT, Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.skid_buffer import SkidBuffer


class Order(Spec):
    """Every item; what bits it has does not matter, and two are enough."""

    method = Induction(1)
    sizes = "2 bits"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = SkidBuffer(2)
        inside = self.design(m, dut)
        assume_source(self, m, dut.i, idle_after_reset=True)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("self.i.valid | held_valid", "self.i.valid & ~held_valid"),
                "stable": Edit("Mux(held_valid, held, self.i.payload)", "self.i.payload"),
                "idle_after_reset": Edit("held_valid = Signal()", "held_valid = Signal(init=1)"),
                "not_waiting": Edit("self.i.valid | held_valid", "(self.i.valid & self.o.ready) | held_valid"),
            },
        )
        self.no_path(
            "ready_of_register",
            "`i`: ready does not depend on the sink's in the same cycle.",
            f"{DUT}__o__ready",
            f"{DUT}__i__ready",
            broken_by=Edit("self.i.ready.eq(~held_valid)", "self.i.ready.eq(~held_valid | self.o.ready)"),
        )
        waits, waiting = Signal(), Signal(2)
        m.d.sync += waits.eq(waits + transfer(dut.i) - transfer(dut.o))
        with m.If(transfer(dut.i)):
            m.d.sync += waiting.eq(dut.i.payload)
        self.contract(
            m,
            "at_once",
            "An item is offered in the cycle in which it comes, and none is lost or made up.",
            dut.o.valid == (dut.i.valid | waits),
            broken_by=Edit("held_valid.eq(self.o.valid & ~self.o.ready)", "held_valid.eq(0)"),
        )
        self.contract(
            m,
            "in_order",
            "The item that waits goes out first, as it was.",
            dut.o.payload == Mux(waits, waiting, dut.i.payload),
            when=dut.o.valid,
            broken_by=Edit("with m.If(self.i.valid & self.i.ready):", "with m.If(self.i.valid & self.o.ready):"),
        )
        self.contract(
            m,
            "one_waits",
            "It stalls the source only while an item waits.",
            dut.i.ready == ~waits,
            broken_by=Edit("self.i.ready.eq(~held_valid)", "self.i.ready.eq(~held_valid & ~self.i.valid)"),
        )
        self.invariant(m, "held_valid", "It knows whether an item waits.", inside["held_valid"] == waits)
        self.invariant(m, "held", "It holds the item that waits.", ~waits | (inside["held"] == waiting))
        self.cover(m, "waits", "An item waits.", waits)


SPECS = (Order(),)
