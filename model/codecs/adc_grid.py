"""The grid of an ADC's codes behind stored samples: a gain that need be no integer, and an offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.kernels.adc_grid import CORRECTIONS, UNIT_BITS, Grids


@dataclass(frozen=True, eq=False)
class Grid:
    """Stored samples as codes: `sample = (code * step + offset >> 16) + correction of that code`.

    Attributes
    ----------
    step, offset : int
        In 2**-16 of a stored sample's unit; the offset is that of code 0.
    first, last : int
        The least and the greatest code that occurs.
    corrections : NDArray of int64, shape (last - first + 1,)
        What the straight line is wrong by for each code, 0 for codes that do not occur; empty where it is never wrong.
    """

    step: int
    offset: int
    first: int
    last: int
    corrections: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def identical(self) -> bool:
        """Whether codes are the samples themselves."""
        return self.step == 1 << UNIT_BITS and self.offset == 0 and not self.corrections.size

    def samples_of(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the samples that codes stand for, each in `first`..`last`."""
        if self.identical:
            return codes
        line = codes * self.step + self.offset >> UNIT_BITS
        return line + self.corrections[codes - self.first] if self.corrections.size else line


def each_grid(grids: Grids) -> Iterator[Grid]:
    """Yield the grid of each channel."""
    ends = np.cumsum(grids.table[:, CORRECTIONS]).tolist()
    for (step, offset, first, last, size), end in zip(grids.table.tolist(), ends, strict=True):
        yield Grid(step, offset, first, last, grids.corrections[end - size : end])
