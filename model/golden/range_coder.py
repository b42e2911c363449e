"""RangeEncoder and RangeDecoder: an adaptive binary arithmetic coder whose probabilities have 32 bits.

A byte-wise range coder with carries (G. N. N. Martin, "Range encoding", 1979). Only integers: it computes the same on
every machine.
"""

from __future__ import annotations

from model.errors import CodecError

PROBABILITY_BITS = 32
"""Probabilities are whole numbers of 1 / 2**32."""
PROBABILITY_MAX = (1 << PROBABILITY_BITS) - 1
HALF = 1 << PROBABILITY_BITS - 1
RANGE_BITS = 56
"""The range starts as 2**56, and gets its next eight bits when it falls below 2**48."""
RENORMALIZE_BELOW = 1 << RANGE_BITS - 8


class RangeEncoder:
    """Turns bits, each with the probability that it is 1, into the shortest bytes."""

    def __init__(self) -> None:
        self._low = 0
        self._range = 1 << RANGE_BITS
        self._shifts = 0

    def encode(self, bit: int, probability: int) -> None:
        """Take in the next bit; `probability`, 1..`PROBABILITY_MAX`, is that of a 1."""
        ones = (self._range >> PROBABILITY_BITS) * probability
        if bit:
            self._low += self._range - ones
            self._range = ones
        else:
            self._range -= ones
        while self._range < RENORMALIZE_BELOW:
            self._low <<= 8
            self._range <<= 8
            self._shifts += 8

    def finish(self) -> bytes:
        """Return the bytes: of all numbers in the range the one with the most zero bits at its end, cut off there."""
        bits = RANGE_BITS + self._shifts
        for kept in range(bits % 8, bits + 1, 8):
            dropped = bits - kept
            value = -(-self._low >> dropped) << dropped
            if value < self._low + self._range:
                return (value >> dropped).to_bytes(kept // 8, "big")
        raise AssertionError("a range holds its own start")


class RangeDecoder:
    """Inverse of `RangeEncoder`: behind the last byte it reads zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = RANGE_BITS // 8
        self._value = int.from_bytes(data[: self._at].ljust(self._at, b"\0"), "big")
        self._range = 1 << RANGE_BITS

    def decode(self, probability: int) -> int:
        """Return the next bit; `probability` is that with which it was encoded."""
        ones = (self._range >> PROBABILITY_BITS) * probability
        zeros = self._range - ones
        bit = int(self._value >= zeros)
        if bit:
            self._value -= zeros
            self._range = ones
        else:
            self._range = zeros
        while self._range < RENORMALIZE_BELOW:
            following = self._data[self._at] if self._at < len(self._data) else 0
            self._value = self._value << 8 | following
            self._range <<= 8
            self._at += 1
        return bit

    def finish(self) -> None:
        """Raise `CodecError` unless these are the bytes that the encoder writes."""
        if self._at < len(self._data):
            raise CodecError("payload goes on behind its last spike")
        if self._data and self._data[-1] == 0:
            raise CodecError("payload ends in a needless zero byte")
