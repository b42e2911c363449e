"""How wide an ADC's codes are: no converter's are equal, and what falls into a wide one is likelier to be coded by it.

The widths are known from how often each code occurs, against how often it would if all were equally wide (the code
density test of IEEE Std 1241). Stored with a chunk, they tell its decoder each code's probability, and where in the
waveform its middle is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.channel_lists import WIDTH_LEVEL_MAX, WIDTHS_MAX
from model.kernels.code_edges import Edges, edges_around
from model.kernels.residual_mixture import FRACTION_BITS

LEVELS_AN_OCTAVE = 8
PERIOD_BITS_MAX = 8
"""Widths that repeat do so after 256 codes at most."""
PRIOR_COUNT = 8
"""Codes are taken to have occurred so many times more often as they would if equally wide."""
SMOOTHING = 0.5
"""Over so many standard deviations' codes frequencies of errors are smoothed."""
COST_A_CODE_BITS = 6
"""What a code's width takes in the stream, about, and what estimating it makes seem gained."""
UNITS = np.array(
    [
        round((1 << FRACTION_BITS) * 2 ** (level / LEVELS_AN_OCTAVE))
        for level in range(-WIDTH_LEVEL_MAX, WIDTH_LEVEL_MAX + 1)
    ]
)


def find_levels(codes: NDArray[np.int32], predictions: NDArray[np.int64], n_codes: int) -> NDArray[np.int64]:
    """Return the level of each code's width, or nothing where equal widths are as good.

    Parameters
    ----------
    codes : NDArray, shape (steps,)
        0..n_codes - 1.
    predictions : NDArray, shape (steps,)
        Of each code, rounded.
    n_codes : int
        Number of codes.

    Returns
    -------
    NDArray of int64, shape (n_codes,) or (0,)
        In -32..32.
    """
    if n_codes > WIDTHS_MAX or codes.size < n_codes:
        return np.empty(0, dtype=np.int64)
    expected = _expected_counts(codes, predictions.clip(0, n_codes - 1), n_codes)
    counts = np.bincount(codes, minlength=n_codes)
    widths = (counts + PRIOR_COUNT) / (expected + PRIOR_COUNT)
    levels, gain_bits = _levels(widths, counts, expected / codes.size)
    return levels if gain_bits > COST_A_CODE_BITS * n_codes else levels[:0]


def find_periodic_levels(codes: NDArray[np.int32], spread: float) -> NDArray[np.int64]:
    """Return the levels of widths that repeat after a power of two of codes, or nothing where equal widths are as good.

    A converter's lowest bits err alike all over its range, which may have far more codes than `find_levels` takes.

    Parameters
    ----------
    codes : NDArray, shape (steps,)
        From 0 on.
    spread : float
        By how many codes predictions err; over as many, codes of equal widths would be equally frequent.

    Returns
    -------
    NDArray of int64, shape (period,)
        Of code 0 first, in -32..32.
    """
    best, most_bits = np.empty(0, dtype=np.int64), 0.0
    for period_bits in range(1, PERIOD_BITS_MAX + 1):
        period = 1 << period_bits
        if period > spread:
            break
        counts = np.bincount(codes & period - 1, minlength=period)
        widths = (counts + PRIOR_COUNT) / (counts.mean() + PRIOR_COUNT)
        levels, gain_bits = _levels(widths, counts, np.full(period, 1 / period))
        if gain_bits - COST_A_CODE_BITS * period > most_bits:
            best, most_bits = levels, gain_bits - COST_A_CODE_BITS * period
    return best


def _levels(
    widths: NDArray[np.float64], counts: NDArray[np.int64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.int64], float]:
    """Return the levels of widths, and what they save where equal ones give each code its share of all counts."""
    levels: NDArray[np.int64] = (
        np.rint(LEVELS_AN_OCTAVE * np.log2(widths)).clip(-WIDTH_LEVEL_MAX, WIDTH_LEVEL_MAX).astype(np.int64)
    )
    octaves = levels / LEVELS_AN_OCTAVE
    return levels, float(counts @ octaves - counts.sum() * np.log2(shares @ 2**octaves))


def _expected_counts(codes: NDArray[np.int32], predictions: NDArray[np.int64], n_codes: int) -> NDArray[np.float64]:
    """Return how often each code would occur if errors were distributed alike at all predictions."""
    errors = codes - predictions
    least = int(errors.min())
    of_error = _smooth(np.bincount(errors - least) / codes.size, float(errors.std()))
    of_prediction = np.bincount(predictions, minlength=n_codes)
    spread = np.convolve(of_prediction, of_error)
    padded = np.concatenate([np.zeros(max(least, 0)), spread[max(-least, 0) :], np.zeros(n_codes)])
    expected: NDArray[np.float64] = padded[:n_codes]
    return expected


def _smooth(frequencies: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """Return frequencies of errors without what the codes' widths do to them where predictions hardly differ."""
    reach = round(SMOOTHING * spread)
    kernel = np.hanning(2 * reach + 3)
    smoothed: NDArray[np.float64] = np.convolve(frequencies, kernel / kernel.sum(), mode="same")
    return smoothed if smoothed.size == frequencies.size else frequencies


def edges_of(first: int, last: int, centre: int, levels: NDArray[np.int64]) -> Edges:
    """Return the edges of codes `first` to `last` in units of the waveform, whose zero is the middle of code `centre`.

    It takes time and memory as the levels do, and not as the codes.

    Parameters
    ----------
    first, last, centre : int
        `first` <= `centre` <= `last`.
    levels : NDArray of int64
        Of the codes' widths, from the first on: of all of them, or of a power of two, after which they repeat; equal
        widths where there are none.
    """
    period = 1 << max(0, levels.size - 1).bit_length()
    # What is there beyond the last code is never asked for.
    widths = np.full(period, 1 << FRACTION_BITS)
    widths[: levels.size] = UNITS[levels + WIDTH_LEVEL_MAX]
    return edges_around(centre - first, last - first + 1, widths)
