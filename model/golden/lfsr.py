"""Lfsr: the pseudo-random dither of one channel."""

from __future__ import annotations

TAPS = (15, 13, 12, 10)
"""State bits that feed back: the polynomial x^16 + x^14 + x^13 + x^11 + 1."""
CHANNEL_STRIDE = 7919
"""Distance between the seeds of neighbouring channels, modulo 2^16."""


def channel_seed(seed: int, channel: int) -> int:
    """State of a channel's LFSR at a keyframe, 1..65535; 0 is replaced by 1, since an LFSR never leaves 0."""
    return ((seed + CHANNEL_STRIDE * channel) & 0xFFFF) or 1


class Lfsr:
    """16-bit Fibonacci LFSR of maximal period, 65,535.

    Parameters
    ----------
    seed : int
        Seed of channel 0, 0..65535.
    channel : int
        Channel whose sequence this is; each channel starts `CHANNEL_STRIDE` further on.

    Attributes
    ----------
    state : int
        1..65535; what the comparator reads before `step` moves on.
    """

    def __init__(self, seed: int, channel: int = 0) -> None:
        self.state = channel_seed(seed, channel)

    def step(self) -> None:
        """Shift left by one bit; the new bit 0 is the parity of the taps."""
        feedback = 0
        for tap in TAPS:
            feedback ^= self.state >> tap & 1
        self.state = (self.state << 1 | feedback) & 0xFFFF
