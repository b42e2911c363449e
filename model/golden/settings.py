"""The run-time settings of an encoder, and the ranges the wire format gives them."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import Literal

CHANNELS_MAX = 4096
"""Most channels of one raster."""
EPOCH_STEPS_MAX = 0xFFFF
"""Most steps of one packet."""
KEYFRAME_INTERVAL_MAX = 0xFFFF
"""Most packets from one keyframe to the next."""
ALPHA_Q8_MAX = 256
"""The adaptation rate 1.0 in units of 1/256."""
SHARPNESS_MAX = 15
"""The sharpness that makes the comparator a threshold at 1/2."""
SEED_MAX = 0xFFFF

CODER_IDS = {"rice": 0, "leb128": 1}
"""Interval coders by name, with their number on the wire."""
PREDICTOR_ID = 0
"""The number on the wire of the only predictor of this version: LFSR against Q8.8 rate."""

RANGES = (
    ("alpha_q8", 0, ALPHA_Q8_MAX),
    ("sharpness", 0, SHARPNESS_MAX),
    ("seed", 0, SEED_MAX),
    ("epoch_steps", 1, EPOCH_STEPS_MAX),
    ("keyframe_interval", 1, KEYFRAME_INTERVAL_MAX),
)
"""Each setting that is a number, its least value and its largest."""

CoderName = Literal["rice", "leb128"]


def check_int(name: str, value: object, low: int, high: int) -> int:
    """Return `value` as an `int`, or raise `ValueError` unless it is an integer (not a `bool`) in `low..high`.

    Integers of other libraries, such as NumPy's, are integers, too.
    """
    try:
        number = None if isinstance(value, bool) else index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise ValueError(f"{name} must be an integer in {low}..{high}, not {value!r}")
    return number


@dataclass(frozen=True, slots=True)
class Settings:
    """What an encoder may be told at run time; a keyframe carries all of it.

    Parameters
    ----------
    alpha_q8 : int
        Adaptation rate of the firing-rate estimate in 1/256, 0..256. 0 switches prediction off: the rate stays 0. This
        and all other numbers may be of any integer type, and are kept as `int`.
    sharpness : int
        0..15. 0 predicts a spike with probability rate; 15 predicts one where the rate is above 1/2.
    seed : int
        Seed of channel 0's LFSR, 0..65535.
    coder : {"rice", "leb128"}
        Interval coder.
    epoch_steps : int
        Steps of a full packet, 1..65535.
    keyframe_interval : int
        Packets from one keyframe to the next, 1..65535. 1 makes every packet decodable alone.

    Raises
    ------
    ValueError
        A setting is of the wrong type or out of range.
    """

    alpha_q8: int = 1
    sharpness: int = SHARPNESS_MAX
    seed: int = 0xACE1
    coder: CoderName = "rice"
    epoch_steps: int = 200
    keyframe_interval: int = 10

    def __post_init__(self) -> None:
        for name, low, high in RANGES:
            object.__setattr__(self, name, check_int(name, getattr(self, name), low, high))
        if not isinstance(self.coder, str) or self.coder not in CODER_IDS:
            raise ValueError(f"coder must be one of {', '.join(CODER_IDS)}, not {self.coder!r}")
