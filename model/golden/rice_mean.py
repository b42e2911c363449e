"""RiceMean: a running mean of the gaps, as the Golomb parameter that suits it."""

from __future__ import annotations

K_MAX = 15
"""Largest Golomb parameter."""
K_INITIAL = 6
"""The parameter that a keyframe starts from."""
COUNT_INITIAL = 1
SUM_INITIAL = (3 * 2 ** (K_INITIAL + 6) - 49) * COUNT_INITIAL >> 7
"""Accumulator at a keyframe (CCSDS 123.0-B, equation of the initial accumulator)."""
COUNT_LIMIT = 64
"""Accumulator and counter are halved when the counter would reach this."""
GAP_CLIP = 0xFFFF
"""Longer gaps enter the statistics as this many bins."""


class RiceMean:
    """The rule of CCSDS 123.0-B's sample-adaptive coder.

    It keeps a sum of gaps and their count, both halved when the count reaches a limit, and takes the largest k with
    `count << k <= sum + (49 * count >> 7)`: about the base-2 logarithm of the mean gap.

    Attributes
    ----------
    sum, count : int
        Accumulator and counter; they last from keyframe to keyframe.
    """

    def __init__(self) -> None:
        self.sum = SUM_INITIAL
        self.count = COUNT_INITIAL

    @property
    def k(self) -> int:
        """Golomb parameter that suits the mean, 0..15."""
        threshold = self.sum + (49 * self.count >> 7)
        k = 0
        while k < K_MAX and self.count << (k + 1) <= threshold:
            k += 1
        return k

    def update(self, gap: int) -> None:
        """Learn from a gap."""
        gap = min(gap, GAP_CLIP)
        if self.count < COUNT_LIMIT - 1:
            self.sum += gap
            self.count += 1
        else:
            self.sum = (self.sum + gap + 1) >> 1
            self.count = (self.count + 1) >> 1
