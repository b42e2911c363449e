"""RiceCoder: gap tokens to adaptive Golomb-Rice codewords of limited length."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from hdl.bits import normalized
from hdl.layouts import CODEWORD, K_BITS, coded_token, gap_bits, part_token, rice_token
from hdl.leb128_coder import Leb128Coder
from hdl.rice_parameter import RiceParameter
from model.golden.leb128_coder import GROUP_BITS
from model.golden.rice_coder import ESCAPE
from model.golden.settings import CODER_IDS

QUOTIENT_BITS = bits_for(ESCAPE - 1)
"""Of a quotient that does not escape."""


class RiceCoder(wiring.Component):
    """Codes each gap with the parameter that `RiceParameter` gives it; a group of LEB128 becomes a byte.

    A byte of LEB128 is the codeword of its 7 bits at k = 7 with a quotient of 0, whose one is the bit that says that
    more bytes follow. So gaps of both coders go the same way, and keep their order. A gap is taken apart behind the
    stages that find the parameter, so that gaps behind it wait there and not in the source.

    The escape's Elias gamma number with the k low bits behind it is `gap - ((ESCAPE - 1) << k)`, in one subtraction.

    Latency: five cycles. Throughput: one token a cycle, a byte a cycle of LEB128. Back-pressure: tokens wait in each of
    the five stages.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.
    coders : sequence of {"rice", "leb128"}
        Coders to build, one or both. Without "rice" the latency is two cycles.

    Members
    -------
    i : In(stream)
        Gap tokens.
    o : Out(stream)
        Codewords; an empty one for a token without an error.
    """

    def __init__(self, channels: int, coders: Sequence[str] = tuple(CODER_IDS)) -> None:
        self._channels = channels
        self._coders = tuple(coders)
        super().__init__(
            {
                "i": In(stream.Signature(coded_token(channels))),
                "o": Out(stream.Signature(CODEWORD)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        bits = gap_bits(self._channels)
        token = self._in_parts(m, self._with_parameter(m))

        split_layout = data.StructLayout(
            {
                "escapes": 1,
                "quotient": QUOTIENT_BITS,
                "plain": 16,
                "escaped": bits,
                "k": K_BITS,
                "error": 1,
                "end": 1,
            }
        )
        split = stream.Signature(split_layout).create()
        m.d.comb += [token.ready.eq(~split.valid | split.ready), split.ready.eq(~self.o.valid | self.o.ready)]
        with m.If(token.ready):
            gap, k = token.payload.gap, token.payload.k
            places = max(bits, 1 << K_BITS)  # a k may be larger than the width of gaps
            # The bits below bit k; (1 << k) - 1 would be a sum.
            below = ~(Const((1 << places) - 1) << k)[:places]
            has_one = ~token.payload.leb128 | token.payload.more
            m.d.sync += [
                split.valid.eq(token.valid),
                split.payload.escapes.eq((gap[QUOTIENT_BITS:] & ~below).any()),
                split.payload.quotient.eq((gap >> k)[:QUOTIENT_BITS]),
                split.payload.plain.eq((gap & below) | (Cat(1, below) & ~below & has_one.replicate(places))),
                split.payload.escaped.eq(gap - ((ESCAPE - 1) << k)),
                split.payload.k.eq(k),
                split.payload.error.eq(token.payload.error),
                split.payload.end.eq(token.payload.end),
            ]
            with m.If(token.payload.leb128):
                m.d.sync += [split.payload.escapes.eq(0), split.payload.quotient.eq(0)]

        escapes = split.payload.escapes
        number = Signal(bits)
        top, _ = normalized(m, number, 1)
        m.d.comb += number.eq(split.payload.escaped)
        # An escape is 64 + n + top + 1 bits long, n being top - k; 63 - k is the complement of k below two ones.
        zeros = Mux(escapes, Cat(1, top), split.payload.quotient)
        others = Cat(split.payload.k ^ escapes.replicate(K_BITS), escapes.replicate(QUOTIENT_BITS - K_BITS))
        codeword = self.o.payload
        with m.If(split.ready):
            m.d.sync += [
                self.o.valid.eq(split.valid),
                codeword.value.eq(0),
                codeword.length.eq(0),
                codeword.end.eq(split.payload.end),
            ]
            with m.If(split.payload.error):
                m.d.sync += [
                    codeword.value.eq(Mux(escapes, split.payload.escaped, split.payload.plain)),
                    codeword.length.eq((Cat(1, zeros) + Cat(1, others))[1:]),  # and one more, in a single sum
                ]
        return m

    def _with_parameter(self, m: Module) -> stream.Interface:
        """Return the tokens at the input with their parameters."""
        if "rice" in self._coders:
            m.submodules.parameter = parameter = RiceParameter(self._channels)
            wiring.connect(m, wiring.flipped(self.i), parameter.i)
            return parameter.o
        token = stream.Signature(rice_token(self._channels)).create()
        came = self.i.payload
        m.d.comb += [
            token.valid.eq(self.i.valid),
            self.i.ready.eq(token.ready),
            token.payload.k.eq(GROUP_BITS),
            *(token.payload[name].eq(came[name]) for name in ("gap", "leb128", "error", "end")),
        ]
        return token

    def _in_parts(self, m: Module, token: stream.Interface) -> stream.Interface:
        """Return the tokens, those for LEB128 taken apart."""
        if "leb128" in self._coders:
            m.submodules.leb128_coder = leb128_coder = Leb128Coder(self._channels)
            wiring.connect(m, token, leb128_coder.i)
            return leb128_coder.o
        part = stream.Signature(part_token(self._channels)).create()
        m.d.comb += [
            part.valid.eq(token.valid),
            token.ready.eq(part.ready),
            *(part.payload[name].eq(token.payload[name]) for name in ("gap", "k", "error", "end")),
        ]
        return part
