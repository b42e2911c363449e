"""SpikeCheck: a check of an epoch's spikes themselves."""

from __future__ import annotations

from model.golden.lfsr import TAPS


class SpikeCheck:
    """Signature register over an epoch's spikes in scan order: the LFSR, from 0, with each bin added to its feedback.

    The packet's CRC-32C protects the bytes; this protects what they stand for. Encoder and decoder each compute it from
    the spikes, so that a bit that flips in a state memory of either one shows in the same packet.

    Attributes
    ----------
    value : int
        0..65535.
    """

    def __init__(self) -> None:
        self.value = 0

    def push(self, spike: int) -> None:
        """Take the next bin."""
        feedback = 0
        for tap in TAPS:
            feedback ^= self.value >> tap & 1
        self.value = (self.value << 1 | feedback ^ spike) & 0xFFFF
