"""What users tell of a file that does not tell it itself. Light, since every `--help` loads it."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection
from dataclasses import dataclass, fields

from model.golden.settings import check_int

OPTIONS = {"sampling_hz": "fs", "gain_microvolts": "gain"}
"""What users call a field where it is not its name."""


@dataclass(frozen=True)
class Hints:
    """What a file may not tell itself.

    Attributes
    ----------
    channels : int, optional
        Of raw binary, which needs it.
    sampling_hz : float, optional
        Of raw binary, `.npy` and spike times.
    dtype : str
        Type of the samples of raw binary, by NumPy's name.
    gain_microvolts : float, optional
        What a unit is, in raw binary and `.npy`.
    offset : int
        Bytes before the first sample in raw binary.
    stream : int, optional
        Which stream of a recording that Neo reads.
    series : str, optional
        Which ElectricalSeries of an NWB file.
    """

    channels: int | None = None
    sampling_hz: float | None = None
    dtype: str = "int16"
    gain_microvolts: float | None = None
    offset: int = 0
    stream: int | None = None
    series: str | None = None

    def __post_init__(self) -> None:
        if self.channels is not None:
            check_int("channels", self.channels, 1, sys.maxsize)
        for name, value in (("fs", self.sampling_hz), ("gain", self.gain_microvolts)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a number above 0, not {value!r}")
        if not _is_numeric(self.dtype):
            raise ValueError(f"dtype must be a type of numbers, such as int16, uint16 or float32, not {self.dtype!r}")

    def check_taken(self, taken: Collection[str], why: str) -> None:
        """Raise `ValueError` if something is told that is of no use.

        Parameters
        ----------
        taken : collection of str
            Names of the fields that are of use.
        why : str
            Of what kind the file is, for the sentence.
        """
        for one in fields(self):
            if one.name not in taken and getattr(self, one.name) != one.default:
                option = OPTIONS.get(one.name, one.name)
                raise ValueError(f"{option} must be left out: {why}")

    @property
    def gains(self) -> list[float]:
        """The gain as a list."""
        return [] if self.gain_microvolts is None else [self.gain_microvolts]


def _is_numeric(name: str) -> bool:
    import numpy as np

    try:
        return np.dtype(name).kind in "biuf"
    except TypeError:
        return False
