"""GapExpander: the gaps of an epoch to its rows of errors."""

from __future__ import annotations

from collections.abc import Iterable

from model.errors import CodecError


class GapExpander:
    """The inverse of `GapCounter`.

    Parameters
    ----------
    channels : int
        Channels of the raster.
    """

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def expand(self, gaps: Iterable[int], steps: int) -> list[list[int]]:
        """Return the rows of errors of an epoch of `steps` steps.

        Raises
        ------
        CodecError
            The gaps lead beyond the epoch.
        """
        rows = [[0] * self.channels for _ in range(steps)]
        position = -1
        for gap in gaps:
            position += gap + 1
            step, channel = divmod(position, self.channels)
            if step >= steps:
                raise CodecError(f"error at bin {position} of an epoch of {steps * self.channels} bins")
            rows[step][channel] = 1
        return rows
