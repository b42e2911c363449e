"""IsiEncoder: words of errors to the payload of packets."""

from collections.abc import Sequence

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.bit_packer import BitPacker
from hdl.gap_counter import GapCounter
from hdl.layouts import PAYLOAD_BYTE, coded_token, word
from hdl.rice_coder import RiceCoder
from hdl.skid_buffer import SkidBuffer
from model.golden.settings import CODER_IDS

CODERS = tuple(CODER_IDS)


class IsiEncoder(wiring.Component):
    """Counts gaps, codes them with the coder in force, and packs the codewords.

    Gaps take the same way whichever coder is in force, so that their codewords keep their order.

    Latency: two cycles in the gap counter, five in the coder (two if built without "rice"), one in the bit packer.
    Throughput: an error a cycle, a byte a cycle, a word a cycle. Back-pressure: holds up the input.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels.
    coders : sequence of {"rice", "leb128"}
        Coders to build, one or both.

    Members
    -------
    i : In(stream)
        Errors, in words.
    o : Out(stream)
        Bytes of the payload.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range, or `coders` is empty or names an unknown coder.
    """

    def __init__(self, channels: int, lanes: int, coders: Sequence[str] = CODERS) -> None:
        check_coders(coders)
        self._gap_counter = GapCounter(channels, lanes)
        self._token_buffer = SkidBuffer(coded_token(channels))
        self._coder = RiceCoder(channels, coders)
        self._bit_packer = BitPacker()
        super().__init__(
            {
                "i": In(stream.Signature(word(lanes))),
                "o": Out(stream.Signature(PAYLOAD_BYTE)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.gap_counter = gap_counter = self._gap_counter
        # Whether the last of many bytes leaves decides otherwise in the same cycle whether a word is taken.
        m.submodules.token_buffer = token_buffer = self._token_buffer
        m.submodules.coder = coder = self._coder
        m.submodules.bit_packer = bit_packer = self._bit_packer
        wiring.connect(m, wiring.flipped(self.i), gap_counter.i)
        wiring.connect(m, token_buffer.o, coder.i)
        wiring.connect(m, coder.o, bit_packer.i)
        wiring.connect(m, bit_packer.o, wiring.flipped(self.o))
        token, coded = gap_counter.o, token_buffer.i
        m.d.comb += [
            coded.valid.eq(token.valid),
            token.ready.eq(coded.ready),
            coded.payload.leb128.eq(token.payload.coder == CODER_IDS["leb128"]),
            *(coded.payload[name].eq(token.payload[name]) for name in ("gap", "error", "end", "keyframe")),
        ]
        return m


def check_coders(coders: Sequence[str]) -> None:
    """Raise `ValueError` unless `coders` names one or more of the known coders."""
    if isinstance(coders, str) or not coders or not set(coders) <= set(CODERS):
        raise ValueError(f"coders must be one or more of {', '.join(CODERS)}, not {coders!r}")
