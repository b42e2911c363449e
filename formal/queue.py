"""The FIFO that several blocks have inside: what goes in comes out, in order."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib.fifo import SyncFIFOBuffered

from formal.inside import Inside
from formal.spec import DUT, Induction, Spec
from formal.stream_rules import prove_source
from formal.tracking import Tracked


class Queue(Spec):
    """Any item on its way through a FIFO of a depth; what bits it has does not matter, and two are enough."""

    method = Induction(1)
    cover_depth = 40
    depth = 2

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        fifo = SyncFIFOBuffered(width=2, depth=self.depth)
        m.submodules[DUT] = inside = Inside(fifo, rows=True)
        taken, given = fifo.w_stream, fifo.r_stream
        for name, value in (
            ("w_en", fifo.w_en),
            ("w_data", fifo.w_data),
            ("fifo__ready", fifo.r_en),
            ("fifo__valid", fifo.r_rdy),
        ):
            self.free(f"{DUT}__{name}", value)
        prove_source(self, m, given, "fifo")
        item = Tracked(self, m, taken, given, capacity=self.depth)
        self.rule(
            m,
            "fifo_in_order",
            "Any item that goes into the FIFO comes out of it as it was, behind those before it and no others.",
            given.payload == item.payload,
            when=item.leaving,
        )
        self.rule(
            m,
            "fifo_count",
            "The FIFO never takes an item that it has no room for, nor gives one that it has not.",
            (item.held <= self.depth) & (~given.valid | (item.held != 0)) & (fifo.level == item.held),
        )
        self._invariants(m, fifo, inside, item)
        self.cover(m, "fifo_full", "The FIFO is full.", ~taken.ready)

    def _invariants(self, m: Module, fifo: SyncFIFOBuffered, inside: Inside, item: Tracked) -> None:
        rows = self.depth - 1
        behind_output = inside["inner_level"]
        first = inside["consume"] if rows > 1 else Signal(1)
        self.invariant(
            m,
            "fifo_pointers",
            "The FIFO's rows in use are those between its pointers, and the item is in one or at the output.",
            (first < rows)
            & (behind_output <= rows)
            & ((inside["produce"] if rows > 1 else 0) == (first + behind_output) % rows)
            & (~item.inside | (item._ahead < item.held)),
        )
        row = Array(inside[f"storage.row_{index}"] for index in range(rows))
        place = Signal(range(2 * self.depth))
        m.d.comb += place.eq((first + item._ahead - fifo.r_rdy) % rows)
        self.invariant(
            m,
            "fifo_rows",
            "The item is in its row until it is at the output.",
            ~item.inside | (Mux(fifo.r_rdy & (item._ahead == 0), fifo.r_data, row[place]) == item.payload),
        )
