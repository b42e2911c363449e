"""Figures to a file and to the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console


def report(figures: Mapping[str, float], output: Path, console: Console) -> None:
    """Write figures as JSON, and print one a line."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=2) + "\n")
    for name, value in figures.items():
        console.print(f"{name.replace('_', ' '):26} {value:>14,}")
    console.print(f"Figures: {output}")
