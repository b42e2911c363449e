"""How what a channel has beside a linear predictor is stored: behind the lists of all channels, in lists of its own.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.cascade_fit import CLIPPED_LAGS, LIMIT_BITS_MAX
from model.codecs.code_widths import PERIOD_BITS_MAX
from model.codecs.number_lists import NumberLists, encoded_list
from model.errors import CodecError
from model.kernels.adaptive_filter import TAPS_BITS_MAX, TAPS_BITS_MIN
from model.kernels.channel_lists import WIDTH_LEVEL_MAX
from model.kernels.linear_prediction import COEFFICIENT_MAX

PERIODIC, CLIPPED, FILTERED = 1, 2, 4
"""Flags of a channel: codes of widths that repeat, a clipped past, a filter."""
FLAGS = np.array([PERIODIC, CLIPPED, FILTERED])
LEAST, GREATEST = np.array([1, 0, TAPS_BITS_MIN]), np.array([PERIOD_BITS_MAX, LIMIT_BITS_MAX, TAPS_BITS_MAX])
"""Range of each flag's exponent: of the period, of what the past is clipped to, of the number of taps."""


@dataclass(eq=False)
class Extras:
    """What a channel may have beside a linear predictor.

    Attributes
    ----------
    periodic : NDArray of int64
        Levels of widths that repeat from the least split code on, a power of two; empty for none.
    limit_bits : int
        The past is clipped to `1 << limit_bits`.
    clipped : NDArray of int32, shape (CLIPPED_LAGS,) or (0,)
        Coefficients on the clipped past, the last sample's first; empty for none.
    taps_bits : int
        The filter has `1 << taps_bits` taps; 0 for no filter.
    """

    periodic: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    limit_bits: int = 0
    clipped: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    taps_bits: int = 0

    @property
    def there(self) -> tuple[bool, bool, bool]:
        """Which of the parts with a flag there are."""
        return self.periodic.size > 0, self.clipped.size > 0, self.taps_bits > 0

    @property
    def exponents(self) -> tuple[int, int, int]:
        """Of each part with a flag."""
        return self.periodic.size.bit_length() - 1, self.limit_bits, self.taps_bits


def encoded_extras(extras: list[Extras]) -> bytes:
    """Return the bytes that `take_extras` takes."""
    there = np.array([of_channel.there for of_channel in extras])
    if not there.any():
        return encoded_list([0])
    lists: list[ArrayLike] = [
        [1],
        there @ FLAGS,
        np.array([of_channel.exponents for of_channel in extras])[there],
        np.concatenate([of_channel.clipped for of_channel in extras]),
        np.concatenate([of_channel.periodic for of_channel in extras]),
    ]
    return b"".join(map(encoded_list, lists))


def take_extras(data: NDArray[np.uint8], n_channels: int) -> tuple[list[Extras], int]:
    """Return what `encoded_extras` encoded, and how many bytes of `data` that is.

    Raises
    ------
    CodecError
        A number is out of range.
    """
    numbers = NumberLists(data)
    if not numbers.take("extras", 1, 0, 1)[0]:
        return [Extras() for _ in range(n_channels)], numbers.at
    there = numbers.take("extras", n_channels, 0, int(FLAGS.sum()))[:, np.newaxis] & FLAGS != 0
    exponents = np.zeros(there.shape, dtype=np.int64)
    exponents[there] = numbers.take("exponents", int(there.sum()), 0, int(GREATEST.max()))
    if np.any(there & ((exponents < LEAST) | (exponents > GREATEST))):
        raise CodecError("waveform payload has exponents out of range")
    is_periodic, is_clipped, _ = there.T
    clipped = numbers.take("coefficients", CLIPPED_LAGS * int(is_clipped.sum()), -COEFFICIENT_MAX, COEFFICIENT_MAX)
    periods = is_periodic << exponents[:, 0]
    periodic = numbers.take("widths", int(periods.sum()), -WIDTH_LEVEL_MAX, WIDTH_LEVEL_MAX)
    columns = (
        np.split(periodic, np.cumsum(periods)[:-1]),
        exponents[:, 1].tolist(),
        np.split(clipped.astype(np.int32), CLIPPED_LAGS * np.cumsum(is_clipped)[:-1]),
        exponents[:, 2].tolist(),
    )
    return [Extras(*of_channel) for of_channel in zip(*columns, strict=True)], numbers.at
