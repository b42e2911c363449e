"""RiceParameter: the Golomb parameter k of the next codeword, from the gaps before it."""

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

DEBT_UNIT = 64
"""Debt is counted in 1/64 bit."""
DEBT_LIMIT = 64 * DEBT_UNIT
"""From this debt on, k is 0: the payload is the bitmap of the errors."""
CREDIT_GAP_CLIP = 126
"""A gap earns credit for at most this many bins, so that the credit never exceeds what a codeword saves."""


class RiceParameter:
    """Backward-adaptive choice of k: the rule of CCSDS 123.0-B's sample-adaptive coder, with a bound on its losses.

    The rule keeps a sum of gaps and their count, both halved when the count reaches a limit, and takes the largest k
    with `count << k <= sum + (49 * count >> 7)`: about the base-2 logarithm of the mean gap.

    An adaptive rule can be misled, by gaps that are short whenever it expects long ones. `debt` bounds what that costs:
    it never falls below what the codewords of this epoch took beyond one bit a bin (but for 1/32 bit a bin), and where
    it reaches a limit k is 0, at which a codeword is the bitmap itself. The derivation is in docs/wire-format.md.

    Attributes
    ----------
    sum, count : int
        Accumulator and counter; they last from keyframe to keyframe.
    debt : int
        In 1/64 bit, 0 at the start of each epoch.
    """

    def __init__(self) -> None:
        self.sum = SUM_INITIAL
        self.count = COUNT_INITIAL
        self.debt = 0

    def start_epoch(self) -> None:
        """Clear the debt: each epoch's payload is bounded by itself."""
        self.debt = 0

    @property
    def k(self) -> int:
        """Golomb parameter of the next codeword, 0..15."""
        if self.debt >= DEBT_LIMIT:
            return 0
        threshold = self.sum + (49 * self.count >> 7)
        k = 0
        while k < K_MAX and self.count << (k + 1) <= threshold:
            k += 1
        return k

    def update(self, gap: int) -> None:
        """Learn from a gap that was just coded with `k`."""
        self._update_debt(gap)
        self._update_mean(min(gap, GAP_CLIP))

    def _update_debt(self, gap: int) -> None:
        if self.k > 0:
            # A codeword without escape takes 1 + k + (gap >> k) bits for gap + 1 bins: at most k - gap/2 too many.
            change = DEBT_UNIT * self.k - DEBT_UNIT // 2 * min(gap, CREDIT_GAP_CLIP)
        else:
            change = -(min(gap, CREDIT_GAP_CLIP) + 1)
        self.debt = max(0, self.debt + change)

    def _update_mean(self, gap: int) -> None:
        if self.count < COUNT_LIMIT - 1:
            self.sum += gap
            self.count += 1
        else:
            self.sum = (self.sum + gap + 1) >> 1
            self.count = (self.count + 1) >> 1
