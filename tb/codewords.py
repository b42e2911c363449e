"""Codewords as the golden codec has them, for the ports of a block."""

from model.golden.codeword import Codeword
from tb.bench import Item


def codeword_item(codeword: Codeword, end: int) -> Item:
    """Return what a stream of codewords has for one, `end` being 1 if it is the last of its epoch."""
    return {"value": codeword.value, "length": codeword.zeros + codeword.width, "end": end}
