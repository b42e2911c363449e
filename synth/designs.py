"""What is measured: the encoder, the decoder, and each of their blocks alone."""

import re
from collections.abc import Callable
from functools import lru_cache
from threading import Lock

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bit_packer import BitPacker
from hdl.bit_unpacker import BitUnpacker
from hdl.comparator import Comparator
from hdl.crc32c import Crc32c
from hdl.decoder_registers import REGISTERS as DECODER_REGISTERS
from hdl.deframer import Deframer
from hdl.depacketizer import Depacketizer
from hdl.encoder_registers import REGISTERS as ENCODER_REGISTERS
from hdl.framer import Framer
from hdl.gap_counter import GapCounter
from hdl.gap_expander import GapExpander
from hdl.generate import component_rtlil
from hdl.isi_decoder import IsiDecoder
from hdl.isi_encoder import IsiEncoder
from hdl.layouts import coded_token
from hdl.leb128_coder import Leb128Coder
from hdl.leb128_decoder import Leb128Decoder
from hdl.lfsr import Lfsr
from hdl.packet_buffer import PacketBuffer
from hdl.packetizer import Packetizer
from hdl.predictor import Predictor
from hdl.rate_updater import RateUpdater
from hdl.register_block import RegisterBlock
from hdl.rice_coder import RiceCoder
from hdl.rice_debt import RiceDebt
from hdl.rice_decoder import RiceDecoder
from hdl.rice_mean import RiceMean
from hdl.rice_parameter import RiceParameter
from hdl.run_expander import RunExpander
from hdl.run_gatherer import RunGatherer
from hdl.scheduler import Scheduler
from hdl.skid_buffer import SkidBuffer
from hdl.spike_check import SpikeCheck
from hdl.spike_decoder_top import SpikeDecoderTop
from hdl.spike_encoder_top import SpikeEncoderTop
from hdl.xor_array import XorArray

Factory = Callable[[int, int], wiring.Component]
BUFFER_BYTES = 4096
"""Of the decoder's packet buffer: its default."""

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
    "skid_buffer": lambda channels, lanes: SkidBuffer(coded_token(channels)),
    "rice_parameter": lambda channels, lanes: RiceParameter(channels),
    "rice_mean": lambda channels, lanes: RiceMean(channels),
    "rice_debt": lambda channels, lanes: RiceDebt(),
    "rice_coder": lambda channels, lanes: RiceCoder(channels),
    "leb128_coder": lambda channels, lanes: Leb128Coder(channels),
    "bit_packer": lambda channels, lanes: BitPacker(),
    "packetizer": lambda channels, lanes: Packetizer(channels),
    "crc32c": lambda channels, lanes: Crc32c(),
    "framer": lambda channels, lanes: Framer(),
    "deframer": lambda channels, lanes: Deframer(),
    "packet_buffer": lambda channels, lanes: PacketBuffer(BUFFER_BYTES),
    "depacketizer": lambda channels, lanes: Depacketizer(channels),
    "isi_decoder": lambda channels, lanes: IsiDecoder(channels),
    "bit_unpacker": lambda channels, lanes: BitUnpacker(),
    "rice_decoder": lambda channels, lanes: RiceDecoder(channels),
    "leb128_decoder": lambda channels, lanes: Leb128Decoder(channels),
    "gap_expander": GapExpander,
    "run_gatherer": RunGatherer,
    "run_expander": RunExpander,
    "register_block (encoder)": lambda channels, lanes: RegisterBlock(ENCODER_REGISTERS),
    "register_block (decoder)": lambda channels, lanes: RegisterBlock(DECODER_REGISTERS),
}
"""Each design by its name, made for a number of channels and of lanes; a decoder of 2 lanes or more has a buffer."""

WHOLE = ("encoder", "decoder")
TARGET = 1024, 8
"""Channels and lanes of the size that the targets are about."""
_amaranth = Lock()
"""Amaranth is not made for threads."""


class Pins(wiring.Component):
    """A design between registers, with so few pins of its own that it fits every device.

    All paths of the design begin and end in registers then, so that its speed is that of its own logic: two bits of
    the outputs' parity meet in a cycle.

    Members
    -------
    serial : In(1)
        Shifted along all inputs.
    load : In(1)
        The inputs take what is there. Each may follow on each, so that a synthesis which looks at sequences leaves the
        design whole: where a register's bits only move along, they tell what comes next.
    parity : Out(1)
        Parity of the outputs, each of another cycle.
    """

    serial: In(1)
    load: In(1)
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
        shifted, loaded = (Signal(len(inputs), reset_less=True) for _ in range(2))
        held, folded = (Signal(len(outputs), reset_less=True) for _ in range(2))
        m.d.sync += [shifted.eq(Cat(self.serial, shifted)), held.eq(outputs), folded.eq(held ^ (folded << 1))]
        with m.If(self.load):
            m.d.sync += loaded.eq(shifted)
        m.d.comb += [inputs.eq(loaded), self.parity.eq(folded[-1])]
        return m


def rtlil(name: str, channels: int, lanes: int, *, pins: bool = False) -> str:
    """Return the RTLIL of a design, the same from run to run: without the places in source files."""
    with _amaranth:
        return _rtlil(name, channels, lanes, pins)


@lru_cache(maxsize=8)  # a design is asked for by each device
def _rtlil(name: str, channels: int, lanes: int, pins: bool) -> str:
    design = DESIGNS[name](channels, lanes)
    text = component_rtlil(Pins(design) if pins else design, "top")
    return without_places(text)


def without_places(text: str) -> str:
    """Return RTLIL without the places in source files: the same wherever those are."""
    return re.sub(r"^\s*attribute \\src .*\n", "", text, flags=re.MULTILINE)
