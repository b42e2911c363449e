"""IsiDecoder: payloads to the gaps between errors."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.bit_unpacker import BitUnpacker
from hdl.layouts import CODING, PAYLOAD_BYTE, decoded_token
from hdl.leb128_decoder import Leb128Decoder
from hdl.rice_decoder import RiceDecoder
from model.golden.settings import CODER_IDS

DECODERS = {"rice": RiceDecoder, "leb128": Leb128Decoder}


class IsiDecoder(wiring.Component):
    """Reads each payload with the decoder of its packet's coder.

    Throughput: see `RiceDecoder` and `Leb128Decoder`; between payloads two cycles. Back-pressure: holds up the input.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    coding : In(stream)
        Tag, keyframe flag and coder of each payload.
    i : In(stream)
        Bytes of payloads.
    o : Out(stream)
        Tokens; the last one of each payload has `end`.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        super().__init__(
            {
                "coding": In(stream.Signature(CODING)),
                "i": In(stream.Signature(PAYLOAD_BYTE)),
                "o": Out(stream.Signature(decoded_token(channels))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.bit_unpacker = unpacker = BitUnpacker()
        wiring.connect(m, wiring.flipped(self.i), unpacker.i)
        active, start = Signal(), Signal()
        packet = Signal(CODING)
        m.d.comb += [
            self.coding.ready.eq(~active),
            start.eq(self.coding.valid & ~active),
            unpacker.clear.eq(self.o.valid & self.o.ready & self.o.payload.end),
        ]
        with m.If(start):
            m.d.sync += [active.eq(1), packet.eq(self.coding.payload)]
        with m.If(unpacker.clear):
            m.d.sync += active.eq(0)

        for name, kind in DECODERS.items():
            m.submodules[f"{name}_decoder"] = decoder = kind(self._channels)
            chosen = active & (packet.coder == CODER_IDS[name])
            m.d.comb += [
                decoder.window.eq(unpacker.window),
                decoder.available.eq(unpacker.available),
                decoder.ended.eq(unpacker.ended),
                decoder.start.eq(start),
                decoder.keyframe.eq(self.coding.payload.keyframe),
                decoder.enable.eq(chosen),
            ]
            with m.If(chosen):
                m.d.comb += [
                    unpacker.take.eq(decoder.take),
                    self.o.valid.eq(decoder.o.valid),
                    self.o.payload.eq(decoder.o.payload),
                    self.o.payload.tag.eq(packet.tag),
                    decoder.o.ready.eq(self.o.ready),
                ]
        return m
