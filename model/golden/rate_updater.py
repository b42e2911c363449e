"""RateUpdater: a running estimate of one channel's firing rate."""

from __future__ import annotations

TARGET_SPIKE = 0xFFFF
"""Where a spike pulls the rate to; its absence pulls it to 0."""


class RateUpdater:
    """First-order low-pass of the spikes, in Q8.8 with 8 guard bits.

    The rate is `acc >> 8`, in spikes per 256 steps as Q8.8; equally, `rate / 65536` is a firing probability.
    Each spike or its absence moves the accumulator by `alpha_q8 * (target - rate)`. Because |target - rate| is at
    most 0xFFFF and alpha_q8 at most 256, the accumulator stays within 0..0xFFFFFF without any clipping.

    Parameters
    ----------
    alpha_q8 : int
        Share of the distance to the target that one step covers, in 1/256; 0..256.

    Attributes
    ----------
    acc : int
        24-bit accumulator, 0 at a keyframe.
    """

    def __init__(self, alpha_q8: int) -> None:
        self.alpha_q8 = alpha_q8
        self.acc = 0

    @property
    def rate(self) -> int:
        """Estimated firing rate, 0..65535 (Q8.8)."""
        return self.acc >> 8

    def update(self, spike: int) -> None:
        """Learn from what the channel did in this step."""
        target = TARGET_SPIKE if spike else 0
        self.acc += self.alpha_q8 * (target - self.rate)
