"""End to end: an encoder and a decoder behind it give back what went in, and an encoder never stops."""

from contextlib import AbstractContextManager, ExitStack
from unittest.mock import patch

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from formal.packet_channel import PacketChannel
from formal.spec import Bounded, Edit, Spec
from formal.stream_rules import assume_source, transfer
from hdl import gap_expander, layouts, predictor, run_expander, scheduler, spike_encoder
from hdl.rate_updater import ACC_BITS
from hdl.spike_decoder import SpikeDecoder
from hdl.spike_encoder import SpikeEncoder
from model.golden.settings import CODER_IDS

STEPS_MAX = 3
STARVED_CYCLES = 63
"""More than the proofs' depth: no run comes so late that a decoder gives it up."""
BUFFER_BYTES = 32
SIZES = f"1 channel, 1 lane, epochs of at most {STEPS_MAX} steps, queues of 2 entries"
ENGINE = "abc dc2; scorr; dc2; bmc3"
PACKET_CYCLES, WORD_CYCLES = 45, 58


class History(wiring.Component):
    """In place of a `RateUpdater`: an accumulator of the last spikes, so that a prediction depends on them.

    That the predictors stay in lock-step whatever their updaters compute is proven in `formal.predictor`.
    """

    acc: In(ACC_BITS)
    spike: In(1)
    kept_q8: In(9)
    next: Out(ACC_BITS)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.d.sync += self.next.eq(Cat(self.acc[1:], self.spike))
        return m


class Choice(wiring.Component):
    """In place of a `Comparator`: the last spike decides, and with an odd sharpness the LFSR; never at a rate of 0."""

    state: In(16)
    sharpness: In(4)
    draw: In(1)
    rate: In(16)
    predicted: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        drawn = Signal()
        with m.If(self.draw):
            m.d.sync += drawn.eq(self.state[0] & self.sharpness[0])
        m.d.comb += self.predicted.eq(self.rate.any() & (self.rate[-1] ^ drawn))
        return m


def reduced() -> AbstractContextManager[None]:
    """Within this context, designs are built with short epochs, short queues, `History` and `Choice`."""
    stack = ExitStack()
    for module, values in (
        (layouts, {"EPOCH_STEPS_MAX": STEPS_MAX}),
        (scheduler, {"EPOCH_STEPS_MAX": STEPS_MAX}),
        (run_expander, {"EPOCH_STEPS_MAX": STEPS_MAX, "HEAD_START": 1, "STARVED_CYCLES": STARVED_CYCLES}),
        (gap_expander, {"RUNS_AHEAD": 2}),
        (spike_encoder, {"PAYLOAD_DEPTH": 2, "BACKLOG_BYTES": 0}),
        (predictor, {"RateUpdater": History, "Comparator": Choice}),
    ):
        stack.enter_context(patch.multiple(module, **values))
    return stack


class WholeDesign(Spec):
    """A proof to a depth, within which every cover is reached and every broken design found out."""

    method: Bounded
    sizes = SIZES
    fast = False

    @property
    def cover_depth(self) -> int:
        """Cycles of the proof, unless a cover takes more."""
        return self.method.depth

    @property
    def broken_depth(self) -> int:
        """Cycles of the proof."""
        return self.method.depth


