"""SpikeEncoderTop: the encoder's ports under their AXI4-Stream names."""

from amaranth.hdl import Cat, Module, Value

from formal.axis import axis_stream
from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import assume_source, prove_source, same_stream
from hdl.layouts import SETTINGS
from hdl.spike_encoder_top import SpikeEncoderTop

CHANNELS, LANES = 3, 2


class Ports(Spec):
    """The top around an encoder that gives anything, but keeps the rules of streams."""

    method = Pdr("scorr;")
    sizes = f"{CHANNELS} channels, {LANES} lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = SpikeEncoderTop(CHANNELS, LANES)
        inside = self.design(m, dut)
        encoder = dut._encoder
        self.remove(inside, encoder=encoder)
        assume_source(self, m, encoder.o, "encoder", idle_after_reset=True)
        m_axis = axis_stream(m, dut, "m_axis")
        prove_source(
            self,
            m,
            m_axis,
            "m_axis",
            path=False,
            broken_by={
                "held": Edit("self.m_axis_tvalid.eq(encoder.o.valid)", "self.m_axis_tvalid.eq(encoder.i.ready)")
            },
        )
        given = encoder.i
        self.contract(
            m,
            "input",
            "A word of `s_axis` is the encoder's, without the bits beyond the last lane.",
            (given.valid == dut.s_axis_tvalid)
            & (dut.s_axis_tready == given.ready)
            & (given.payload.spikes == dut.s_axis_tdata[:LANES])
            & (given.payload.last == dut.s_axis_tlast),
            broken_by=Edit("encoder.i.payload.last.eq(self.s_axis_tlast)", "encoder.i.payload.last.eq(0)"),
        )
        self.contract(
            m,
            "output",
            "A byte of `m_axis` is the encoder's.",
            same_stream(m_axis, encoder.o),
            broken_by=Edit("self.m_axis_tlast.eq(encoder.o.payload.last)", "self.m_axis_tlast.eq(0)"),
        )
        self.contract(
            m,
            "settings",
            "Each setting is the encoder's of its name, and so is the count of refused words.",
            (Cat(getattr(dut, f"cfg_{name}") for name, _ in SETTINGS) == Value.cast(encoder.settings))
            & (dut.status_refused_words == encoder.refused),
            broken_by=Edit('getattr(self, f"cfg_{name}")) for name', "self.cfg_seed) for name"),
        )
        self.cover(m, "byte", "A byte waits.", dut.m_axis_tvalid & ~dut.m_axis_tready)


SPECS = (Ports(),)
