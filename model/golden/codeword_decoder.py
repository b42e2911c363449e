"""CodewordDecoder: what the decoders of codewords have in common, and what becomes of a payload."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from model.errors import CodecError
from model.golden.bit_unpacker import BitUnpacker


class CodewordDecoder(Protocol):
    """Codewords to gaps."""

    def start_epoch(self) -> None:
        """Begin a packet that is no keyframe (a keyframe begins with a new decoder)."""

    def decode(self, bits: BitUnpacker) -> int | None:
        """Read the next gap, or return None at the end of the payload.

        Raises
        ------
        CodecError
            The bits left are neither a codeword nor the end of a payload.
        """


class DecodedToken(NamedTuple):
    """A gap, or, where `gap` is None, the end of the payload; `bad` where it is not one that an encoder writes."""

    gap: int | None
    bad: bool


def read_tokens(decoder: CodewordDecoder, payload: bytes, gap_bits: int) -> Iterator[DecodedToken]:
    """Yield the gaps of a payload, good or bad, and its end.

    A gap of more than `gap_bits` bits, longer than any epoch, ends the payload as a bad one.
    """
    bits = BitUnpacker(payload)
    try:
        while (gap := decoder.decode(bits)) is not None:
            if gap >> gap_bits:
                yield DecodedToken(None, bad=True)
                return
            yield DecodedToken(gap, bad=False)
    except CodecError:
        yield DecodedToken(None, bad=True)
        return
    yield DecodedToken(None, bad=False)
