"""What the simulated encoder is given, and what it gives back; the same for every simulator."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from model.golden.settings import Settings


@dataclass(frozen=True)
class Stimulus:
    """A raster on its way into the encoder.

    Parameters
    ----------
    raster : ndarray of int8, shape (steps, channels)
        What to encode.
    settings : Settings
        How.
    lanes : int
        Bins of a word.
    gaps, stalls : float
        Chance, in each cycle, that the source begins to pause, or the sink to be busy, for 1 to 16 cycles.
    pause_seed : int
        Of the pauses.

    Raises
    ------
    ValueError
        `lanes`, `gaps`, `stalls` or `pause_seed` is out of range.
    """

    raster: NDArray[np.int8]
    settings: Settings
    lanes: int
    gaps: float = 0.0
    stalls: float = 0.0
    pause_seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.lanes <= self.channels:
            raise ValueError(f"lanes must be in 1..{self.channels} (the channels), not {self.lanes!r}")
        for name, chance in (("gaps", self.gaps), ("stalls", self.stalls)):
            if not 0 <= chance < 1:
                raise ValueError(f"{name} must be a chance from 0 to below 1, not {chance!r}")
        if not 1 <= self.pause_seed < 2**32:
            raise ValueError(f"pause_seed must be in 1..{2**32 - 1}, not {self.pause_seed!r}")

    @property
    def channels(self) -> int:
        """Channels of the raster."""
        return self.raster.shape[1]

    @property
    def words_per_row(self) -> int:
        """Words of a row."""
        return -(-self.channels // self.lanes)

    @property
    def packets(self) -> int:
        """Packets that the encoder will send."""
        return -(-len(self.raster) // self.settings.epoch_steps)

    def words(self) -> NDArray[np.uint8]:
        """Return the words of the input stream, shape (words, bytes of a word)."""
        steps = len(self.raster)
        rows = np.pad(self.raster, ((0, 0), (0, self.words_per_row * self.lanes - self.channels)))
        lanes = rows.reshape(steps * self.words_per_row, self.lanes)
        return np.packbits(lanes, axis=1, bitorder="little")


@dataclass(frozen=True)
class Capture:
    """What a simulated encoder sent, and when.

    Attributes
    ----------
    packets : list of bytes
        Output, cut at `tlast`.
    word_cycles, byte_cycles : ndarray of int
        Clock cycle in which each word was taken and each byte left.
    stall_cycles : int
        Cycles in which a word had to wait.
    refused_words : int
        What the encoder itself counted as such.
    seconds : float
        Time that the simulation took.
    """

    packets: list[bytes]
    word_cycles: NDArray[np.int64]
    byte_cycles: NDArray[np.int64]
    stall_cycles: int
    refused_words: int
    seconds: float

    @property
    def cycles(self) -> int:
        """Clock cycles from the first word to the last byte."""
        return int(self.byte_cycles[-1] - self.word_cycles[0]) + 1

    @property
    def cycles_per_word(self) -> float:
        """Clock cycles from one word to the next, on average."""
        return (int(self.word_cycles[-1] - self.word_cycles[0]) + 1) / len(self.word_cycles)


def cut(stream: bytes, ends: NDArray[np.integer]) -> list[bytes]:
    """Return the packets of a stream, given where each ends."""
    return [stream[start:end] for start, end in pairwise([0, *ends.tolist()])]
