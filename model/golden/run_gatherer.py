"""RunGatherer: the gaps of an epoch to runs of words without errors, each with the word behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Run(NamedTuple):
    """`empty` words without errors, and behind them one with errors: bit i of `bits` is lane i."""

    empty: int
    bits: int


class RunGatherer:
    """Sorts errors into words.

    Hardware may cut a long run into some that end with a word without errors, and sends a run of its own at the end of
    a payload without errors.

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

    def gather(self, gaps: Iterable[int]) -> Iterator[Run]:
        """Yield the runs of an epoch, one for each word with errors."""
        position = place = -1
        bits = empty = 0
        for gap in gaps:
            position += gap + 1
            before, (place, lane) = place, self._word_and_lane(position)
            if place > before:
                if bits:
                    yield Run(empty, bits)
                bits, empty = 0, place - before - 1
            bits |= 1 << lane
        if bits:
            yield Run(empty, bits)

    def _word_and_lane(self, position: int) -> tuple[int, int]:
        """Return in which word of the epoch, and where in it, the bin at `position` lies."""
        step, channel = divmod(position, self.channels)
        words_per_row = -(-self.channels // self.lanes)
        return step * words_per_row + channel // self.lanes, channel % self.lanes
