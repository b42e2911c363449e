"""RiceCoder: gap tokens to adaptive Golomb-Rice codewords of limited length."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from hdl.bits import normalized
from hdl.layouts import CODEWORD, K_BITS, gap_bits, gap_token
from hdl.rice_parameter import RiceParameter
from model.golden.rice_coder import ESCAPE

QUOTIENT_BITS = bits_for(ESCAPE - 1)
"""Of a quotient that does not escape."""


class RiceCoder(wiring.Component):
    """Codes each gap with the parameter that `RiceParameter` gives it.

    The escape's Elias gamma number with the k low bits behind it is `gap - ((ESCAPE - 1) << k)`, in one subtraction.

    Latency: four cycles. Throughput: one token a cycle. Back-pressure: tokens wait in each of the four stages.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    i : In(stream)
        Gap tokens.
    o : Out(stream)
        Codewords; an empty one for a token without an error.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        super().__init__(
            {
                "i": In(stream.Signature(gap_token(channels))),
                "o": Out(stream.Signature(CODEWORD)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        bits = gap_bits(self._channels)
        m.submodules.parameter = parameter = RiceParameter(self._channels)
        wiring.connect(m, wiring.flipped(self.i), parameter.i)
        token = parameter.o

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
            # The bits below bit k; (1 << k) - 1 would be a sum.
            below = ~(Const((1 << bits) - 1) << k)[:bits]
            m.d.sync += [
                split.valid.eq(token.valid),
                split.payload.escapes.eq((gap[QUOTIENT_BITS:] & ~below).any()),
                split.payload.quotient.eq((gap >> k)[:QUOTIENT_BITS]),
                split.payload.plain.eq((gap & below) | (Cat(1, below) & ~below)),
                split.payload.escaped.eq(gap - ((ESCAPE - 1) << k)),
                split.payload.k.eq(k),
                split.payload.error.eq(token.payload.error),
                split.payload.end.eq(token.payload.end),
            ]

        escapes = split.payload.escapes
        number = Signal(bits)
        n = Signal(K_BITS + 1)
        top, _ = normalized(m, number, 1)
        m.d.comb += [number.eq(split.payload.escaped), n.eq(top - split.payload.k)]
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
                    codeword.length.eq(Mux(escapes, ESCAPE + n + top, split.payload.quotient + split.payload.k) + 1),
                ]
        return m
