"""A writer of rasters that looks at the encoder's state and chooses what costs it most."""

import copy

from model.golden.codeword import Codeword
from model.golden.rice_coder import RiceCoder
from model.golden.rice_parameter import RiceParameter

LURES = [(), *((2**bits + offset,) for bits in range(2, 18) for offset in (-1, 1))]
"""Gaps that make the encoder expect long ones: none, or one of many lengths."""
RUN_MAX = 80


def codeword_bits(codeword: Codeword) -> int:
    return codeword.zeros + codeword.width


def gap_bits(gap: int, parameter: RiceParameter) -> int:
    """Return the bits of the next codeword, and let `parameter` learn from it."""
    coder = RiceCoder()
    coder.parameter = parameter
    return codeword_bits(coder.encode(gap))


def greedy_gaps(bins: int) -> tuple[list[int], list[int]]:
    """Return gaps that fill `bins` bins, and the bits that each takes.

    It repeats: a lure, then errors side by side. Of all lures and lengths it takes the pair that costs the encoder most
    bits beyond one a bin, for each bin that it uses up.
    """
    parameter = RiceParameter()
    gaps: list[int] = []
    bits: list[int] = []
    left = bins
    while left > 0:
        chosen = max((_best_run(lure, parameter, left) for lure in LURES), key=lambda run: run[0])[1]
        for gap in chosen:
            gaps.append(gap)
            bits.append(gap_bits(gap, parameter))
            left -= gap + 1
    return gaps, bits


def _best_run(lure: tuple[int, ...], parameter: RiceParameter, left: int) -> tuple[float, list[int]]:
    parameter = copy.deepcopy(parameter)
    best = (float("-inf"), [0])
    bits = bins = 0
    run: list[int] = []
    for gap in [*lure, *[0] * RUN_MAX]:
        bins += gap + 1
        if bins > left:
            break
        run.append(gap)
        bits += gap_bits(gap, parameter)
        best = max(best, ((bits - bins) / bins, list(run)), key=lambda one: one[0])
    return best
