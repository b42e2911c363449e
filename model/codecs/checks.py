"""Checks of arguments that several codecs take."""

from __future__ import annotations

import numpy as np


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise `ValueError` unless `value` is one of the strings `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def check_number(name: str, value: object, low: float, high: float) -> float:
    """Return `value` as a `float`, or raise `ValueError` unless it is a number (not a `bool`) in `low..high`."""
    if isinstance(value, np.integer | np.floating):
        value = value.item()  # NumPy would round the limits to the type of `value`
    is_number = isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # type: ignore[operator]
        raise ValueError(f"{name} must be a number in {low:.4g}..{high:.4g}, not {value!r}")
    return float(value)  # type: ignore[arg-type]


def check_flag(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is a `bool`."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, not {value!r}")
