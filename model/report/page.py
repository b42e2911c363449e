"""A page of facts and figures that is one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b2733; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 0 }
table { border-collapse: collapse } td { padding: 0.1rem 1.5rem 0.1rem 0; vertical-align: top }
td:first-child { color: #5b6b7b } svg { width: 100%; height: auto } p { margin: 0.2rem 0; color: #5b6b7b }
"""


@dataclass
class Page:
    """A page.

    Parameters
    ----------
    title : str
        At its top.
    facts : dict of str to str
        A table below it.

    Attributes
    ----------
    figures : list of (str, str, str)
        Title, a sentence, and SVG of each.
    """

    title: str
    facts: dict[str, str]
    figures: list[tuple[str, str, str]] = field(default_factory=list)

    def html(self) -> str:
        """Return the page, which needs no other file."""
        rows = "\n".join(
            f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in self.facts.items()
        )
        figures = "\n".join(
            f"<section><h2>{escape(title)}</h2><p>{escape(sentence)}</p>{image}</section>"
            for title, sentence, image in self.figures
        )
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self.title)}</title>'
            f"<style>{STYLE}</style></head>\n<body><h1>{escape(self.title)}</h1>\n<table>\n{rows}\n</table>\n"
            f"{figures}\n</body></html>\n"
        )
