"""SpikeEncoderSoc: the encoder with AXI4-Stream ports and its registers behind AXI4-Lite."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.encoder_registers import REGISTERS
from hdl.isi_encoder import CODERS
from hdl.layouts import SETTINGS
from hdl.register_block import AXI_LITE_PORTS, RegisterBlock
from hdl.spike_encoder import SpikeEncoder


class SpikeEncoderSoc(wiring.Component):
    """What the generated Verilog's module `spike_encoder_soc` holds: `SpikeEncoder` and `RegisterBlock`.

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
    s_axil_awaddr, ..., s_axil_rready
        AXI4-Lite port of the registers, see `hdl.encoder_registers`.

    Raises
    ------
    ValueError
        As for `SpikeEncoder`.
    """

    def __init__(self, channels: int, lanes: int, coders: Sequence[str] = tuple(CODERS)) -> None:
        self._encoder = SpikeEncoder(channels, lanes, coders)
        self._registers = RegisterBlock(REGISTERS)
        self._channels = channels
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
                **AXI_LITE_PORTS,
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.encoder = encoder = self._encoder
        m.submodules.registers = registers = self._registers
        registers.connect_port(m, self)
        m.d.comb += [encoder.settings[name].eq(getattr(registers, name)) for name, _ in SETTINGS]

        refused, flush = Signal(), self._flush(m)
        m.d.comb += [
            encoder.i.payload.spikes.eq(self.s_axis_tdata[: self._lanes]),
            encoder.i.payload.last.eq(self.s_axis_tlast | flush),
            encoder.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(encoder.i.ready),
            encoder.hold.eq(~registers.enable),
            self.m_axis_tdata.eq(encoder.o.payload.data),
            self.m_axis_tlast.eq(encoder.o.payload.last),
            self.m_axis_tvalid.eq(encoder.o.valid),
            encoder.o.ready.eq(self.m_axis_tready),
            refused.eq(self.s_axis_tvalid & ~self.s_axis_tready),
            registers.channels.eq(self._channels),
            registers.lanes.eq(self._lanes),
            registers.busy.eq(encoder.busy),
            registers.epoch_open.eq(encoder.epoch_open),
            registers.packets.eq(encoder.o.valid & encoder.o.ready & encoder.o.payload.last),
            registers.bytes.eq(encoder.o.valid & encoder.o.ready),
            registers.errors.eq(encoder.errors),
            registers.stalls.eq(encoder.o.valid & ~encoder.o.ready),
            registers.refused.eq(refused),
        ]
        return m

    def _flush(self, m: Module) -> Signal:
        """Return whether the word on offer ends the open epoch with its row because software asks for it."""
        encoder, registers = self._encoder, self._registers
        wanted, given, flush = Signal(), Signal(), Signal()
        m.d.comb += [
            # Both flags outlive the epoch by a cycle, in which the first word of the next one may be on offer.
            flush.eq(given & encoder.epoch_open),
            registers.flush_pending.eq(wanted & encoder.epoch_open),
        ]
        with m.If(registers.flush):
            m.d.sync += wanted.eq(1)
        # A word that waits must not change.
        with m.If(~encoder.i.valid | encoder.i.ready):
            m.d.sync += given.eq(wanted)
        with m.If(~encoder.epoch_open):
            m.d.sync += [wanted.eq(0), given.eq(0)]
        return flush
