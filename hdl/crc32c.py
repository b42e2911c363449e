"""Crc32c: the checksum of a packet, a byte a cycle."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from model.golden.crc32c import crc32c

CRC_BITS = 32
BYTE = 8
NIBBLE = 4
RESIDUE = crc32c(crc32c(b"").to_bytes(CRC_BITS // BYTE, "little"))
"""Checksum of anything with its own checksum behind it."""


class Crc32c(wiring.Component):
    """CRC-32C of the bytes that came in; it can be taken out a byte at a time.

    Each bit of the register is one of itself, moved by a byte, and of a parity of either half of the byte. There are at
    most 15 parities of 4 bits, which all bits share: about half the LUTs of sums that are written out.

    Throughput: one byte a cycle. Memory: 32 bits.

    Members
    -------
    data : In(8)
        Byte to take in.
    valid : In(1)
        Take a byte in, or out, in this cycle.
    out : In(1)
        It is one to take out: the low byte of the checksum, of which the next byte then takes the place.
    restart : In(1)
        The next byte is the first one of another checksum; one in this cycle counts no more.
    crc : Out(32)
        Checksum of the bytes since the restart.
    matches : Out(1)
        The last four of them are the checksum of those before them.
    """

    data: In(BYTE)
    valid: In(1)
    out: In(1)
    restart: In(1)
    crc: Out(CRC_BITS)
    matches: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        register = Signal(CRC_BITS, init=(1 << CRC_BITS) - 1)
        leaving = Signal(BYTE)  # what the byte that leaves the register does to the bits that stay
        m.d.comb += [
            leaving.eq((register[:BYTE] ^ self.data) & ~self.out.replicate(BYTE)),
            self.crc.eq(~register),
            self.matches.eq(self.crc == RESIDUE),
        ]
        sums = [_parities(m, leaving[low : low + NIBBLE], low) for low in range(0, BYTE, NIBBLE)]
        moved = Cat(register[BYTE:], Const(0, BYTE))
        with m.If(self.valid):
            m.d.sync += register.eq(moved ^ sums[0] ^ sums[1])
        with m.If(self.restart):
            m.d.sync += register.eq(register.init)
        return m


def _parities(m: Module, nibble: Value, low: int) -> Value:
    """Return what a nibble, whose first bit is bit `low` of a byte, adds to each bit of the register."""
    added = [_advanced(1 << place) for place in range(low, low + NIBBLE)]
    chosen = [sum((word >> bit & 1) << place for place, word in enumerate(added)) for bit in range(CRC_BITS)]
    parity = {mask: Signal(name=f"parity_{mask << low:02x}") for mask in sorted(set(chosen))}
    m.d.comb += [signal.eq((nibble & mask).xor()) for mask, signal in parity.items()]
    return Cat(parity[mask] for mask in chosen)


def _advanced(byte: int) -> int:
    """Return what a byte adds to a register of zeros."""
    return crc32c(bytes([byte])) ^ crc32c(bytes(1))
