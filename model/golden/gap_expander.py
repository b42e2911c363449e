"""GapExpander: the gaps of an epoch to its rows of errors."""

from __future__ import annotations

from collections.abc import Iterable

from model.golden.run_expander import RunExpander
from model.golden.run_gatherer import RunGatherer


class GapExpander:
    """The inverse of `GapCounter`. What it returns does not depend on `lanes`.

    Parameters
    ----------
    channels : int
        Channels of the raster.
    lanes : int
        Bins of a word; the last word of a row has what is left.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        self.gatherer = RunGatherer(channels, lanes)
        self.expander = RunExpander(channels, lanes)

    def expand(self, gaps: Iterable[int], steps: int) -> list[list[int]]:
        """Return the rows of errors of an epoch of `steps` steps.

        Raises
        ------
        CodecError
            The gaps lead beyond the epoch.
        """
        return self.expander.expand(self.gatherer.gather(gaps), steps)
