"""Documents keep to the line length of the code; tables cannot."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LENGTH_MAX = 120


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_lines_of_text_are_short(page):
    lines = page.read_text().splitlines()
    long = [number for number, line in enumerate(lines, 1) if len(line) > LENGTH_MAX and not line.startswith("|")]
    assert not long, f"{page.name} has lines of more than {LENGTH_MAX} characters: {long}"
