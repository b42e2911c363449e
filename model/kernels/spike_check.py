"""SpikeCheck: the check of an epoch's spikes, from where they are."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from model.kernels import lfsr
from model.kernels.jit import kernel, part

PERIOD = 0xFFFF
"""Steps after which an LFSR repeats itself."""
BLOCK = 16
"""Bins that are looked at together."""


@cache
def weights() -> NDArray[np.int32]:
    """Return what a spike adds to the check, by its distance to the epoch's last bin modulo `PERIOD`.

    The check is linear, and a lone spike leaves the register as an LFSR of seed 1 that runs to the epoch's end.
    """
    states = np.empty(PERIOD, dtype=np.int32)
    _run_lfsr(states)
    return states


@kernel
def _run_lfsr(states: NDArray[np.int32]) -> None:
    state = 1
    for index in range(states.size):
        states[index] = state
        state = lfsr.step(state)


@part
def of_row(spikes: NDArray[np.int8], bins_left: int, weights: NDArray[np.int32]) -> int:
    """Return what a row adds to the check of its epoch, which has `bins_left` bins from the row's first one on."""
    check = 0
    for start in range(0, spikes.size, BLOCK):
        end = min(start + BLOCK, spikes.size)
        any_spike = 0
        for channel in range(start, end):
            any_spike |= spikes[channel]
        if any_spike:
            for channel in range(start, end):
                if spikes[channel]:
                    check ^= weights[(bins_left - 1 - channel) % PERIOD]
    return check
