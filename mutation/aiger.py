"""Binary AIGER: a circuit with some of its inputs held constant.

The format is A. Biere's, "AIGER 1.9 and beyond" (2011).
"""

from collections.abc import Iterator


def hold_inputs(circuit: bytes, name: str, value: int) -> bytes:
    """Return a circuit in which the inputs `name[0]`, `name[1]`, ... hold the bits of a number.

    The inputs stay, and nothing reads them any more.
    """
    head, *lines = circuit.split(b"\n", 1)
    fields = head.split()
    variables, inputs, latches, outputs, ands, *extra = map(int, fields[1:])
    body = lines[0]
    if variables != inputs + latches + ands:
        raise ValueError("the circuit must number its variables without gaps, as binary AIGER does")
    counts = [latches, outputs + sum(extra)]
    texts, body = _take_lines(body, sum(counts))
    gates, symbols = _read_gates(body, inputs + latches, ands)
    held = dict(_held_literals(symbols, name, value))

    def fixed(literal: int) -> int:
        return held.get(literal & ~1, literal & ~1) ^ (literal & 1)

    def fixed_line(line: bytes) -> bytes:
        literal, *reset = line.split()
        return b" ".join([str(fixed(int(literal))).encode(), *reset])

    packed = b"".join(_pack(output, fixed(one), fixed(other)) for output, one, other in gates)
    return b"\n".join([head, *map(fixed_line, texts), packed + symbols])


def _take_lines(data: bytes, count: int) -> tuple[list[bytes], bytes]:
    *lines, rest = data.split(b"\n", count)
    return lines, rest


def _read_gates(data: bytes, before: int, count: int) -> tuple[list[tuple[int, int, int]], bytes]:
    gates, place = [], 0
    for index in range(count):
        output = 2 * (before + index + 1)
        first, place = _read_number(data, place)
        second, place = _read_number(data, place)
        gates.append((output, output - first, output - first - second))
    return gates, data[place:]


def _read_number(data: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while data[place] & 0x80:
        number |= (data[place] & 0x7F) << shift
        shift += 7
        place += 1
    return number | data[place] << shift, place + 1


def _pack(output: int, one: int, other: int) -> bytes:
    larger, smaller = max(one, other), min(one, other)
    return _pack_number(output - larger) + _pack_number(larger - smaller)


def _pack_number(number: int) -> bytes:
    packed = bytearray()
    while number >= 0x80:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*packed, number])


def _held_literals(symbols: bytes, name: str, value: int) -> Iterator[tuple[int, int]]:
    """Yield the literal of each input that is held, and the constant literal in its place."""
    prefix = f"{name}[".encode()
    for line in symbols.split(b"\n"):
        place, _, symbol = line.partition(b" ")
        if place[:1] == b"i" and symbol.lstrip(b"\\").startswith(prefix):
            bit = int(symbol.lstrip(b"\\")[len(prefix) :].rstrip(b"]"))
            yield 2 * (int(place[1:]) + 1), value >> bit & 1
