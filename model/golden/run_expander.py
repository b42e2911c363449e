"""RunExpander: the runs of an epoch to its rows of errors."""

from __future__ import annotations

from collections.abc import Iterable

from model.errors import CodecError
from model.golden.run_gatherer import Run


class RunExpander:
    """The inverse of `RunGatherer`.

    Parameters
    ----------
    channels : int
        Channels of the raster.
    lanes : int
        Bins of a word; the last word of a row has what is left.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        self.channels = channels
        self.lanes = lanes

    def expand(self, runs: Iterable[Run], steps: int) -> list[list[int]]:
        """Return the rows of errors of an epoch of `steps` steps.

        Raises
        ------
        CodecError
            The runs lead beyond the epoch.
        """
        words_per_row = -(-self.channels // self.lanes)
        rows = [[0] * self.channels for _ in range(steps)]
        place = -1
        for run in runs:
            place += run.empty + 1
            step, word = divmod(place, words_per_row)
            if step >= steps:
                raise CodecError(f"run leads to word {place} of an epoch of {steps * words_per_row} words")
            start = word * self.lanes
            for channel in range(start, min(start + self.lanes, self.channels)):
                rows[step][channel] = run.bits >> channel - start & 1
        return rows
