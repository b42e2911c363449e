"""IsiEncoder: words of errors to the payload of packets."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.bit_packer import BitPacker
from hdl.gap_counter import GapCounter
from hdl.layouts import CODER_BITS, PAYLOAD_BYTE, gap_token, word
from hdl.leb128_coder import Leb128Coder
from hdl.rice_coder import RiceCoder
from hdl.skid_buffer import SkidBuffer
from model.golden.settings import CODER_IDS

CODERS = {"rice": RiceCoder, "leb128": Leb128Coder}
IN_FLIGHT_MAX = 4
"""Tokens that fit in the longer of the coders, one a stage."""


class IsiEncoder(wiring.Component):
    """Counts gaps, codes them with the coder in force, and packs the codewords.

    A gap enters one coder only when the other is empty, so that their codewords keep their order; this costs a few
    cycles where a keyframe changes the coder, and none elsewhere.

    Latency: two cycles in the gap counter, four (rice) or two (leb128) in the coder. Throughput: an
    error a cycle, a byte a cycle, a word a cycle. Back-pressure: holds up the input.

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

    def __init__(self, channels: int, lanes: int, coders: Sequence[str] = tuple(CODERS)) -> None:
        check_coders(coders)
        self._channels = channels
        self._lanes = lanes
        self._coders = tuple(coders)
        super().__init__(
            {
                "i": In(stream.Signature(word(lanes))),
                "o": Out(stream.Signature(PAYLOAD_BYTE)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.gap_counter = gaps = GapCounter(self._channels, self._lanes)
        # Whether the last of many bytes leaves decides otherwise in the same cycle whether a word is taken.
        m.submodules.token_buffer = tokens = SkidBuffer(gap_token(self._channels))
        m.submodules.bit_packer = packer = BitPacker()
        wiring.connect(m, wiring.flipped(self.i), gaps.i)
        wiring.connect(m, gaps.o, tokens.i)
        wiring.connect(m, packer.o, wiring.flipped(self.o))
        coders = {name: CODERS[name](self._channels) for name in self._coders}
        for name, coder in coders.items():
            m.submodules[f"{name}_coder"] = coder
        if len(coders) == 1:
            (coder,) = coders.values()
            wiring.connect(m, tokens.o, coder.i)
            wiring.connect(m, coder.o, packer.i)
        else:
            self._route(m, tokens.o, coders, packer.i)
        return m

    def _route(
        self,
        m: Module,
        tokens: stream.Interface,
        coders: Mapping[str, RiceCoder | Leb128Coder],
        codewords: stream.Interface,
    ) -> None:
        """Send each token through its coder, one coder at a time."""
        coder_in_use = Signal(CODER_BITS)
        in_flight = Signal(range(IN_FLIGHT_MAX + 1))
        admitted = Signal()
        m.d.comb += admitted.eq((in_flight == 0) | (tokens.payload.coder == coder_in_use))

        entered, left = Signal(), Signal()
        m.d.comb += [entered.eq(tokens.valid & tokens.ready), left.eq(codewords.valid & codewords.ready)]
        m.d.sync += in_flight.eq(in_flight + entered - left)
        with m.If(entered):
            m.d.sync += coder_in_use.eq(tokens.payload.coder)

        for name, coder in coders.items():
            number = CODER_IDS[name]
            m.d.comb += coder.i.payload.eq(tokens.payload)
            with m.If(admitted & (tokens.payload.coder == number)):
                m.d.comb += [coder.i.valid.eq(tokens.valid), tokens.ready.eq(coder.i.ready)]
            with m.If(coder_in_use == number):
                m.d.comb += [
                    codewords.valid.eq(coder.o.valid),
                    codewords.payload.eq(coder.o.payload),
                    coder.o.ready.eq(codewords.ready),
                ]


def check_coders(coders: Sequence[str]) -> None:
    """Raise `ValueError` unless `coders` names one or more of the known coders."""
    if isinstance(coders, str) or not coders or not set(coders) <= set(CODERS):
        raise ValueError(f"coders must be one or more of {', '.join(CODERS)}, not {coders!r}")