class Leb128(WholeDesign):
    """Encoder and decoder with a `PacketChannel` between them: any spikes, requests and pauses everywhere.

    What is requested of rate, sharpness and seed may change in every cycle.
    """

    coder = "leb128"
    case = "leb128"
    pauses = ("source", "channel", "sink")
    steps = 1
    method = Bounded(43, "a keyframe, a packet behind it and the next keyframe, with pauses", ENGINE)

    def describe(self, m: Module) -> None:
        """Add the designs and their properties."""
        with reduced():
            self.encoder = encoder = SpikeEncoder(1, 1, [self.coder])
            self.decoder = decoder = SpikeDecoder(1, 1, BUFFER_BYTES)
            sending, receiving = self.design(m, encoder, "encoder"), self.design(m, decoder, "decoder")
        sending.remove("packetizer")
        receiving.remove("packet_buffer", "depacketizer")
        go = Signal()
        self.free("go", go)
        for place, goes_on in (("source", encoder.i.valid), ("channel", go), ("sink", decoder.o.ready)):
            if place not in self.pauses:
                m.d.comb += goes_on.eq(1)
        m.submodules.channel = PacketChannel(encoder._packetizer, decoder._depacketizer, go)
        m.d.comb += [
            encoder.hold.eq(0),
            encoder.settings.coder.eq(CODER_IDS[self.coder]),
            encoder.settings.epoch_steps.eq(self.steps),
            encoder.settings.keyframe_interval.eq(2),
        ]
        requests = [Signal.like(encoder.settings[name], name=name) for name in ("alpha_q8", "sharpness", "seed")]
        for request in requests:
            self.free(request.name, request)
            m.d.comb += encoder.settings[request.name].eq(request)
        assume_source(self, m, encoder.i)
        self._compare(m, Cat(requests).any() | ~go)

    def _compare(self, m: Module, varied: Signal) -> None:
        came, shown = self.encoder.i, self.decoder.o
        words = 3 * self.steps
        index = self.constant(m, range(words + 1), "any_word")
        taken, given = Signal(range(words + 2)), Signal(range(words + 2))
        spikes, known = Signal(), Signal()
        with m.If(transfer(came)):
            m.d.sync += taken.eq(taken + (taken <= words))
            with m.If(taken == index):
                m.d.sync += [spikes.eq(came.payload.spikes), known.eq(1)]
        with m.If(transfer(shown)):
            m.d.sync += given.eq(given + (given <= words))
        self.contract(
            m,
            f"lossless_{self.case}",
            f"Of `{self.coder}`, any word that comes out is the one that went in at its place.",
            known & (shown.payload.spikes == spikes),
            when=shown.valid & (given == index),
            broken_by=[
                Edit(
                    "acc_write.data[lane].eq(updater.next)",
                    "acc_write.data[lane].eq(updater.next ^ (self._inverse << (ACC_BITS - 1)))",
                    "predictor",
                ),
                Edit(
                    "predictor.settings.eq(scheduler.settings)", "predictor.settings.eq(self.settings)", "spike_encoder"
                ),
            ],
        )
        self.contract(
            m,
            f"all_shown_{self.case}",
            f"Of `{self.coder}`, no packet is hidden or bad.",
            ~(self.decoder.hidden | self.decoder.bad),
            broken_by=Edit("m.d.sync += lost.eq(hides | mismatch)", "m.d.sync += lost.eq(1)", "spike_decoder"),
        )
        # Without pauses, spikes and requests the solver has nothing to choose, and finds the way at once.
        plain, so_far = Signal(), Signal(init=1)
        m.d.comb += plain.eq(so_far & came.valid & shown.ready & ~came.payload.as_value().any() & ~varied)
        m.d.sync += so_far.eq(plain)
        last_out = transfer(shown) & (given == words - 1) & (index == words - 1)
        self.cover(m, "second_keyframe", "The second keyframe comes out whole.", plain & last_out)


class Rice(Leb128):
    """The same of `rice`, less deep: deeper, pauses may be in too many places for the solver."""

    coder = "rice"
    case = "rice"
    method = Bounded(41, "a keyframe and a packet behind it, with pauses", ENGINE)
    cover_depth = 52


class RiceFromPausingSource(Rice):
    """And as deep, where only the source pauses."""

    case = "rice_from_pausing_source"
    pauses = ("source",)
    method = Bounded(52, "a keyframe, a packet behind it and the next keyframe", ENGINE)


class RiceOverPausingChannel(RiceFromPausingSource):
    """Where only the channel pauses."""

    case = "rice_over_pausing_channel"
    pauses = ("channel",)


class RiceIntoPausingSink(RiceFromPausingSource):
    """Where only the sink pauses."""

    case = "rice_into_pausing_sink"
    pauses = ("sink",)


class Progress(WholeDesign):
    """The whole encoder with a ready sink: any words and requests, and any pauses between the words."""

    method = Bounded(68, "a keyframe and the packet behind it, with the longest waits", ENGINE)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        with reduced():
            dut = SpikeEncoder(1, 1)
            self.design(m, dut)
        m.d.comb += [dut.o.ready.eq(1), dut.hold.eq(0)]
        assume_source(self, m, dut.i)
        ends = transfer(dut._scheduler.o) & dut._scheduler.o.payload.epoch_last
        left = transfer(dut.o) & dut.o.payload.last
        pending, waited, refused = Signal(), Signal(8), Signal(8)
        m.d.sync += [
            pending.eq(ends | (pending & ~left)),
            waited.eq(Mux(ends | left, 0, waited + pending)),
            refused.eq(Mux(dut.i.valid & ~dut.i.ready, refused + 1, 0)),
        ]
        self.contract(
            m,
            "packet_leaves",
            f"While a packet is not out, {PACKET_CYCLES} cycles bring a packet's last byte or an epoch's end.",
            waited <= PACKET_CYCLES,
            broken_by=Edit(
                "packetizer.i.valid.eq(fifo.r_rdy)", "packetizer.i.valid.eq(fifo.r_rdy & self.i.valid)", "spike_encoder"
            ),
        )
        self.contract(
            m,
            "word_taken",
            f"A word on offer is taken within {WORD_CYCLES} cycles.",
            refused <= WORD_CYCLES,
            broken_by=Edit(
                "packetizer.i.valid.eq(fifo.r_rdy)",
                "packetizer.i.valid.eq(fifo.r_rdy & ~self.i.valid)",
                "spike_encoder",
            ),
        )
        packets = Signal(2)
        m.d.sync += packets.eq(packets + (left & (packets != 3)))
        self.cover(m, "second", "Two packets leave.", packets == 2)


SPECS = (Leb128(), Rice(), RiceFromPausingSource(), RiceOverPausingChannel(), RiceIntoPausingSink(), Progress())
