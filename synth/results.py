"""The measured figures: docs/silicon.json, added to by each run."""

import json
from typing import Any

from synth.tools import ROOT, versions

DATA = ROOT / "docs" / "silicon.json"

Row = dict[str, Any]
"""Figures of a design of some channels and lanes on a device (`nand2` for gates), and how they were measured."""

KEY = ("design", "channels", "lanes", "device")


def load() -> list[Row]:
    """Return what was measured so far."""
    return json.loads(DATA.read_text()) if DATA.exists() else []


def add(row: Row, command: str) -> None:
    """Add a row, or what it has to one of the same design and device, with the command and the tools' versions."""
    rows = {tuple(one[name] for name in KEY): one for one in load()}
    key = tuple(row[name] for name in KEY)
    rows[key] = rows.get(key, {}) | row | {"command": command, "versions": versions()}
    ordered = sorted(rows.values(), key=lambda one: [str(one[name]).rjust(30) for name in KEY])
    DATA.write_text(json.dumps(ordered, indent=1) + "\n")
