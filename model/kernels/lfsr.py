"""Lfsr: one step of its state."""

from __future__ import annotations

from model.golden.lfsr import TAPS
from model.kernels.jit import part

TAP_A, TAP_B, TAP_C, TAP_D = TAPS


@part
def step(state: int) -> int:
    """Return the state after `state`."""
    feedback = (state >> TAP_A ^ state >> TAP_B ^ state >> TAP_C ^ state >> TAP_D) & 1
    return (state << 1 | feedback) & 0xFFFF
