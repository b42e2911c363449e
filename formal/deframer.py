"""Deframer: the inverse of `Framer`, whatever was on the line before."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from formal.spec import Edit, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from formal.tracking import Tracked
from hdl.deframer import Deframer
from hdl.framer import Framer
from model.golden.framer import CHANGE, ESCAPE, FLAG


class AnyLine(Spec):
    """Any bytes on the line, frames or not."""

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut, fresh = Deframer(), Deframer()
        self.design(m, dut)
        m.submodules.fresh = fresh
        assume_source(self, m, dut.i)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "stable": Edit(
                    "with m.If(taken):\n            m.d.sync += escaped",
                    "with m.If(self.i.valid):\n            m.d.sync += escaped",
                ),
                "idle_after_reset": Edit("holding, escaped = Signal()", "holding, escaped = Signal(init=1)"),
            },
        )
        line, given = dut.i.payload, dut.o.payload
        taken = transfer(dut.i)
        self._resynchronises(m, dut, fresh, taken & (line == FLAG))

        meant, some, escaped = Signal(8), Signal(), Signal()
        with m.If(taken):
            m.d.sync += [escaped.eq(line == ESCAPE), some.eq((line != FLAG) & (some | (line != ESCAPE)))]
            with m.If(line != ESCAPE):
                m.d.sync += meant.eq(line ^ Mux(escaped, CHANGE, 0))
        aborted = escaped & (line == FLAG)
        self.contract(
            m,
            "bytes",
            "What comes out is the byte before, its escape undone.",
            given.data == meant,
            when=dut.o.valid & ~aborted,
            broken_by=Edit("Mux(escaped, CHANGE, 0)", "0"),
        )
        self.contract(
            m,
            "spoilt",
            "A frame that ends in an escape has its last byte inverted.",
            given.data == ~meant,
            when=dut.o.valid & aborted,
            broken_by=Edit("Mux(is_flag & escaped, 0xFF, 0)", "0"),
        )
        self.contract(
            m,
            "last",
            "A byte is the last one exactly where a flag is behind it.",
            given.last == (line == FLAG),
            when=dut.o.valid,
            broken_by=Edit("self.o.payload.last.eq(is_flag)", "self.o.payload.last.eq(is_flag & ~escaped)"),
        )
        self.contract(
            m,
            "complete",
            "A byte comes out for each one that another or a flag follows, and none of an empty frame.",
            dut.o.valid == (dut.i.valid & some & (line != ESCAPE)),
            broken_by=Edit("m.d.sync += holding.eq(0)", "m.d.sync += holding.eq(holding)"),
        )
        self.contract(
            m,
            "not_stuck",
            "With a ready sink a byte of the line goes in every cycle.",
            dut.i.ready,
            when=dut.o.ready,
            broken_by=Edit("self.o.ready | ~holding", "self.o.ready & ~escaped | ~holding"),
        )

    def _resynchronises(self, m: Module, dut: Deframer, fresh: Deframer, flag: Signal) -> None:
        synchronised, starts = Signal(), Signal()
        self.free("starts", starts)
        with m.If(flag & starts):
            m.d.sync += synchronised.eq(1)
        m.d.comb += [
            fresh.i.payload.eq(dut.i.payload),
            fresh.i.valid.eq(dut.i.valid & synchronised),
            fresh.o.ready.eq(dut.o.ready),
        ]
        self.contract(
            m,
            "resynchronises",
            "From any flag on, all comes out as from a deframer that was just reset, whatever came before the flag.",
            (dut.o.valid == fresh.o.valid)
            & (dut.i.ready == fresh.i.ready)
            & (~dut.o.valid | (dut.o.payload.as_value() == fresh.o.payload.as_value())),
            when=synchronised,
            broken_by=Edit(
                "m.d.sync += escaped.eq(is_escape)", "m.d.sync += escaped.eq(is_escape | (is_flag & escaped))"
            ),
        )


class AfterFramer(Spec):
    """A framer's line."""

    def describe(self, m: Module) -> None:
        """Add the designs and their properties."""
        framer, deframer = Framer(), Deframer()
        self.design(m, framer, "framer")
        self.design(m, deframer)
        wiring.connect(m, framer.o, deframer.i)
        assume_source(self, m, framer.i)
        byte = Tracked(self, m, framer.i, deframer.o, capacity=2)
        self.contract(
            m,
            "inverse",
            "A packet's byte comes out as it went into the framer, and so does where the packet ends.",
            deframer.o.payload.as_value() == byte.payload,
            when=byte.leaving,
            broken_by=[
                Edit("data ^ CHANGE", "data ^ ESCAPE", block="framer"),
                Edit("Mux(last, Part.CLOSING, Part.PACKET)", "Part.CLOSING", block="framer"),
            ],
        )
        self.contract(
            m,
            "one_for_one",
            "A byte comes out for each one that went in; one at most is on its way.",
            (byte.held <= 1) & (~deframer.o.valid | (byte.held != 0)),
            broken_by=Edit("m.d.sync += [holding.eq(1)", "m.d.sync += [holding.eq(~escaped)"),
        )
        self.cover(m, "escaped", "An escaped byte comes out.", transfer(deframer.o) & (deframer.o.payload.data == FLAG))


SPECS = (AnyLine(), AfterFramer())
