"""GapExpander: runs go from those who gather to those who expand; none of a packet yet to come is skipped."""

from unittest.mock import patch

from amaranth.hdl import Module, Signal

from formal.queue import Queue
from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, transfer
from hdl import gap_expander
from hdl.gap_expander import GapExpander

RUNS_AHEAD = 3
LANES = 1


class Between(Spec):
    """Any runs, any stalls; the gatherer and the expander, which are proven apart, are abstracted."""

    method = Pdr("scorr;")
    sizes = f"1 channel, {LANES} lane, {RUNS_AHEAD} runs ahead"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        with patch.object(gap_expander, "RUNS_AHEAD", RUNS_AHEAD):
            dut = GapExpander(1, LANES)
            inside = self.design(m, dut)
        self.gatherer, self.expander = dut._gatherer, dut._expander
        self.remove(inside, run_gatherer=self.gatherer, run_expander=self.expander)
        self.entering, self.leaving = self.gatherer.o, self.expander.i
        assume_source(self, m, self.entering, "gathered")
        self.enters, self.leaves = transfer(self.entering), transfer(self.leaving)
        self.contract(
            m,
            "runs_in",
            "A run is put into the FIFO as it is taken from the gatherer.",
            (self.enters == (inside["runs.w_en"] & inside["runs.w_rdy"]))
            & (inside["runs.w_data"] == self.entering.payload.as_value()),
            broken_by=Edit("gatherer.o.ready.eq(runs.w_rdy)", "gatherer.o.ready.eq(1)"),
        )
        self.contract(
            m,
            "runs_out",
            "The expander is given what comes out of the FIFO, and takes it from there.",
            (self.leaves == (inside["runs.r_rdy"] & inside["runs.r_en"]))
            & (self.leaving.payload.as_value() == inside["runs.r_data"]),
            broken_by=Edit("expander.i.valid.eq(runs.r_rdy)", "expander.i.valid.eq(1)"),
        )
        self._skips(m)
        self.cover(m, "skips", "The gatherer is told to skip.", self.gatherer.skip)

    def _skips(self, m: Module) -> None:
        entering, leaving = self.entering, self.leaving
        ends = Signal(range(RUNS_AHEAD + 2))
        m.d.sync += ends.eq(ends + (self.enters & entering.payload.end) - (self.leaves & leaving.payload.end))
        any_end = (ends != 0) | (entering.valid & entering.payload.end)
        self.contract(
            m,
            "skips_own_packet",
            "The gatherer skips exactly while the expander drops a packet's runs whose last one was not gathered.",
            self.gatherer.skip == (self.expander.drops & ~any_end),
            broken_by=[
                Edit("expander.drops & ~self._any_end(m, runs)", "expander.drops"),
                Edit("ends - leaves) + enters", "ends - leaves) | enters"),
            ],
        )


class Runs(Queue):
    """The FIFO of the runs."""

    depth = gap_expander.RUNS_AHEAD
    sizes = f"{depth} runs"
    fast = False


SPECS = (Between(), Runs())
