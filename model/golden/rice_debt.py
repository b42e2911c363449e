"""RiceDebt: a bound on what a misled Golomb parameter may cost."""

from __future__ import annotations

DEBT_UNIT = 64
"""Debt is counted in 1/64 bit."""
DEBT_LIMIT = 64 * DEBT_UNIT
"""From this debt on, k is 0: the payload is the bitmap of the errors."""
CREDIT_GAP_CLIP = 126
"""A gap earns credit for at most this many bins, so that the credit never exceeds what a codeword saves."""


class RiceDebt:
    """Counts what the codewords of an epoch took beyond one bit a bin, and forbids more at a limit.

    An adaptive rule can be misled, by gaps that are short whenever it expects long ones. The debt is never less than
    the bits beyond one a bin (but for 1/32 bit a bin). Where it reaches a limit k is 0, at which a codeword is the
    bitmap itself, until longer gaps have earned enough back. The derivation is in docs/wire-format.md.

    Attributes
    ----------
    debt : int
        In 1/64 bit, 0 at the start of each epoch.
    """

    def __init__(self) -> None:
        self.debt = 0

    def limit(self, k: int) -> int:
        """Return `k`, or 0 where the debt has reached its limit."""
        return k if self.debt < DEBT_LIMIT else 0

    def update(self, k: int, gap: int) -> None:
        """Account for a gap that was coded with parameter `k` (after `limit`)."""
        gap = min(gap, CREDIT_GAP_CLIP)
        if k > 0:
            # A codeword without escape takes 1 + k + (gap >> k) bits for gap + 1 bins: at most k - gap/2 too many.
            change = DEBT_UNIT * k - DEBT_UNIT // 2 * gap
        else:
            change = -(gap + 1)
        self.debt = max(0, self.debt + change)
