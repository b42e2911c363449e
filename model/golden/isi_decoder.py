"""IsiDecoder: the payload of an epoch to its errors."""

from __future__ import annotations

from model.errors import CodecError
from model.golden.bit_unpacker import BitUnpacker
from model.golden.codeword_decoder import CodewordDecoder
from model.golden.leb128_decoder import Leb128Decoder
from model.golden.rice_decoder import RiceDecoder
from model.golden.settings import CoderName

DECODERS: dict[str, type[CodewordDecoder]] = {"rice": RiceDecoder, "leb128": Leb128Decoder}


class IsiDecoder:
    """The inverse of `IsiEncoder`.

    Parameters
    ----------
    coder : {"rice", "leb128"}
        Interval coder.
    """

    def __init__(self, coder: CoderName) -> None:
        self.decoder = DECODERS[coder]()

    def start_epoch(self) -> None:
        """Begin a packet that is no keyframe (a keyframe begins with a new decoder)."""
        self.decoder.start_epoch()

    def decode(self, payload: bytes, bins: int) -> list[int]:
        """Return the positions, in scan order, of the errors of an epoch of `bins` bins.

        Raises
        ------
        CodecError
            The payload is not one that an encoder writes, or has errors beyond `bins`.
        """
        bits = BitUnpacker(payload)
        positions: list[int] = []
        position = -1
        while (gap := self.decoder.decode(bits)) is not None:
            position += gap + 1
            if position >= bins:
                raise CodecError(f"payload has an error at bin {position} of a packet of {bins} bins")
            positions.append(position)
        return positions
