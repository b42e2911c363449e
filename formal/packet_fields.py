"""A packet's fields and checksum by docs/wire-format.md, to hold against the blocks that write or read them."""

from collections.abc import Mapping

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value

HEADER_PLACES = {
    "magic": (0, 0, 8),
    "version": (1, 4, 4),
    "flags": (1, 0, 4),
    "sequence": (2, 0, 16),
    "step_index": (4, 0, 32),
    "predictor": (8, 4, 4),
    "coder": (8, 0, 4),
    "sharpness": (9, 0, 8),
    "channels": (10, 0, 16),
    "epoch_steps": (12, 0, 16),
    "keyframe_interval": (14, 0, 16),
    "alpha_q8": (16, 0, 16),
    "seed": (18, 0, 16),
}
"""First byte, lowest bit in it, and width of each field of a keyframe's header."""
TRAILER_PLACES = {"steps": (0, 0, 16), "check": (2, 0, 16), "crc": (4, 0, 32)}
"""The same of the trailer."""
HEADER_BYTES = 8
KEYFRAME_HEADER_BYTES = 20
TRAILER_BYTES = 8
CRC_POLYNOMIAL = 0x82F63B78


def field_bytes(places: Mapping[str, tuple[int, int, int]], fields: Mapping[str, Value]) -> Array:
    """Return the bytes that hold `fields`."""
    ordered = sorted(places, key=lambda name: places[name][:2])
    bits = Cat(_fitted(fields[name], places[name][2]) for name in ordered)
    return Array(bits.word_select(index, 8) for index in range(len(bits) // 8))


def crc_of(m: Module, byte: Value, takes: Value, first: Value) -> Signal:
    """Return the CRC-32C of the bytes taken, from the `first` one on, computed bit by bit."""
    register, crc = Signal(32, init=0xFFFFFFFF, name="crc_register"), Signal(32, name="crc_reference")
    after = Signal(32, name="crc_after_0")
    m.d.comb += [after.eq(Mux(first, 0xFFFFFFFF, register) ^ byte), crc.eq(~register)]
    for bit in range(8):
        before, after = after, Signal(32, name=f"crc_after_{bit + 1}")
        m.d.comb += after.eq(Mux(before[0], (before >> 1) ^ CRC_POLYNOMIAL, before >> 1))
    with m.If(takes):
        m.d.sync += register.eq(after)
    with m.Elif(first):
        m.d.sync += register.eq(0xFFFFFFFF)
    return crc


def _fitted(value: Value, width: int) -> Value:
    return Cat(value, Const(0, width))[:width]
