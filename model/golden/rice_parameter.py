"""RiceParameter: the Golomb parameter k of the next codeword, from the gaps before it."""

from __future__ import annotations

from model.golden.rice_debt import RiceDebt
from model.golden.rice_mean import RiceMean


class RiceParameter:
    """Backward-adaptive choice of k: what suits the mean of the gaps, as far as the debt allows it."""

    def __init__(self) -> None:
        self.mean = RiceMean()
        self.debt = RiceDebt()

    def start_epoch(self) -> None:
        """Clear the debt, so that each epoch's payload is bounded by itself; the mean goes on."""
        self.debt = RiceDebt()

    @property
    def k(self) -> int:
        """Golomb parameter of the next codeword, 0..15."""
        return self.debt.limit(self.mean.k)

    def update(self, gap: int) -> None:
        """Learn from a gap that was just coded with `k`."""
        self.debt.update(self.k, gap)
        self.mean.update(gap)
