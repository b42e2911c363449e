"""PacketBuffer: a packet is kept only if its checksum, over all its bytes, matches."""

from unittest.mock import patch

from amaranth.hdl import Module, Mux, Signal

from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, transfer
from hdl import packet_buffer
from hdl.packet_buffer import PacketBuffer

DEPTH = 32
PACKETS = 2


class Read(Spec):
    """Any bytes, in packets of any length."""

    sizes = f"{DEPTH} bytes, {PACKETS} trailers"

    def read(self, m: Module) -> None:
        """Add the design, and count each packet's bytes."""
        with patch.object(packet_buffer, "PACKETS", PACKETS):
            self.dut = dut = PacketBuffer(DEPTH)
            self.inside = self.design(m, dut)
        assume_source(self, m, dut.i)
        self.taken = transfer(dut.i)
        self.last = self.taken & dut.i.payload.last
        self.count = Signal(8)
        with m.If(self.taken):
            m.d.sync += self.count.eq(Mux(dut.i.payload.last, 0, self.count + (self.count != 255)))
        self.waits, self.kept = Signal(), self.inside["trailers.w_en"]
        with m.If(self.last):
            m.d.sync += self.waits.eq(1)
        with m.Elif(self.kept | dut.dropped):
            m.d.sync += self.waits.eq(0)


class Checksum(Read):
    """What the checksum is of."""

    method = Pdr("scorr;")

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.read(m)
        inside = self.inside
        none_in = (self.count == 0) & ~self.waits
        self.contract(
            m,
            "checksummed",
            "The checksum is that of all bytes of the packet.",
            (inside["crc.valid"] == self.taken)
            & (~self.taken | ((inside["crc.data"] == self.dut.i.payload.data) & (inside["crc.start"] == none_in)))
            & (none_in | ~inside["crc.start"]),
            broken_by=Edit("crc.start.eq(length == 0)", "crc.start.eq(length == 1)"),
        )
        self.contract(
            m,
            "matches",
            "A packet is kept only if its checksum matches.",
            inside["crc.match_detected"],
            when=self.kept,
            broken_by=Edit("good.eq(crc.match_detected & ", "good.eq("),
        )
        self.cover(m, "dropped", "A packet is dropped.", self.dut.dropped)


SPECS = (Checksum(),)
