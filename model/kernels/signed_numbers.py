"""Short lists of signed numbers as Golomb-Rice codewords of one parameter; long ones are escaped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import bit_packer, bit_unpacker
from model.kernels.bit_length import bit_length
from model.kernels.bit_unpacker import SLACK_BYTES, WINDOW_BITS
from model.kernels.jit import kernel, part
from model.kernels.outcome import BEYOND

PARAMETER_BITS = 5
ESCAPE_ZEROS = 20
"""So many zeros announce a number of `ESCAPE_BITS` as it is."""
ESCAPE_BITS = 32
NUMBER_MAX = (1 << ESCAPE_BITS - 1) - 1
"""Numbers are -`NUMBER_MAX`..`NUMBER_MAX`."""
OUT_OF_RANGE = -2
"""What `decode` returns for a list with a number that may not be in it; not `BEYOND`."""


@part
def _zigzag(number: int) -> int:
    return number << 1 ^ number >> 63


@part
def _bits(numbers: NDArray[np.int64], k: int) -> int:
    total = 0
    for index in range(numbers.size):
        quotient = _zigzag(numbers[index]) >> k
        total += quotient + 1 + k if quotient < ESCAPE_ZEROS else ESCAPE_ZEROS + ESCAPE_BITS
    return total


@part
def _parameter(numbers: NDArray[np.int64]) -> int:
    """Return the parameter with which numbers take fewest bits."""
    largest = 0
    for index in range(numbers.size):
        largest = max(largest, _zigzag(numbers[index]))
    best, least = 0, _bits(numbers, 0)
    # A number takes more bits from where all of it is in the low ones.
    for k in range(1, min(bit_length(largest), (1 << PARAMETER_BITS) - 1) + 1):
        bits = _bits(numbers, k)
        if bits < least:
            best, least = k, bits
    return best


@kernel
def encode(numbers: NDArray[np.int64], out: NDArray[np.uint8]) -> int:
    """Store the codewords of numbers and return their bytes; `out` has 8 bytes a number and 8 more."""
    k = _parameter(numbers)
    packer = bit_packer.push(bit_packer.start(0), out, k, PARAMETER_BITS)
    for index in range(numbers.size):
        value = _zigzag(numbers[index])
        quotient = value >> k
        if quotient < ESCAPE_ZEROS:
            packer = bit_packer.push(packer, out, 1, quotient + 1)
            packer = bit_packer.push(packer, out, value & (1 << k) - 1, k)
        else:
            packer = bit_packer.push(packer, out, 0, ESCAPE_ZEROS)
            packer = bit_packer.push(packer, out, value, ESCAPE_BITS)
    return bit_packer.finish(packer, out)


@kernel
def encode_lists(numbers: NDArray[np.int64], sizes: NDArray[np.int64], out: NDArray[np.uint8]) -> int:
    """Store lists of so many numbers each, one after another, as `encode` does; return their bytes."""
    at, first = 0, 0
    for size in sizes:
        at += encode(numbers[first : first + size], out[at:])
        first += size
    return at


@kernel
def decode(data: NDArray[np.uint8], at: int, numbers: NDArray[np.int64], least: int, greatest: int) -> int:
    """Fill `numbers` from byte `at` on, each in `least..greatest`; return where the next byte is.

    Return `BEYOND` where the data ends before, and `OUT_OF_RANGE` where a number is.
    """
    end = 8 * (data.size - SLACK_BYTES)
    position = 8 * at
    if position + PARAMETER_BITS > end:
        return BEYOND
    k = bit_unpacker.peek(data, position) >> WINDOW_BITS - PARAMETER_BITS
    position += PARAMETER_BITS
    for index in range(numbers.size):
        if position >= end:
            return BEYOND
        zeros = WINDOW_BITS - bit_length(bit_unpacker.peek(data, position))
        if zeros < ESCAPE_ZEROS:
            high, width = zeros, k
            position += zeros + 1
        else:
            high, width = 0, ESCAPE_BITS
            position += ESCAPE_ZEROS
        if position + width > end:
            return BEYOND
        value = high << width | bit_unpacker.peek(data, position) >> WINDOW_BITS - width
        number = value >> 1 ^ -(value & 1)
        if not least <= number <= greatest:
            return OUT_OF_RANGE
        numbers[index] = number
        position += width
    return position + 7 >> 3
