"""Small combinational functions that several blocks use."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.utils import ceil_log2


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


def normalized(m: Module, value: Signal, width: int) -> tuple[Value, Value]:
    """Return the index of the highest bit of `value` that is set, and the `width` bits from it down.

    Below bit 0 come zeros. Of a value of 0 the index is 0, and so are the bits. Each step halves the places left, and
    passes on only the bits that they may take.
    """
    step = 1 << ceil_log2(len(value))
    bits = Signal(step + width - 1, name=f"{value.name}_padded")
    m.d.comb += bits.eq(value << (width - 1))
    index = Const(0, 0)
    while step > 1:
        step //= 2
        kept = step + width - 1
        upper = Signal(name=f"{value.name}_upper_{step}")
        passed = Signal(kept, name=f"{value.name}_from_{step}")
        m.d.comb += [upper.eq(bits[kept:].any()), passed.eq(Mux(upper, bits[step:], bits[:kept]))]
        index, bits = Cat(upper, index), passed
    return index, bits
