"""XorArray: the difference between what was predicted and what happened."""

from __future__ import annotations

from collections.abc import Sequence


class XorArray:
    """Bit-by-bit exclusive or of two rows. It is its own inverse: `error ^ predicted` is the spike again."""

    def apply(self, spikes: Sequence[int], predicted: Sequence[int]) -> list[int]:
        """Return the errors of a row: 1 where `spikes` and `predicted` differ."""
        return [spike ^ guess for spike, guess in zip(spikes, predicted, strict=True)]
