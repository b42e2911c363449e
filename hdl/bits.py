"""Small combinational functions that several blocks use."""

from amaranth.hdl import Module, Signal


def highest_bit(m: Module, value: Signal) -> Signal:
    """Return the index of the highest bit of `value` that is set, 0 if none is."""
    index = Signal(range(len(value)), name=f"highest_bit_of_{value.name}")
    for place in range(len(value)):
        with m.If(value[place]):
            m.d.comb += index.eq(place)
    return index


def lowest_bit(m: Module, value: Signal) -> Signal:
    """Return the index of the lowest bit of `value` that is set, 0 if none is."""
    index = Signal(range(len(value)), name=f"lowest_bit_of_{value.name}")
    for place in reversed(range(len(value))):
        with m.If(value[place]):
            m.d.comb += index.eq(place)
    return index
