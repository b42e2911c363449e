"""Packages that not everybody has: imported when they are needed, with a sentence that says how to get them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def need(module: str, extra: str, purpose: str) -> Any:  # noqa: ANN401 - modules have no common type
    """Return a module of an optional package.

    Raises
    ------
    ValueError
        It is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = (error.name or module).split(".")[0]
        raise ValueError(
            f"{purpose} needs the package {package}; install it with: pip install 'corticodec[{extra}]'"
        ) from None
