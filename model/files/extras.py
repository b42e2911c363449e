"""Packages that not everybody has: imported when they are needed, with a sentence that says how to get them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class MissingExtraError(ImportError, ValueError):
    """An optional package is not installed.

    Parameters
    ----------
    package : str
        What is missing.
    extra : str
        The extra that brings it.
    purpose : str
        What for: the beginning of the sentence.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package}; install it with: pip install 'corticodec[{extra}]'")


def need(module: str, extra: str, purpose: str) -> Any:  # noqa: ANN401 - modules have no common type
    """Return a module of an optional package.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError((error.name or module).split(".")[0], extra, purpose) from None
