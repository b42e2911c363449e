"""SpikeEncoderTop: the encoder with plain ports and AXI4-Stream names."""

from collections.abc import Sequence

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.isi_encoder import CODERS
from hdl.layouts import SETTINGS
from hdl.spike_encoder import SpikeEncoder


class SpikeEncoderTop(wiring.Component):
    """What the generated Verilog's module `spike_encoder` holds; see `SpikeEncoder` for its behaviour.

    Parameters
    ----------
    channels, lanes, coders
        As for `SpikeEncoder`.

    Members
    -------
    s_axis_tdata : In(8 * ceil(lanes / 8))
        A word of the raster: bit i is lane i; the bits above are ignored.
    s_axis_tvalid, s_axis_tready, s_axis_tlast
        Handshake; `tlast` ends the epoch with the word's row.
    m_axis_tdata : Out(8)
        A byte of a packet.
    m_axis_tvalid, m_axis_tready, m_axis_tlast
        Handshake; `tlast` comes with the last byte of a packet.
    cfg_alpha_q8, cfg_sharpness, cfg_seed, cfg_coder, cfg_epoch_steps, cfg_keyframe_interval
        Settings, latched with the first word of each keyframe.
    status_refused_words : Out(32)
        Cycles in which a word was offered and not taken.

    Raises
    ------
    ValueError
        As for `SpikeEncoder`.
    """

    def __init__(self, channels: int, lanes: int, coders: Sequence[str] = tuple(CODERS)) -> None:
        self._encoder = SpikeEncoder(channels, lanes, coders)
        self._lanes = lanes
        super().__init__(
            {
                "s_axis_tdata": In(-(-lanes // 8) * 8),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(8),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                **{f"cfg_{name}": In(field.shape) for name, field in SETTINGS},
                "status_refused_words": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.encoder = encoder = self._encoder
        m.d.comb += [
            encoder.i.payload.spikes.eq(self.s_axis_tdata[: self._lanes]),
            encoder.i.payload.last.eq(self.s_axis_tlast),
            encoder.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(encoder.i.ready),
            self.m_axis_tdata.eq(encoder.o.payload.data),
            self.m_axis_tlast.eq(encoder.o.payload.last),
            self.m_axis_tvalid.eq(encoder.o.valid),
            encoder.o.ready.eq(self.m_axis_tready),
            self.status_refused_words.eq(encoder.refused),
        ]
        m.d.comb += [encoder.settings[name].eq(getattr(self, f"cfg_{name}")) for name, _ in SETTINGS]
        return m
