"""Broken designs: importing `hdl` with one passage of one file replaced."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType

from formal.spec import Edit

HDL = Path(__file__).resolve().parents[1] / "hdl"


OF_SEVERAL = ("end_to_end",)
"""Property files that are about several blocks."""


def has_properties(name: str) -> bool:
    """Return whether a file of this name in `formal` is one of properties: named like a block, or of several."""
    return name in OF_SEVERAL or (not name.startswith("_") and (HDL / f"{name}.py").is_file())


def edited_text(edit: Edit) -> str:
    """Return the file's text with the edit.

    Raises
    ------
    ValueError
        The passage is not there, or more than once.
    """
    text = (HDL / f"{edit.block}.py").read_text()
    if text.count(edit.old) != 1:
        raise ValueError(f"hdl/{edit.block}.py must have exactly one {edit.old!r}, not {text.count(edit.old)}")
    return text.replace(edit.old, edit.new)


@contextmanager
def edited_hdl(edit: Edit) -> Iterator[None]:
    """Within this context, `hdl` and the properties of its blocks are imported anew, with the edit."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if _knows_hdl(name)}
    finder = _Finder(edit)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _knows_hdl(name)]:
            del sys.modules[name]
        sys.modules.update(kept)
        importlib.invalidate_caches()


def _knows_hdl(name: str) -> bool:
    package, _, module = name.partition(".")
    return package == "hdl" or (package == "formal" and has_properties(module))


class _Loader(SourceFileLoader):
    """Compiles the edited text; neither reads nor writes a cache of compiled code."""

    def __init__(self, fullname: str, path: str, text: str) -> None:
        super().__init__(fullname, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._text.encode(), self.path)


class _Finder(MetaPathFinder):
    """Finds the edited file, and nothing else."""

    def __init__(self, edit: Edit) -> None:
        self._module = f"hdl.{edit.block}"
        self._path = str(HDL / f"{edit.block}.py")
        self._text = edited_text(edit)

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        return spec_from_loader(fullname, _Loader(fullname, self._path, self._text), origin=self._path)
