"""What a Markdown document states in tables and fragments of code, for tests that check it against the code."""

import re
from pathlib import Path
from types import CodeType

DOCS = Path(__file__).parents[1] / "docs"


class Document:
    """A document of `docs/`, by the titles of its sections (without their numbers)."""

    def __init__(self, name: str) -> None:
        self.text = (DOCS / name).read_text(encoding="utf-8")
        parts = re.split(r"^#+ (?:\d+\. )?(.+)$", self.text, flags=re.MULTILINE)
        self.sections = dict(zip(parts[1::2], parts[2::2], strict=True))

    def tables(self, title: str) -> list[list[dict[str, str]]]:
        """Return the tables of a section, each a list of rows, each row by the names of its columns."""
        blocks = re.findall(r"(?:^\|.*\n)+", self.sections[title], flags=re.MULTILINE)
        return [_rows(block) for block in blocks]

    def code(self, title: str) -> list[CodeType]:
        """Return the fragments of Python in a section, ready to be executed."""
        fragments = re.findall(r"^```python\n(.*?)^```", self.sections[title], flags=re.DOTALL | re.MULTILINE)
        return [compile(fragment, title, "exec") for fragment in fragments]

    def numbers(self, title: str, pattern: str) -> list[int]:
        """Return the numbers in the groups of `pattern`, found once in the section; its spaces match line breaks."""
        (found,) = re.finditer(pattern.replace(" ", r"\s+"), self.sections[title])
        return [int(group.replace(",", ""), 0) for group in found.groups()]


def _rows(block: str) -> list[dict[str, str]]:
    names, _, *rows = ([cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines())
    return [dict(zip(names, [cell.strip("`") for cell in row], strict=True)) for row in rows]
