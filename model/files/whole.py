"""Output files that are whole or absent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PART = ".part"
"""The names of files have this in them while they are written."""


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write to, which becomes `path` when the block ends without an exception, as in `whole_path`."""
    with whole_path(path) as part, part.open("wb") as file:
        yield file


@contextmanager
def whole_path(path: Path) -> Iterator[Path]:
    """Give the path of an empty file, which becomes `path` when the block ends without an exception.

    It lies beside `path` until then, and its bytes are on the disk before it gets the name. An exception, Ctrl-C
    included, removes it, and leaves what `path` was before.

    Raises
    ------
    ValueError
        The file cannot be written, or is no regular one.
    """
    if path.is_dir():
        raise ValueError(f"output must be a file, not the folder {path}")
    if path.exists() and not path.is_file():
        raise ValueError(f"output must be a file, not the device or pipe {path}")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PART + path.suffix, dir=path.parent)
    except OSError as error:
        raise ValueError(f"output {path} cannot be written: {error.strerror}") from None
    os.close(handle)
    part = Path(name)
    try:
        yield part
        _sync(part)
        part.chmod(0o666 & ~_umask())
        part.replace(path)
        with suppress(OSError):  # not every system lets a folder be opened
            _sync(path.parent)
    except OSError as error:
        raise ValueError(f"output {path} cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Put a file's bytes, or a folder's names, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
