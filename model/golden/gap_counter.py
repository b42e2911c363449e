"""GapCounter: turns errors in scan order into the intervals between them."""

from __future__ import annotations


class GapCounter:
    """Counts the error-free bins before each error of an epoch.

    Attributes
    ----------
    gap : int
        Error-free bins since the last error, or since the start of the epoch.
    """

    def __init__(self) -> None:
        self.gap = 0

    def start_epoch(self) -> None:
        """Forget the bins counted so far: those after an epoch's last error are implied, not sent."""
        self.gap = 0

    def push(self, error: int) -> int | None:
        """Take the next bin; return the gap before it if it is an error, else None."""
        if not error:
            self.gap += 1
            return None
        gap, self.gap = self.gap, 0
        return gap
