"""Framer: what goes on the line is a frame for each packet, and means the packet's bytes."""

from amaranth.hdl import Module, Mux, Signal

from formal.spec import Edit, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.framer import Framer
from model.golden.framer import CHANGE, ESCAPE, FLAG


class Frames(Spec):
    """Any packets, and a reader of the line that knows nothing but the line."""

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Framer()
        self.design(m, dut)
        assume_source(self, m, dut.i, idle_after_reset=True)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit(
                    "with m.If(sent):\n                    m.d.sync += part.eq(Part.OPENING)",
                    "if 1:\n                    m.d.sync += part.eq(Part.OPENING)",
                ),
                "stable": Edit(
                    "with m.If(sent):\n                    m.d.sync += part.eq(Part.PACKET)",
                    "if 1:\n                    m.d.sync += part.eq(Part.PACKET)",
                ),
                "idle_after_reset": Edit("part = Signal(Part)", "part = Signal(Part, init=Part.CLOSING)"),
            },
        )
        line, data = dut.o.payload, dut.i.payload.data
        sent, taken = transfer(dut.o), transfer(dut.i)
        frames = Signal(2)
        inside, escaped, complete = Signal(), Signal(), Signal()
        announces = Signal()
        m.d.comb += announces.eq((line == ESCAPE) & ~escaped)
        with m.If(sent):
            m.d.sync += [inside.eq(inside ^ (line == FLAG)), escaped.eq(announces)]
        with m.If(taken):
            m.d.sync += complete.eq(dut.i.payload.last)
        with m.Elif(sent & (line == FLAG)):
            m.d.sync += complete.eq(0)
        self.contract(
            m,
            "flags",
            "There is a flag before each packet's first byte and behind its last one, and nowhere else.",
            (line == FLAG) == (~inside | complete),
            when=dut.o.valid,
            broken_by=[
                Edit("(data == FLAG) | (data == ESCAPE)", "data == ESCAPE"),
                Edit("Mux(last, Part.CLOSING, Part.PACKET)", "Part.PACKET"),
            ],
        )
        self.contract(
            m,
            "bytes",
            "As a byte of a packet goes in, what goes out means that byte, to a reader that undoes escapes.",
            sent & inside & ~announces & (line ^ Mux(escaped, CHANGE, 0) == data),
            when=taken,
            broken_by=Edit("data ^ CHANGE", "data"),
        )
        self.contract(
            m,
            "nothing_made_up",
            "Whatever is no flag and announces no other byte is a byte that goes in.",
            taken,
            when=sent & (line != FLAG) & ~announces,
            broken_by=Edit("self.i.ready.eq(self.o.ready & ~special)", "self.i.ready.eq(0)"),
        )
        self.contract(
            m,
            "escapes",
            "What follows an escape is a changed flag or a changed escape.",
            (line == FLAG ^ CHANGE) | (line == ESCAPE ^ CHANGE),
            when=dut.o.valid & escaped,
            broken_by=Edit("(data == FLAG) | (data == ESCAPE)", "data[1:] == FLAG >> 1"),
        )
        with m.If(sent & (line == FLAG) & complete & ~frames.all()):
            m.d.sync += frames.eq(frames + 1)
        self.cover(m, "second", "A second frame is out.", frames == 2)


SPECS = (Frames(),)
