"""SpikeDecoderSoc: streams keep their rules while software enables and disables."""

from amaranth.hdl import Module, Signal

from formal.axis import axis_stream
from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, same_stream, transfer
from hdl.spike_decoder_soc import SpikeDecoderSoc

CHANNELS, LANES, BUFFER_BYTES = 3, 2, 32


class Ports(Spec):
    """The top around a decoder and registers that give anything, but keep the rules of streams."""

    method = Pdr("scorr;")
    sizes = f"{CHANNELS} channels, {LANES} lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = SpikeDecoderSoc(CHANNELS, LANES, BUFFER_BYTES)
        inside = self.design(m, dut)
        self.decoder, self.registers = dut._decoder, dut._registers
        self.remove(inside, decoder=self.decoder, registers=self.registers)
        self.outer, self.inner = axis_stream(m, dut, "s_axis"), axis_stream(m, self.decoder, "s_axis")
        shown, given = axis_stream(m, dut, "m_axis"), axis_stream(m, self.decoder, "m_axis")
        assume_source(self, m, self.outer, "s_axis", idle_after_reset=True)
        assume_source(self, m, given, "decoder", idle_after_reset=True)
        prove_source(
            self,
            m,
            shown,
            "m_axis",
            path=False,
            broken_by={
                "held": Edit(
                    "outer.eq(inner)\n", "outer.eq(inner if name != 'm_axis_tvalid' else decoder.s_axis_tready)\n"
                )
            },
        )
        edit = Edit("registers.enable | opened | offered", "registers.enable | opened")
        self._take(m, edit)
        self.contract(
            m,
            "output",
            "A word of `m_axis` is the decoder's.",
            same_stream(shown, given),
            broken_by=Edit("outer.eq(inner)\n", "outer.eq(inner if name != 'm_axis_tlast' else 0)\n"),
        )
        self._counts(m)

    def _take(self, m: Module, edit: Edit) -> None:
        outer, inner = self.outer, self.inner
        prove_source(self, m, inner, "byte", path=False, broken_by={"held": edit})
        within = Signal()
        with m.If(transfer(outer)):
            m.d.sync += within.eq(~self.dut.s_axis_tlast)
        waited = self.past(m, inner.valid & ~inner.ready, "inner_waited")
        lets = self.registers.enable | within | waited
        self.contract(
            m,
            "input",
            "Bytes of `s_axis` are the decoder's, a packet's first one only while enabled or once it was offered.",
            (inner.valid == (outer.valid & lets))
            & (transfer(inner) == transfer(outer))
            & (inner.payload == outer.payload),
            broken_by=[
                Edit(
                    "self.s_axis_tready.eq(decoder.s_axis_tready & lets)",
                    "self.s_axis_tready.eq(decoder.s_axis_tready)",
                ),
                Edit("m.d.sync += opened.eq(~self.s_axis_tlast)", "m.d.sync += opened.eq(1)"),
            ],
        )
        self.cover(m, "held_back", "A byte is held back.", outer.valid & ~inner.valid)

    def _counts(self, m: Module) -> None:
        dut, registers = self.dut, self.registers
        word = dut.m_axis_tvalid & dut.m_axis_tready
        self.contract(
            m,
            "counts",
            "The counters are told of every byte, word, stalled word and refused byte, and of nothing else.",
            (registers.bytes == transfer(self.outer))
            & (registers.words == word)
            & (registers.stalls == (dut.m_axis_tvalid & ~dut.m_axis_tready))
            & (registers.refused == (dut.s_axis_tvalid & ~dut.s_axis_tready)),
            broken_by=Edit("registers.words.eq(word)", "registers.words.eq(last)"),
        )
        self.contract(
            m,
            "good_packets",
            "A packet is counted with its last word, unless it is a bad one.",
            registers.packets == (word & dut.m_axis_tlast & ~self.decoder.status_bad),
            broken_by=Edit("registers.packets.eq(last & ~decoder.status_bad)", "registers.packets.eq(last)"),
        )


SPECS = (Ports(),)
