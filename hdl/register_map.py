"""What the tables of registers have in common: who the block is, how it is built, its counters."""

from hdl.register_block import DATA_BITS, Access, Field, Register
from model.golden.packetizer import VERSION

FIRST_COUNTER = 0x40
"""Counters are from here on; what encoder and decoder both count is at the same address."""


def identification(name: bytes, map_version: int) -> tuple[Register, Register]:
    """Return the registers by which software knows the block.

    Parameters
    ----------
    name : bytes
        Four letters.
    map_version : int
        Rises with every change of the table that software can notice, 0..255.
    """
    return (
        Register(
            "ID", 0x00, (Field("id", Access.CONSTANT, 32, f'"{name.decode()}" in ASCII.', value=int.from_bytes(name)),)
        ),
        Register(
            "VERSION",
            0x04,
            (
                Field("wire_format", Access.CONSTANT, 8, "Version of the wire format.", value=VERSION),
                Field("map_version", Access.CONSTANT, 8, "Version of this table.", low=8, value=map_version),
            ),
        ),
    )


GEOMETRY = Register(
    "GEOMETRY",
    0x10,
    (
        Field("channels", Access.STATE, 16, "Channels of the raster."),
        Field("lanes", Access.STATE, 16, "Bins of a word.", low=16),
    ),
)


def counter(name: str, address: int, meaning: str, step_bits: int = 1) -> Register:
    """Return the register of a counter; see `Field` for `step_bits`."""
    return Register(name.upper(), address, (Field(name, Access.COUNT, DATA_BITS, meaning, step_bits=step_bits),))
