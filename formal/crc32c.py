"""Crc32c: the checksum is the one computed bit by bit, and its bytes come out as they are."""

from amaranth.hdl import Module, Signal

from formal.packet_fields import crc_of
from formal.spec import Edit, Pdr, Spec
from hdl.crc32c import Crc32c

CRC_RESIDUE = 0x48674BC7
"""CRC-32C of anything followed by its own CRC-32C."""


class Checksum(Spec):
    """Any bytes, taken in and out in any order."""

    # Without merging, a solver takes minutes for equal sums of exclusive ors over more than two bytes.
    method = Pdr("scorr;", depth=3)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Crc32c()
        self.design(m, dut)
        whole, taken_out = Signal(init=1), dut.valid & dut.out
        with m.If(dut.restart):
            m.d.sync += whole.eq(1)
        with m.Elif(taken_out):
            m.d.sync += whole.eq(0)
        crc = crc_of(m, dut.data, dut.valid & ~dut.out & ~dut.restart, dut.restart)
        self.contract(
            m,
            "crc",
            "Until bytes are taken out, it is the CRC-32C of the bytes since the restart, computed bit by bit.",
            dut.crc == crc,
            when=whole,
            broken_by=[
                Edit("crc32c(bytes([byte])) ^ crc32c(bytes(1))", "crc32c(bytes([byte, 0])) ^ crc32c(bytes(2))"),
                Edit("self.restart):", "self.restart & ~self.valid):"),
            ],
        )
        before = self.past(m, dut.crc, "crc")
        self.contract(
            m,
            "out",
            "A byte that is taken out leaves the one behind it in its place.",
            dut.crc[:24] == before[8:],
            when=self.past(m, taken_out & ~dut.restart, "taken_out"),
            broken_by=Edit(" & ~self.out.replicate(BYTE)", ""),
        )
        self.contract(
            m,
            "holds",
            "It changes only with a byte or a restart.",
            dut.crc == before,
            when=self.past(m, ~dut.valid & ~dut.restart, "idle"),
            broken_by=Edit("with m.If(self.valid):", "with m.If(1):"),
        )
        self.contract(
            m,
            "residue",
            "It matches exactly where the CRC-32C is that of a packet with its own CRC-32C behind it.",
            dut.matches == (crc == CRC_RESIDUE),
            when=whole,
            broken_by=Edit('crc32c(crc32c(b"").to_bytes(CRC_BITS // BYTE, "little"))', "0"),
        )
        self.cover(m, "matches", "A match is found.", dut.matches & whole)


SPECS = (Checksum(),)
