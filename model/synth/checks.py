"""Checks that all generators share."""

from __future__ import annotations

import sys

from model.golden.settings import CHANNELS_MAX, check_int

TINY = 1e-9
"""Least value of what must be more than 0."""


def check_counts(n_steps: int, n_channels: int, seed: int) -> None:
    """Raise `ValueError` unless the three are integers of which a recording can be made."""
    check_int("n_steps", n_steps, 1, sys.maxsize)
    check_int("n_channels", n_channels, 1, CHANNELS_MAX)
    check_int("seed", seed, 0, sys.maxsize)


def check_number(name: str, value: float, low: float, high: float = sys.float_info.max) -> None:
    """Raise `ValueError` unless `value` is in `low..high`; infinity and NaN never are."""
    if not low <= value <= high:
        allowed = f"at least {low:g}, and finite" if high == sys.float_info.max else f"in {low:g}..{high:g}"
        raise ValueError(f"{name} must be {allowed}, not {value!r}")
