"""Comparator: turns a firing rate into a prediction."""

from __future__ import annotations


class Comparator:
    """Predicts a spike where a dither is below the rate.

    The dither is the LFSR's state, drawn towards 1/2 by `sharpness`: at 0 it is the state itself, so that a spike is
    predicted with probability rate; at 15 it is 0x7FFF or 0x8000, so that a spike is predicted where the rate is above
    1/2, and the LFSR decides only where the rate is 0x8000 exactly.

    Parameters
    ----------
    sharpness : int
        0..15, how far the dither is drawn towards 1/2: its distance from there is divided by `2**sharpness`.
    """

    def __init__(self, sharpness: int) -> None:
        self.sharpness = sharpness

    def predict(self, state: int, rate: int) -> int:
        """Return 1 if a spike is expected, from the LFSR's state and the rate (both 0..65535)."""
        dither = 0x8000 + ((state - 0x8000) >> self.sharpness)
        return int(dither < rate)
