"""Firing intensities in integers: from a logarithm to an intensity, and on to the probability of a spike.

Everything is whole numbers, the tables too, so that encoder and decoder agree on every machine: floating point would
leave the last bit of an exponential to the C library, and that of a sum to the compiler.
"""

from __future__ import annotations

from math import isqrt

from model.golden.range_coder import PROBABILITY_BITS, PROBABILITY_MAX

LOG_BITS = 24
"""Logarithms are to base 2, in units of 2**-24."""
LOG_MIN = -27 << LOG_BITS
LOG_MAX = (4 << LOG_BITS) - 1
"""A logarithm beyond these is taken as the nearer of them; 16 expected spikes a bin make a probability of nearly 1."""

FRACTION_BITS = 10
"""Bits of a logarithm's fraction that its power of 2 depends on: steps of 0.07 %."""
MANTISSA_BITS = 6
"""Bits behind the first one of an intensity that choose a row of the table of probabilities."""
INTENSITY_BITS = 32
"""Intensities are in expected spikes, in units of 2**-32; those of many channels add up."""
PRECISION_BITS = 128
"""Bits behind the point while the tables are computed."""
LARGEST_LENGTH = INTENSITY_BITS + 6
"""From 32 expected spikes on, an intensity of this many bits, the probability is as near to 1 as it gets."""


def _powers() -> list[int]:
    """Return 2**f in units of 2**-36, for each f in the middle of a step."""
    one = 1 << PRECISION_BITS
    half_step = 2 * one
    for _ in range(FRACTION_BITS + 1):
        half_step = isqrt(half_step * one)
    powers = [half_step]
    while len(powers) < 1 << FRACTION_BITS:
        powers.append(powers[-1] * half_step * half_step >> 2 * PRECISION_BITS)
    return [power >> PRECISION_BITS - INTENSITY_BITS - 4 for power in powers]


def _probabilities() -> list[int]:
    """Return 1 - exp(-x) for each intensity x of `MANTISSA_BITS + 1` leading bits and zeros behind them."""
    one = 1 << PRECISION_BITS
    # exp(-x) = 1 - x + x**2 / 2, far beyond the precision that is needed for the least of intensities.
    least = one - (one >> INTENSITY_BITS) + (one >> 2 * INTENSITY_BITS + 1)
    row = [one]
    while len(row) < 2 << MANTISSA_BITS:
        row.append(row[-1] * least >> PRECISION_BITS)
    row = row[1 << MANTISSA_BITS :]
    probabilities = []
    for _ in range(LARGEST_LENGTH - MANTISSA_BITS - 1):
        probabilities += [one - silence >> PRECISION_BITS - PROBABILITY_BITS for silence in row]
        row = [silence * silence >> PRECISION_BITS for silence in row]
    return [*probabilities, PROBABILITY_MAX]


POWERS = _powers()
PROBABILITIES = _probabilities()


def intensity_of(log: int) -> int:
    """Return 2**log, the expected spikes of a bin."""
    log = min(max(log, LOG_MIN), LOG_MAX)
    power = POWERS[log >> LOG_BITS - FRACTION_BITS & (1 << FRACTION_BITS) - 1]
    return power >> 4 - (log >> LOG_BITS)


def probability_of(intensity: int) -> int:
    """Return 1 - exp(-intensity), the probability of a spike, or of any where intensities of several bins are added."""
    if intensity < 1 << MANTISSA_BITS + 1:
        return intensity
    shift = intensity.bit_length() - MANTISSA_BITS - 1
    if shift >= LARGEST_LENGTH - MANTISSA_BITS - 1:
        return PROBABILITY_MAX
    row = (shift << MANTISSA_BITS) + (intensity >> shift) - (1 << MANTISSA_BITS)
    below, above = PROBABILITIES[row : row + 2]
    return below + ((above - below) * (intensity & (1 << shift) - 1) >> shift)
