"""SpikeDecoderTop: the decoder with plain ports and AXI4-Stream names."""

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.spike_decoder import SpikeDecoder

STATUS = ("dropped", "rejected", "repeated", "hidden", "bad")
"""What may become of a packet, other than being shown; see `SpikeDecoder`."""

ROW_LAST = 32
"""Bit of `m_axis_tuser` that says that the word is the last of its row."""


class SpikeDecoderTop(wiring.Component):
    """What the generated Verilog's module `spike_decoder` holds; see `SpikeDecoder` for its behaviour.

    Parameters
    ----------
    channels, lanes, buffer_bytes
        As for `SpikeDecoder`.

    Members
    -------
    s_axis_tdata : In(8)
        A byte of a packet.
    s_axis_tvalid, s_axis_tready, s_axis_tlast
        Handshake; `tlast` comes with the last byte of a packet.
    m_axis_tdata : Out(8 * ceil(lanes / 8))
        A word of the raster: bit i is lane i; the bits above are 0.
    m_axis_tuser : Out(34)
        Bits 31..0: the number of the word's row (`step_index`). Bit 32: the word is the last of its row. Bit 33: with
        the last word of a packet, its spikes are not to be used.
    m_axis_tvalid, m_axis_tready, m_axis_tlast
        Handshake; `tlast` comes with the last word of a packet.
    status_dropped, status_rejected, status_repeated, status_hidden, status_bad : Out(1)
        1 for a cycle for each packet with that fate.

    Raises
    ------
    ValueError
        As for `SpikeDecoder`.
    """

    def __init__(self, channels: int, lanes: int, buffer_bytes: int = 4096) -> None:
        self._decoder = SpikeDecoder(channels, lanes, buffer_bytes)
        super().__init__(
            {
                "s_axis_tdata": In(8),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(-(-lanes // 8) * 8),
                "m_axis_tuser": Out(34),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                **{f"status_{name}": Out(1) for name in STATUS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.decoder = decoder = self._decoder
        word = decoder.o.payload
        m.d.comb += [
            decoder.i.payload.data.eq(self.s_axis_tdata),
            decoder.i.payload.last.eq(self.s_axis_tlast),
            decoder.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(decoder.i.ready),
            self.m_axis_tdata.eq(word.spikes),
            self.m_axis_tuser.eq(Cat(word.step_index, word.row_last, word.bad)),
            self.m_axis_tlast.eq(word.last),
            self.m_axis_tvalid.eq(decoder.o.valid),
            decoder.o.ready.eq(self.m_axis_tready),
        ]
        m.d.comb += [getattr(self, f"status_{name}").eq(getattr(decoder, name)) for name in STATUS]
        return m
