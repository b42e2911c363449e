"""Leb128Coder: gap tokens to bytes of 7 bits, low bits first."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import CODEWORD, VALUE_BITS, gap_bits, gap_token
from model.golden.leb128_coder import GROUP_BITS


class Leb128Coder(wiring.Component):
    """Codes each gap in as few bytes as it needs.

    Latency: two cycles. Throughput: one token a cycle. Back-pressure: a token waits in each of the two stages.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    i : In(stream)
        Gap tokens.
    o : Out(stream)
        Codewords of 8 to 32 bits; an empty one for a token without an error.
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
        held = stream.Signature(gap_token(self._channels)).create()
        token, codeword = held.payload, self.o.payload
        septets = [token.gap[low : low + GROUP_BITS] for low in range(0, gap_bits(self._channels), GROUP_BITS)]
        value, length = Signal(VALUE_BITS), Signal.like(codeword.length)
        for last, septet in enumerate(septets):
            # The last group that is not 0 decides, as the last assignment that applies.
            with m.If(septet.any() | (last == 0)):
                first_to_last = [Cat(group, Const(0, GROUP_BITS))[:GROUP_BITS] for group in septets[: last + 1]]
                octets = [Cat(group, index < last) for index, group in enumerate(first_to_last)]
                m.d.comb += [value.eq(Cat(reversed(octets))), length.eq(8 * len(octets))]
        # While a codeword of several bytes waits for the packer, the token behind it has a place of its own.
        m.d.comb += [held.ready.eq(~self.o.valid | self.o.ready), self.i.ready.eq(~held.valid | held.ready)]
        with m.If(self.i.ready):
            m.d.sync += [held.valid.eq(self.i.valid), held.payload.eq(self.i.payload)]
        with m.If(held.ready):
            m.d.sync += [
                self.o.valid.eq(held.valid),
                codeword.value.eq(Mux(token.error, value, 0)),
                codeword.length.eq(Mux(token.error, length, 0)),
                codeword.end.eq(token.end),
            ]
        return m
