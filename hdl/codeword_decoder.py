"""What the decoders of codewords have in common: their ports, and how a token leaves."""

from amaranth.hdl import Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.bit_unpacker import TAKE_MAX, WINDOW_BITS
from hdl.layouts import decoded_token


def decoder_signature(channels: int) -> wiring.Signature:
    """Return the ports of a decoder of codewords: bits in, tokens out."""
    return wiring.Signature(
        {
            "window": In(WINDOW_BITS),
            "available": In(range(WINDOW_BITS + 1)),
            "ended": In(1),
            "take": Out(range(TAKE_MAX + 1)),
            "enable": In(1),
            "start": In(1),
            "keyframe": In(1),
            "o": Out(stream.Signature(decoded_token(channels))),
        }
    )


def send_token(m: Module, o: stream.Interface, gap: Value, whole: Value, over: Value, bad: Value) -> None:
    """Put a token into the register at `o`: `gap` if a `whole` codeword was read, the end if the payload is `over`.

    A gap that is longer than any epoch ends the payload as a bad one.
    """
    token = o.payload
    too_long = gap[len(token.gap) :].any()
    with m.If(o.ready):
        m.d.sync += o.valid.eq(0)
    with m.If(whole | over):
        m.d.sync += [
            o.valid.eq(1),
            token.gap.eq(gap),
            token.error.eq(whole & ~too_long),
            token.end.eq(over | too_long),
            token.bad.eq(bad | (whole & too_long)),
        ]
