"""The measured figures: silicon.json, added to by each run."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sim.build import alone_in
from synth.designs import DESIGNS, TARGET
from synth.tools import CACHE, ROOT

DOCS = ROOT / "docs"
NAME = "silicon.json"

Row = dict[str, Any]
"""Figures of a design of some channels and lanes on a device (`nand2` for gates), and how they were measured."""
Key = tuple[str, str, int, int]
"""What a row is found and sorted by: design, device, lanes, channels."""


def key(row: Row) -> Key:
    """Return a row's key."""
    return row["design"], row["device"], row["lanes"], row["channels"]


def of_target(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of the targets' size."""
    return [row for row in rows if (row["channels"], row["lanes"]) == TARGET]


def load(folder: Path) -> list[Row]:
    """Return what was measured so far, in the order of `key`.

    Raises
    ------
    ValueError
        The file in the folder is not of `make synth`.
    """
    file = folder / NAME
    if not file.exists():
        return []
    try:
        rows: list[Row] = json.loads(file.read_text())
        return sorted(rows, key=key)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} must be as `make synth` writes it: {error}") from None


def add(row: Row, folder: Path) -> None:
    """Add a row, in the place of one of the same `key`, and forget those of designs that are no more."""
    with alone_in(CACHE):
        rows = {key(one): one for one in load(folder)}
        if rows.get(key(row)) == row:
            return
        rows[key(row)] = row
        kept = [rows[one] for one in sorted(rows) if rows[one]["design"] in DESIGNS]
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{NAME}.tmp"
        unfinished.write_text(json.dumps(kept, indent=1) + "\n")
        unfinished.replace(folder / NAME)
