"""SpikeDecoder: its blocks are joined as they must be; what it shows are the words of packets to be trusted."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream

from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, same_stream, transfer
from hdl.run_expander import WORD_INFO
from hdl.spike_decoder import SpikeDecoder

CHANNELS, LANES, BUFFER_BYTES = 3, 2, 32
BLOCKS = ("packet_buffer", "depacketizer", "isi_decoder", "gap_expander", "predictor")
LINKS = {
    "bytes": ("packet_buffer.o", "depacketizer.i"),
    "trailers": ("packet_buffer.trailer", "depacketizer.trailer"),
    "payload": ("depacketizer.o", "isi_decoder.i"),
    "coding": ("depacketizer.coding", "isi_decoder.coding"),
    "info": ("depacketizer.info", "gap_expander.packet"),
    "tokens": ("isi_decoder.o", "gap_expander.i"),
    "words": ("gap_expander.o", "predictor.i"),
}
"""Streams within the decoder: where they come from and where they go."""


class Joined(Spec):
    """The decoder without its blocks, each of which is proven apart and gives anything here."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels, {LANES} lanes"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = SpikeDecoder(CHANNELS, LANES, BUFFER_BYTES)
        self.inside = self.design(m, dut)
        self.blocks = {name: getattr(dut, f"_{name}") for name in BLOCKS}
        self.remove(self.inside, **self.blocks)
        self._links(m)
        self.word: stream.Interface = self.blocks["predictor"].o
        self.about = self._about(m)
        assume_source(self, m, self.word, "words", idle_after_reset=True)
        self.assume(
            m,
            "advances",
            "No word advances in the predictor while the one at its output waits.",
            ~(self.word.valid & ~self.word.ready & self.blocks["predictor"].advances),
        )
        prove_source(
            self,
            m,
            dut.o,
            path=False,
            broken_by={
                "held": Edit("self.o.valid.eq(word.valid & ~hides)", "self.o.valid.eq(word.valid & ~self.i.valid)"),
                "stable": Edit("word.ready.eq(self.o.ready | hides)", "word.ready.eq(self.o.ready | ~hides)"),
            },
        )
        self._shown(m)

    def _about(self, m: Module) -> data.View:
        """Return what goes with the word at the predictor's output."""
        about = Signal(WORD_INFO)
        with m.If(self.blocks["predictor"].advances):
            m.d.sync += about.eq(self.blocks["gap_expander"].about)
        held = Value.cast(self.inside["about"])
        self.invariant(m, "about", "It is held for each word that advances.", held == about.as_value())
        return about

    def _links(self, m: Module) -> None:
        for name, (source, sink) in LINKS.items():
            self.contract(
                m,
                f"joined_{name}",
                f"`{source}` and `{sink}` are one stream.",
                same_stream(self._stream(source), self._stream(sink)),
                broken_by=Edit(f"wiring.connect(m, {source}, {sink})", "pass"),
            )
        self.contract(
            m,
            "joined_input",
            "The packet buffer is given what comes in.",
            same_stream(self.dut.i, self.blocks["packet_buffer"].i),
            broken_by=Edit("wiring.connect(m, wiring.flipped(self.i), packet_buffer.i)", "pass"),
        )
        self.contract(
            m,
            "settings",
            "The predictor has the settings of the word that it took last.",
            self.blocks["predictor"].settings == self.blocks["gap_expander"].about.packet.settings,
            broken_by=Edit("predictor.settings.eq(gap_expander.about.packet.settings)", "predictor.settings.eq(0)"),
        )

    def _stream(self, path: str) -> stream.Interface:
        block, port = path.split(".")
        return getattr(self.blocks[block], port)

    def _shown(self, m: Module) -> None:
        dut, about, packet = self.dut, self.about, self.about.packet
        mark, shown = self.word.payload, dut.o.payload
        taken = transfer(self.word)
        # A packet is shown if it is a keyframe or follows one that was shown and good.
        trusted, shows = Signal(), Signal()
        m.d.comb += shows.eq(Mux(about.epoch_first, packet.keyframe | (trusted & packet.continues), trusted))
        wrong = (
            about.bad
            | (dut._spike_check.value != packet.closing.check)
            | (about.step_index != (packet.step_index + packet.closing.steps - 1)[:32])
        )
        with m.If(taken):
            m.d.sync += trusted.eq(shows & ~(mark.epoch_last & wrong))
        self.contract(
            m,
            "shown",
            "Exactly the words are shown of keyframes, and of packets that follow one that was shown and good.",
            dut.o.valid == (self.word.valid & shows),
            broken_by=[
                Edit("lost.eq(hides | mismatch)", "lost.eq(hides)"),
                Edit("(lost | ~packet.continues)", "lost"),
                Edit("lost = Signal(init=1)", "lost = Signal()"),
            ],
        )
        self.contract(
            m,
            "spikes",
            "A shown word is the predictor's, with its row's step and its place in row and packet.",
            (shown.spikes == mark.bits)
            & (shown.row_last == mark.row_last)
            & (shown.last == mark.epoch_last)
            & (shown.step_index == about.step_index),
            when=dut.o.valid,
            broken_by=[
                Edit("self.o.payload.last.eq(word.payload.epoch_last)", "self.o.payload.last.eq(about.bad)"),
                Edit("with m.If(self._predictor.advances):", "with m.If(1):"),
            ],
        )
        self.contract(
            m,
            "bad",
            "A packet's last word is marked as bad exactly if its payload is, its spikes do not match their check, or "
            "its steps were miscounted.",
            shown.bad == (mark.epoch_last & wrong),
            when=dut.o.valid,
            broken_by=[Edit("about.bad | (check.value", "(check.value"), Edit("+ packet.closing.steps - 1", "")],
        )
        self.contract(
            m,
            "none_lost",
            "Each word is taken as the sink takes it, or at once if it is not shown.",
            self.word.ready == (dut.o.ready | ~shows),
            when=self.word.valid,
            broken_by=Edit("word.ready.eq(self.o.ready | hides)", "word.ready.eq(1)"),
        )
        self.contract(
            m,
            "fate",
            "A packet that is not shown is reported as hidden with its last word, a shown one as bad if it is.",
            (dut.hidden == (taken & mark.epoch_last & ~shows)) & (dut.bad == (taken & shows & mark.epoch_last & wrong)),
            broken_by=Edit("self.bad.eq(taken & mismatch & ~hides)", "self.bad.eq(taken & mismatch)"),
        )
        self.contract(
            m,
            "checked",
            "The check is of every word that is taken, from a packet's first one on.",
            (dut._spike_check.take == taken)
            & (dut._spike_check.spikes == mark.bits)
            & (dut._spike_check.restart == about.epoch_first)
            & (dut._spike_check.row_last == mark.row_last),
            broken_by=Edit("check.take.eq(taken)", "check.take.eq(taken & ~hides)"),
        )
        self.invariant(m, "trusted", "The decoder knows whom to trust.", self.inside["lost"] == ~trusted)
        self.cover(m, "again", "A packet that follows a shown one is shown.", dut.o.valid & ~packet.keyframe)


SPECS = (Joined(),)
