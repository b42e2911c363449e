"""Recordings, as whatever reads a kind of file gives them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS_OF_NUMBERS = "biuf"
"""Letters of the kinds of NumPy's types that samples may have."""
Rows = NDArray[Any]
"""Samples of shape (steps, channels)."""


@dataclass(frozen=True)
class Signal:
    """What is known about the samples of a recording.

    Attributes
    ----------
    steps, channels : int
        Samples of each channel, and channels.
    dtype : numpy.dtype
        Type of the samples.
    sampling_hz : float or None
        Samples a second, where it is known.
    gain_microvolts, offset_microvolts : list of float
        What a unit of each channel is, and what 0 is; empty where it is not known.
    channel_names : list of str
        Empty where they have none.
    """

    steps: int
    channels: int
    dtype: np.dtype[Any]
    sampling_hz: float | None = None
    gain_microvolts: list[float] = field(default_factory=list)
    offset_microvolts: list[float] = field(default_factory=list)
    channel_names: list[str] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Size of all samples."""
        return self.steps * self.channels * self.dtype.itemsize


class Recording(ABC):
    """Samples that are read a piece at a time.

    Parameters
    ----------
    path : Path
        Where they are.
    signal : Signal
        What they are.

    Raises
    ------
    ValueError
        The samples are no numbers, or a rate, gain or offset is none.

    Attributes
    ----------
    kind : str
        What kind of file it is, for messages.
    note : str or None
        A sentence for users, where something of the file is not what they may think.
    """

    kind: str
    note: str | None = None

    def __init__(self, path: Path, signal: Signal) -> None:
        rate = 1.0 if signal.sampling_hz is None else signal.sampling_hz
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"{path} must have a sampling rate above 0, not {rate:g} Hz")
        if not np.isfinite([*signal.gain_microvolts, *signal.offset_microvolts]).all():
            raise ValueError(f"{path} must have finite gains and offsets")
        if signal.dtype.kind not in KINDS_OF_NUMBERS:
            raise ValueError(f"{path} must hold numbers, not {signal.dtype}")
        self.path, self.signal = path, signal

    @abstractmethod
    def rows(self, start: int, stop: int) -> Rows:
        """Return steps `start` to `stop`, exclusive."""

    def times(self) -> NDArray[np.float64] | None:
        """Return the time of each step in seconds where a constant rate does not tell it."""
        return None
