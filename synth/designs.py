"""What is measured: the encoder, the decoder, and each of their blocks alone."""

import re
from collections.abc import Callable
from threading import Lock

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bit_packer import BitPacker
from hdl.bit_unpacker import BitUnpacker
from hdl.comparator import Comparator
from hdl.deframer import Deframer
from hdl.depacketizer import Depacketizer
from hdl.framer import Framer
from hdl.gap_counter import GapCounter
from hdl.gap_expander import GapExpander
from hdl.generate import component_rtlil
from hdl.isi_decoder import IsiDecoder
from hdl.isi_encoder import IsiEncoder
from hdl.leb128_coder import Leb128Coder
from hdl.leb128_decoder import Leb128Decoder
from hdl.lfsr import Lfsr
from hdl.packetizer import Packetizer
from hdl.predictor import Predictor
from hdl.rate_updater import RateUpdater
from hdl.rice_coder import RiceCoder
from hdl.rice_decoder import RiceDecoder
from hdl.run_expander import RunExpander
from hdl.scheduler import Scheduler
from hdl.spike_check import SpikeCheck
from hdl.spike_decoder_top import SpikeDecoderTop
from hdl.spike_encoder_top import SpikeEncoderTop
from hdl.xor_array import XorArray

Factory = Callable[[int, int], wiring.Component]

DESIGNS: dict[str, Factory] = {
    "encoder": SpikeEncoderTop,
    "decoder": SpikeDecoderTop,
    "spike_check": SpikeCheck,
    "scheduler": Scheduler,
    "predictor": Predictor,
    "lfsr (a lane)": lambda channels, lanes: Lfsr(),
    "comparator (a lane)": lambda channels, lanes: Comparator(),
    "rate_updater (a lane)": lambda channels, lanes: RateUpdater(),
    "xor_array": lambda channels, lanes: XorArray(lanes),
    "isi_encoder": IsiEncoder,
    "gap_counter": GapCounter,
    "rice_coder": lambda channels, lanes: RiceCoder(channels),
    "leb128_coder": lambda channels, lanes: Leb128Coder(channels),
    "bit_packer": lambda channels, lanes: BitPacker(),
    "packetizer": lambda channels, lanes: Packetizer(channels),
    "framer": lambda channels, lanes: Framer(),
    "deframer": lambda channels, lanes: Deframer(),
    "depacketizer": lambda channels, lanes: Depacketizer(channels),
    "isi_decoder": lambda channels, lanes: IsiDecoder(channels),
    "bit_unpacker": lambda channels, lanes: BitUnpacker(),
    "rice_decoder": lambda channels, lanes: RiceDecoder(channels),
    "leb128_decoder": lambda channels, lanes: Leb128Decoder(channels),
    "gap_expander": GapExpander,
    "run_expander": RunExpander,
}
"""Each design by its name, made for a number of channels and of lanes; a decoder of 2 lanes or more has a buffer."""

WHOLE = ("encoder", "decoder")
_amaranth = Lock()
"""Amaranth is not made for threads."""


class Pins(wiring.Component):
    """A design between a shift register and one output, so that it fits the pins of every device.

    All paths of the design begin and end in registers then, so that its speed is that of its own logic.

    Members
    -------
    serial : In(1)
        Shifted through all inputs.
    parity : Out(1)
        Parity of all outputs.
    """

    serial: In(1)
    parity: Out(1)

    def __init__(self, design: wiring.Component) -> None:
        self._design = design
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        """Return the logic."""
        m = Module()
        m.submodules.design = design = self._design
        ports = [(member.flow, value) for _, member, value in design.signature.flatten(design)]
        inputs = Cat(value for flow, value in ports if flow is In)
        outputs = Cat(value for flow, value in ports if flow is Out)
        shifted, held = Signal(len(inputs), reset_less=True), Signal(len(outputs), reset_less=True)
        m.d.comb += inputs.eq(shifted)
        m.d.sync += [shifted.eq(Cat(self.serial, shifted)), held.eq(outputs), self.parity.eq(held.xor())]
        return m


def rtlil(name: str, channels: int, lanes: int, *, pins: bool = False) -> str:
    """Return the RTLIL of a design, the same from run to run: without the places in source files."""
    with _amaranth:
        design = DESIGNS[name](channels, lanes)
        text = component_rtlil(Pins(design) if pins else design, "top")
    return re.sub(r"^\s*attribute \\src .*\n", "", text, flags=re.MULTILINE)
