"""SpikeDecoderSoc: the decoder with AXI4-Stream ports and its registers behind AXI4-Lite."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hdl.decoder_registers import REGISTERS
from hdl.register_block import AXI_LITE_PORTS, RegisterBlock
from hdl.spike_decoder_top import ROW_LAST, STATUS, SpikeDecoderTop

PENDING_BITS = 8
"""Of the number of packets that came in and have no fate yet: the buffer holds 16, the rest of the decoder a few."""


class SpikeDecoderSoc(wiring.Component):
    """What the generated Verilog's module `spike_decoder_soc` holds: `SpikeDecoderTop` and `RegisterBlock`.

    Parameters
    ----------
    channels, lanes, buffer_bytes
        As for `SpikeDecoder`.

    Members
    -------
    s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast, m_axis_tdata, ..., m_axis_tlast
        As for `SpikeDecoderTop`; a packet's first byte is taken only while the decoder is enabled.
    s_axil_awaddr, ..., s_axil_rready
        AXI4-Lite port of the registers, see `hdl.decoder_registers`.

    Raises
    ------
    ValueError
        As for `SpikeDecoder`.
    """

    def __init__(self, channels: int, lanes: int, buffer_bytes: int = 4096) -> None:
        self._decoder = SpikeDecoderTop(channels, lanes, buffer_bytes)
        self._registers = RegisterBlock(REGISTERS)
        self._constants = {"channels": channels, "lanes": lanes, "buffer_bytes": buffer_bytes}
        self._streams = {
            name: member for name, member in self._decoder.signature.members.items() if not name.startswith("status_")
        }
        super().__init__(self._streams | AXI_LITE_PORTS)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.decoder = decoder = self._decoder
        m.submodules.registers = registers = self._registers
        registers.connect_port(m, self)
        for name, member in self._streams.items():
            if name not in ("s_axis_tvalid", "s_axis_tready"):
                outer, inner = getattr(self, name), getattr(decoder, name)
                m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        m.d.comb += [getattr(registers, name).eq(value) for name, value in self._constants.items()]
        m.d.comb += [getattr(registers, name).eq(getattr(decoder, f"status_{name}")) for name in STATUS]
        byte = self._take(m)
        self._follow(m, byte)
        return m

    def _take(self, m: Module) -> Signal:
        """Let bytes in, the first one of a packet only while enabled; return whether one is taken."""
        decoder, registers = self._decoder, self._registers
        opened, offered, byte, lets = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            # A byte that the decoder was offered must not be withdrawn.
            lets.eq(registers.enable | opened | offered),
            decoder.s_axis_tvalid.eq(self.s_axis_tvalid & lets),
            self.s_axis_tready.eq(decoder.s_axis_tready & lets),
            byte.eq(self.s_axis_tvalid & self.s_axis_tready),
            registers.packet_open.eq(opened),
            registers.bytes.eq(byte),
            registers.refused.eq(self.s_axis_tvalid & ~self.s_axis_tready),
        ]
        m.d.sync += offered.eq(decoder.s_axis_tvalid & ~decoder.s_axis_tready)
        with m.If(byte):
            m.d.sync += opened.eq(~self.s_axis_tlast)
        return byte

    def _follow(self, m: Module, byte: Signal) -> None:
        """Count words, and packets to their fates."""
        decoder, registers = self._decoder, self._registers
        pending = Signal(PENDING_BITS)
        in_step, word, last = Signal(), Signal(), Signal()
        left_out = decoder.status_dropped + decoder.status_rejected + decoder.status_repeated + decoder.status_hidden
        m.d.comb += [
            word.eq(decoder.m_axis_tvalid & decoder.m_axis_tready),
            last.eq(word & decoder.m_axis_tlast),
            registers.words.eq(word),
            registers.steps.eq(word & decoder.m_axis_tuser[ROW_LAST]),
            registers.packets.eq(last & ~decoder.status_bad),
            registers.stalls.eq(decoder.m_axis_tvalid & ~decoder.m_axis_tready),
            registers.busy.eq(registers.packet_open | (pending != 0)),
            registers.in_step.eq(in_step),
        ]
        m.d.sync += pending.eq(pending + (byte & self.s_axis_tlast) - last - left_out)
        with m.If(last | decoder.status_hidden):
            m.d.sync += in_step.eq(~decoder.status_bad & ~decoder.status_hidden)
