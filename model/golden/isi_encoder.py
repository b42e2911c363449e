"""IsiEncoder: the errors of an epoch to its payload."""

from __future__ import annotations

from model.golden.bit_packer import BitPacker
from model.golden.gap_counter import GapCounter
from model.golden.leb128_coder import Leb128Coder
from model.golden.rice_coder import RiceCoder
from model.golden.settings import CoderName

CODERS: dict[str, type[RiceCoder] | type[Leb128Coder]] = {"rice": RiceCoder, "leb128": Leb128Coder}


class IsiEncoder:
    """Codes the intervals between errors in scan order.

    Parameters
    ----------
    coder : {"rice", "leb128"}
        Interval coder.
    """

    def __init__(self, coder: CoderName) -> None:
        self.gaps = GapCounter()
        self.coder = CODERS[coder]()
        self.packer = BitPacker()

    def start_epoch(self) -> None:
        """Begin a packet that is no keyframe (a keyframe begins with a new encoder)."""
        self.gaps.start_epoch()
        self.coder.start_epoch()

    def push(self, error: int) -> None:
        """Take the next bin."""
        gap = self.gaps.push(error)
        if gap is not None:
            self.packer.push(self.coder.encode(gap))

    def finish(self) -> bytes:
        """End the epoch and return its payload, which is empty if it had no error."""
        return self.packer.finish()
