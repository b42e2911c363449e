"""RiceParameter: the Golomb parameter, with its statistics in a tuple."""

from __future__ import annotations

from typing import NamedTuple

from model.golden.rice_debt import CREDIT_GAP_CLIP, DEBT_LIMIT, DEBT_UNIT
from model.golden.rice_mean import COUNT_INITIAL, COUNT_LIMIT, GAP_CLIP, K_MAX, SUM_INITIAL
from model.kernels.bit_length import bit_length
from model.kernels.jit import part


class RiceParameter(NamedTuple):
    """Statistics of the gaps so far."""

    accumulator: int
    counter: int
    debt: int


@part
def reset() -> RiceParameter:
    """Begin a keyframe."""
    return RiceParameter(SUM_INITIAL, COUNT_INITIAL, 0)


@part
def start_epoch(parameter: RiceParameter) -> RiceParameter:
    """Begin a packet that is no keyframe."""
    return RiceParameter(parameter.accumulator, parameter.counter, 0)


@part
def choose_k(parameter: RiceParameter) -> int:
    """Return the Golomb parameter of the next codeword."""
    if parameter.debt >= DEBT_LIMIT:
        return 0
    threshold = parameter.accumulator + (49 * parameter.counter >> 7)
    k = bit_length(threshold) - bit_length(parameter.counter)
    if k > 0 and parameter.counter << k > threshold:
        k -= 1
    return min(max(k, 0), K_MAX)


@part
def update(parameter: RiceParameter, k: int, gap: int) -> RiceParameter:
    """Learn from a gap that was just coded with `k`."""
    if k > 0:
        change = DEBT_UNIT * k - DEBT_UNIT // 2 * min(gap, CREDIT_GAP_CLIP)
    else:
        change = -(min(gap, CREDIT_GAP_CLIP) + 1)
    debt = max(0, parameter.debt + change)
    accumulator, counter = parameter.accumulator + min(gap, GAP_CLIP), parameter.counter + 1
    if counter == COUNT_LIMIT:
        accumulator, counter = accumulator + 1 >> 1, counter >> 1
    return RiceParameter(accumulator, counter, debt)
