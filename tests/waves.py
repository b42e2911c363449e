"""Timing diagrams in text: a cycle of the clock is a cell of so many characters, and begins with the rising edge."""

from collections.abc import Mapping, Sequence
from itertools import groupby


def clock(cycles: int, width: int) -> str:
    """Return a clock."""
    return ("/‾\\" + "_" * (width - 3)) * cycles


def level(bits: Sequence[int], width: int) -> str:
    """Return a signal of one bit."""
    cells = []
    for before, bit in zip([bits[0], *bits], bits, strict=False):
        flat = "‾" if bit else "_"
        cells.append({1: "/", 0: flat, -1: "\\"}[bit - before] + flat * (width - 1))
    return "".join(cells)


def bus(labels: Sequence[str | None], width: int) -> str:
    """Return a signal of many bits: its values, or dashes where it has none that matters."""
    text = ""
    for label, group in groupby(labels):
        length = width * len(list(group))
        text += "-" * length if label is None else f"<{label.rjust(min(width, length) - 2).ljust(length - 2)}>"
    return text


def diagram(lines: Mapping[str, Sequence[int] | Sequence[str | None]], width: int, *, with_clock: bool = True) -> str:
    """Return a diagram of signals, each a value a cycle: numbers for levels, texts for buses."""
    cycles = len(next(iter(lines.values())))
    drawn = {"clk": clock(cycles, width)} if with_clock else {}
    for name, values in lines.items():
        is_level = all(isinstance(value, int) for value in values)
        drawn[name] = level(values, width) if is_level else bus(values, width)
    longest = max(map(len, drawn)) + 1
    return "".join(f"{name:{longest}}{text}".rstrip() + "\n" for name, text in drawn.items())
