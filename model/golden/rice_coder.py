"""RiceCoder: gaps to adaptive Golomb-Rice codewords of limited length."""

from __future__ import annotations

from model.golden.codeword import Codeword
from model.golden.rice_parameter import RiceParameter

ESCAPE = 64
"""From this quotient on, the unary part of a codeword goes over to an Elias gamma code."""
GAP_BITS = 28
"""Every gap of an epoch of 65,535 steps and 4,096 channels fits in this many bits."""


class RiceCoder:
    """Golomb-Rice code with parameter k from `RiceParameter` and an escape for outliers.

    A gap is split into `quotient = gap >> k` and the k bits below. Every codeword has one shape: z zeros, a one, then
    n + k bits. With `quotient < ESCAPE`, z is the quotient and n is 0: the classical code. From there on
    `quotient - ESCAPE + 1`, a number of n + 1 bits, follows in Elias gamma: z is `ESCAPE + n`.
    """

    def __init__(self) -> None:
        self.parameter = RiceParameter()

    def start_epoch(self) -> None:
        """Begin a packet that is no keyframe (a keyframe begins with a new coder)."""
        self.parameter.start_epoch()

    def encode(self, gap: int) -> Codeword:
        """Return the codeword of the next gap."""
        k = self.parameter.k
        self.parameter.update(gap)
        quotient, remainder = gap >> k, gap & (1 << k) - 1
        if quotient < ESCAPE:
            return Codeword(zeros=quotient, value=1 << k | remainder, width=1 + k)
        beyond = quotient - ESCAPE + 1
        n = beyond.bit_length() - 1
        return Codeword(zeros=ESCAPE + n, value=beyond << k | remainder, width=1 + n + k)
