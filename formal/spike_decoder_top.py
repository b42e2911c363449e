"""SpikeDecoderTop: the decoder's ports under their AXI4-Stream names."""

from amaranth.hdl import Cat, Module

from formal.axis import axis_stream
from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, same_stream
from hdl.spike_decoder_top import STATUS, SpikeDecoderTop

CHANNELS, LANES, BUFFER_BYTES = 3, 2, 32


class Ports(Spec):
    """The top around a decoder that gives anything, but keeps the rules of streams."""

    method = Pdr("scorr;")
    sizes = f"{CHANNELS} channels, {LANES} lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = SpikeDecoderTop(CHANNELS, LANES, BUFFER_BYTES)
        inside = self.design(m, dut)
        decoder = dut._decoder
        self.remove(inside, decoder=decoder)
        assume_source(self, m, decoder.o, "decoder", idle_after_reset=True)
        prove_source(
            self,
            m,
            axis_stream(m, dut, "m_axis"),
            "m_axis",
            path=False,
            broken_by={
                "held": Edit("self.m_axis_tvalid.eq(decoder.o.valid)", "self.m_axis_tvalid.eq(decoder.i.ready)")
            },
        )
        word = decoder.o.payload
        self.contract(
            m,
            "input",
            "A byte of `s_axis` is the decoder's.",
            same_stream(axis_stream(m, dut, "s_axis"), decoder.i),
            broken_by=Edit("decoder.i.payload.last.eq(self.s_axis_tlast)", "decoder.i.payload.last.eq(0)"),
        )
        self.contract(
            m,
            "output",
            "A word of `m_axis` is the decoder's: its spikes with zeros above, its step, and its marks.",
            (dut.m_axis_tvalid == decoder.o.valid)
            & (decoder.o.ready == dut.m_axis_tready)
            & (dut.m_axis_tdata == word.spikes)
            & (dut.m_axis_tlast == word.last)
            & (dut.m_axis_tuser == Cat(word.step_index, word.row_last, word.bad)),
            broken_by=Edit("Cat(word.step_index, word.row_last, word.bad)", "Cat(word.step_index, word.bad)"),
        )
        self.contract(
            m,
            "fates",
            "Each packet's fate is the decoder's of that name.",
            Cat(getattr(dut, f"status_{name}") for name in STATUS) == Cat(getattr(decoder, name) for name in STATUS),
            broken_by=Edit("getattr(decoder, name)) for name in STATUS", "decoder.bad) for name in STATUS"),
        )
        self.cover(m, "word", "A word waits.", dut.m_axis_tvalid & ~dut.m_axis_tready)


SPECS = (Ports(),)
