"""Scheduler: where rows, epochs and keyframes begin and end."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.isi_encoder import CODERS, check_coders
from hdl.layouts import CLOSING, SETTINGS, check_geometry, input_word, word, words_per_row
from hdl.spike_check import SpikeCheck
from model.golden.settings import ALPHA_Q8_MAX, CODER_IDS, EPOCH_STEPS_MAX

WORDS_TO_COUNT_AHEAD = 3
"""In rows of so many words or more, neither settings nor steps change in the cycle before one in which a row ends."""


class Scheduler(wiring.Component):
    """Marks each word with its place in row, epoch and keyframe interval; holds the settings in force.

    Settings are latched with the first word of a keyframe. What is out of range is brought into it: `alpha_q8` above
    256 becomes 256, `epoch_steps` and `keyframe_interval` of 0 become 1, and a coder that is unknown or not built
    becomes the first one of `coders`.

    Latency: none; words pass through combinationally. Back-pressure: the first word of an epoch waits until the last
    epoch's header is out and nothing is backlogged, the last word of a row until the last epoch's closing was taken.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels.
    coders : sequence of {"rice", "leb128"}
        Coders that are built.

    Members
    -------
    i : In(stream)
        Words of the raster. `last` in any word of a row ends the epoch with that row. Bits beyond the last channel are
        ignored.
    o : Out(stream)
        The same words with their marks.
    opening : Out(stream)
        One transfer for each packet that begins; the payload says whether it is a keyframe.
    closing : Out(stream)
        One transfer for each packet that ends, with its number of steps and the check of its spikes.
    backlogged : In(1)
        Much of the last epoch is still to be sent: do not begin another one.
    requested : In(SETTINGS)
        Settings for the next keyframe.
    settings : Out(SETTINGS)
        Settings of the word taken last. They do not change while an opening waits.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range, or `coders` is empty or names an unknown coder.
    """

    def __init__(self, channels: int, lanes: int, coders: Sequence[str] = tuple(CODERS)) -> None:
        check_geometry(channels, lanes)
        check_coders(coders)
        self._channels = channels
        self._lanes = lanes
        self._words = words_per_row(channels, lanes)
        self._lanes_last = channels - (self._words - 1) * lanes
        self._coders = tuple(coders)
        super().__init__(
            {
                "i": In(stream.Signature(input_word(lanes))),
                "o": Out(stream.Signature(word(lanes))),
                "opening": Out(stream.Signature(1)),
                "closing": Out(stream.Signature(CLOSING)),
                "backlogged": In(1),
                "requested": In(SETTINGS),
                "settings": Out(SETTINGS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        place = Signal(range(self._words))
        steps = Signal(range(EPOCH_STEPS_MAX + 1))
        packets = Signal(range(EPOCH_STEPS_MAX + 1))
        flush_seen = Signal()

        # Held rather than found out from the counts: the longest paths begin here.
        row_first, first_step, keyframe = Signal(init=1), Signal(init=1), Signal(init=1)
        row_last = Signal(init=self._words == 1)
        epoch_first, keyframe_first = Signal(), Signal()
        m.d.comb += [
            epoch_first.eq(row_first & first_step),
            keyframe_first.eq(epoch_first & keyframe),
        ]

        requested, current = Signal(SETTINGS), Signal(SETTINGS)
        self._in_range(m, requested)
        m.d.comb += current.eq(self.settings)
        if self._words == 1:  # in longer rows the first word is not the last one, which asks for the settings
            with m.If(keyframe_first):
                m.d.comb += current.eq(requested)

        flush, full, epoch_last, keyframe_follows = Signal(), Signal(), Signal(), Signal()
        steps_next, packets_next = Signal.like(steps), Signal.like(packets)
        m.d.comb += [
            flush.eq(flush_seen | self.i.payload.last),
            steps_next.eq(steps + 1),
            packets_next.eq(packets + 1),
            epoch_last.eq(row_last & (flush | full)),
            keyframe_follows.eq(packets_next >= current.keyframe_interval),
        ]

        is_full = steps_next >= current.epoch_steps
        if self._words >= WORDS_TO_COUNT_AHEAD:
            m.d.sync += full.eq(is_full)
        else:
            m.d.comb += full.eq(is_full)

        epoch_may_begin, may_pass, taken = Signal(), Signal(), Signal()
        offered = Signal()  # a word on offer stays, whatever comes
        m.submodules.spike_check = spike_check = SpikeCheck(self._channels, self._lanes)
        spikes_mask = Mux(row_last, (1 << self._lanes_last) - 1, (1 << self._lanes) - 1)
        m.d.comb += [
            epoch_may_begin.eq(~self.opening.valid & (~self.backlogged | offered)),
            may_pass.eq((epoch_may_begin | ~epoch_first) & ~(row_last & self.closing.valid)),
            self.i.ready.eq(self.o.ready & may_pass),
            self.o.valid.eq(self.i.valid & may_pass),
            taken.eq(self.o.valid & self.o.ready),
            self.o.payload.bits.eq(self.i.payload.spikes & spikes_mask),
            self.o.payload.row_first.eq(row_first),
            self.o.payload.row_last.eq(row_last),
            self.o.payload.restart.eq(keyframe & first_step),
            self.o.payload.epoch_last.eq(epoch_last),
            self.o.payload.keyframe.eq(keyframe),
            self.o.payload.coder.eq(Mux(keyframe_first, requested.coder, self.settings.coder)),
            spike_check.spikes.eq(self.o.payload.bits),
            spike_check.row_last.eq(row_last),
            spike_check.restart.eq(epoch_first),
            spike_check.take.eq(taken),
        ]

        m.d.sync += offered.eq(self.o.valid & ~self.o.ready)
        with m.If(self.opening.ready):
            m.d.sync += self.opening.valid.eq(0)
        with m.If(self.closing.ready):
            m.d.sync += self.closing.valid.eq(0)
        with m.If(taken):
            m.d.sync += [place.eq(Mux(row_last, 0, place + 1)), row_first.eq(row_last), flush_seen.eq(flush)]
            if self._words > 1:
                m.d.sync += row_last.eq(place == self._words - 2)
            with m.If(keyframe_first):
                m.d.sync += self.settings.eq(requested)
            with m.If(epoch_first):
                m.d.sync += [self.opening.valid.eq(1), self.opening.payload.eq(keyframe)]
            with m.If(row_last):
                m.d.sync += [steps.eq(steps_next), first_step.eq(epoch_last), flush_seen.eq(0)]
            with m.If(epoch_last):
                m.d.sync += [
                    self.closing.valid.eq(1),
                    self.closing.payload.steps.eq(steps_next),
                    self.closing.payload.check.eq(spike_check.value),
                    steps.eq(0),
                    packets.eq(Mux(keyframe_follows, 0, packets_next)),
                    keyframe.eq(keyframe_follows),
                ]
        return m

    def _in_range(self, m: Module, requested: data.View) -> None:
        """Drive `requested` with the settings that are asked for, each brought into its range."""
        asked = self.requested
        built = [CODER_IDS[name] for name in self._coders]
        m.d.comb += [
            requested.eq(asked),
            requested.alpha_q8.eq(Mux(asked.alpha_q8[-1], ALPHA_Q8_MAX, asked.alpha_q8)),
            requested.epoch_steps.eq(Mux(asked.epoch_steps == 0, 1, asked.epoch_steps)),
            requested.keyframe_interval.eq(Mux(asked.keyframe_interval == 0, 1, asked.keyframe_interval)),
        ]
        with m.If(~asked.coder.matches(*built)):
            m.d.comb += requested.coder.eq(built[0])
