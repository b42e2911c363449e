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
    passes on only the bits that they may take. Which places have a bit set is found out ahead of all steps, so that no
    step waits for what the one before it passed on.
    """
    places = 1 << ceil_log2(len(value))
    bits = Signal(places + width - 1, name=f"{value.name}_padded")
    m.d.comb += bits.eq(value << (width - 1))
    steps = [1 << place for place in range(ceil_log2(places))]
    uppers = [_any_in_upper_halves(bits[width - 1 :], 2 * step) for step in steps]
    index = Const(0, 0)
    while steps:
        step, upper = steps.pop(), uppers.pop()
        kept = step + width - 1
        passed = Signal(kept, name=f"{value.name}_from_{step}")
        m.d.comb += passed.eq(Mux(upper, bits[step:], bits[:kept]))
        index, bits = Cat(upper, index), passed
        for place, halves in enumerate(uppers):
            left = Signal(len(halves) // 2, name=f"{value.name}_upper_{1 << place}_in_{step}")
            m.d.comb += left.eq(Mux(upper, halves[len(left) :], halves[: len(left)]))
            uppers[place] = left
    return index, bits


def _any_in_upper_halves(bits: Value, size: int) -> Value:
    """Return, for each group of `size` bits, whether one of its upper half is set."""
    return Cat(bits[end - size // 2 : end].any() for end in range(size, len(bits) + 1, size))
