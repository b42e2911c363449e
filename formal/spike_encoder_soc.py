"""SpikeEncoderSoc: streams keep their rules while software holds, releases and flushes."""

from amaranth.hdl import Cat, Module, Value

from formal.axis import axis_stream
from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, same_stream, transfer
from hdl.layouts import SETTINGS
from hdl.spike_encoder_soc import SpikeEncoderSoc

CHANNELS, LANES = 3, 2


class Ports(Spec):
    """The top around an encoder and registers that give anything, but keep the rules of streams."""

    method = Pdr("scorr;")
    sizes = f"{CHANNELS} channels, {LANES} lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = SpikeEncoderSoc(CHANNELS, LANES)
        inside = self.design(m, dut)
        self.encoder, self.registers = dut._encoder, dut._registers
        self.remove(inside, encoder=self.encoder, registers=self.registers)
        assume_source(self, m, axis_stream(m, dut, "s_axis"), "s_axis", idle_after_reset=True)
        assume_source(self, m, self.encoder.o, "encoder", idle_after_reset=True)
        taken = transfer(self.encoder.i)
        is_open = self.past(m, self.encoder.epoch_open, "open")
        self.assume(
            m,
            "epoch_open",
            "An epoch opens and ends only behind a word.",
            self.past(m, taken, "taken") | (self.encoder.epoch_open == is_open),
        )
        self.m_axis = axis_stream(m, dut, "m_axis")
        prove_source(
            self,
            m,
            self.m_axis,
            "m_axis",
            path=False,
            broken_by={
                "held": Edit("self.m_axis_tvalid.eq(encoder.o.valid)", "self.m_axis_tvalid.eq(encoder.i.ready)")
            },
        )
        prove_source(
            self,
            m,
            self.encoder.i,
            "word",
            path=False,
            broken_by={"stable": Edit("with m.If(~encoder.i.valid | encoder.i.ready):", "with m.If(1):")},
        )
        self._words(m)
        self._registers(m)

    def _words(self, m: Module) -> None:
        dut, encoder = self.dut, self.encoder
        given = encoder.i
        self.contract(
            m,
            "input",
            "A word of `s_axis` is the encoder's; it may end the epoch only within one, where the stream does not.",
            (given.valid == dut.s_axis_tvalid)
            & (dut.s_axis_tready == given.ready)
            & (given.payload.spikes == dut.s_axis_tdata[:LANES])
            & ((given.payload.last == dut.s_axis_tlast) | (given.payload.last & encoder.epoch_open)),
            broken_by=Edit("flush.eq(given & encoder.epoch_open)", "flush.eq(given)"),
        )
        self.contract(
            m,
            "output",
            "A byte of `m_axis` is the encoder's.",
            same_stream(self.m_axis, encoder.o),
            broken_by=Edit("self.m_axis_tlast.eq(encoder.o.payload.last)", "self.m_axis_tlast.eq(0)"),
        )

    def _registers(self, m: Module) -> None:
        dut, encoder, registers = self.dut, self.encoder, self.registers
        self.contract(
            m,
            "settings",
            "The encoder has the registers' settings, and holds while it is not enabled.",
            (Cat(getattr(registers, name) for name, _ in SETTINGS) == Value.cast(encoder.settings))
            & (encoder.hold == ~registers.enable),
            broken_by=Edit("encoder.hold.eq(~registers.enable)", "encoder.hold.eq(0)"),
        )
        asked = self.past(m, registers.flush, "asked")
        self.contract(
            m,
            "flush_pending",
            "A flush that software asks for within an epoch is pending in the next cycle, if the epoch still is open.",
            registers.flush_pending,
            when=asked & self.past(m, encoder.epoch_open, "was_open") & encoder.epoch_open,
            broken_by=Edit("registers.flush_pending.eq(wanted & ", "registers.flush_pending.eq(given & "),
        )
        self.contract(
            m,
            "counts",
            "The counters are told of every byte, packet, stalled byte and refused word, and of nothing else.",
            (registers.bytes == transfer(encoder.o))
            & (registers.packets == (transfer(encoder.o) & encoder.o.payload.last))
            & (registers.stalls == (dut.m_axis_tvalid & ~dut.m_axis_tready))
            & (registers.refused == (dut.s_axis_tvalid & ~dut.s_axis_tready)),
            broken_by=Edit("registers.stalls.eq(encoder.o.valid & ~encoder.o.ready)", "registers.stalls.eq(0)"),
        )
        self.cover(
            m, "flushed", "A flush ends an epoch.", transfer(encoder.i) & encoder.i.payload.last & ~dut.s_axis_tlast
        )


SPECS = (Ports(),)
