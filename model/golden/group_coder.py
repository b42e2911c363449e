"""GroupCoder: channels that spike together, each coded given how many of its group spike before it in the same step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from model.golden.range_coder import HALF, PROBABILITY_MAX, RangeDecoder, RangeEncoder

CONTEXTS = 16
COUNTED = 8
"""Contexts of a channel: fewer than 8 spikes of its group so far, each number by itself, then one for each octave."""
CHANNELS_MAX = 1 << 19
"""Most channels of a chunk that is coded in groups, so that its contexts take no more memory than a chunk may."""
COUNT_MAX = (1 << 14) - 1
STEP_BITS = 30
"""Shares of the way to a new probability are in units of 2**-30."""


def context_of(spikes: int) -> int:
    """Return the context of a bin that so many spikes of its group come before."""
    return spikes if spikes < COUNTED else min(COUNTED + (spikes // COUNTED).bit_length() - 1, CONTEXTS - 1)


class Context:
    """An estimate of a probability, after Krichevsky and Trofimov, that starts to forget after 16,383 bins.

    Attributes
    ----------
    probability : int
        That of a spike, of 2**32.
    """

    def __init__(self, probability: int) -> None:
        self.probability = probability
        self._count = 1

    def learn(self, spike: int) -> None:
        """Take in a bin."""
        step = (1 << STEP_BITS + 1) // (2 * self._count + 3)
        target = PROBABILITY_MAX if spike else 1
        self.probability += (target - self.probability) * step >> STEP_BITS
        self.probability = min(max(self.probability, 1), PROBABILITY_MAX)
        self._count = min(self._count + 1, COUNT_MAX)


class GroupCoder:
    """Contexts of all channels.

    Parameters
    ----------
    groups : sequence of sequences of int
        The channels of each group in the order in which they are coded, the reference first; every channel once.
    first : int
        Probability, of 2**32, from which contexts without a spike in the group start; the others start at a half.
    """

    def __init__(self, groups: Sequence[Sequence[int]], first: int) -> None:
        self._groups = groups
        self._contexts = {
            channel: [Context(first), *(Context(HALF) for _ in range(CONTEXTS - 1))]
            for group in groups
            for channel in group
        }

    def encode(self, rows: Sequence[Sequence[int]]) -> bytes:
        """Return the bytes of rows of zeros and ones."""
        coder = RangeEncoder()
        for row in rows:

            def code(channel: int, probability: int, row: Sequence[int] = row) -> int:
                coder.encode(row[channel], probability)
                return row[channel]

            self._code_row(code)
        return coder.finish()

    def decode(self, data: bytes, steps: int) -> list[list[int]]:
        """Return the rows that `encode` made `data` of; raise `CodecError` if `data` goes on behind the last one."""
        coder = RangeDecoder(data)
        rows = [self._code_row(lambda channel, probability: coder.decode(probability)) for _ in range(steps)]
        coder.finish()
        return rows

    def _code_row(self, code: Callable[[int, int], int]) -> list[int]:
        row = [0] * len(self._contexts)
        for group in self._groups:
            spikes = 0
            for channel in group:
                context = self._contexts[channel][context_of(spikes)]
                row[channel] = code(channel, context.probability)
                context.learn(row[channel])
                spikes += row[channel]
        return row
