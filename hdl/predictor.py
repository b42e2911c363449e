"""Predictor: spikes to prediction errors for every channel, or back."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from hdl.comparator import Comparator
from hdl.layouts import SETTINGS, check_geometry, word, words_per_row
from hdl.lfsr import Lfsr
from hdl.rate_updater import ACC_BITS, RATE_BITS, RateUpdater, rest_q8
from hdl.xor_array import XorArray
from model.golden.lfsr import CHANNEL_STRIDE

LFSR_BITS = 16
WORDS_IN_FLIGHT = 4
"""In rows of so many words, each one's state is stored before it is read anew, even if a word comes in every cycle."""
CYCLES_ALONE = 3
"""In shorter rows, a word comes in so many cycles behind the one before it."""


class Predictor(wiring.Component):
    """Predicts each word from its channels' history and passes on where it differs from the prediction.

    In an encoder spikes come in and errors go out; in a decoder (`inverse`) errors come in and spikes go out. Either
    one learns from the spikes.

    Three stages: the first draws the dither and steps the LFSR, which no spike has a part in; the second compares the
    dither with the rate; behind the output, the third learns from the spike.

    Latency: two cycles. Throughput: one word a cycle; in rows of three words or fewer, one in three cycles.
    Back-pressure: words wait in the first two stages and hold up the input.
    Memory: two of `ceil(channels / lanes)` words, of 16 bits (LFSR) and 24 bits (rate accumulator) a lane.

    A word's state is read ahead, while the word before it enters the stage, so that a stage begins at registers and not
    at a memory's output. In rows of three words or fewer, what is read ahead would not be stored yet: a word comes in
    only when none is in front of it, and its state is read as it enters. A keyframe needs no clearing: while its first
    row passes, the LFSRs begin from their seeds and the rates from 0, at which nothing is predicted.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels.
    inverse : bool
        Turn errors into spikes.

    Members
    -------
    i : In(stream)
        Spikes, in words (errors if `inverse`).
    o : Out(stream)
        Errors, in the same words (spikes if `inverse`).
    settings : In(SETTINGS)
        Those of the word that was taken last; they change with a keyframe's first word only. `alpha_q8` at most 256.
    advances : Out(1)
        The word that was taken last moves on in this cycle, to be at the output in the next one.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    """

    def __init__(self, channels: int, lanes: int, *, inverse: bool = False) -> None:
        check_geometry(channels, lanes)
        self._lanes = lanes
        self._inverse = inverse
        self._words = words_per_row(channels, lanes)
        self._reads_ahead = self._words >= WORDS_IN_FLIGHT
        super().__init__(
            {
                "i": In(stream.Signature(word(lanes))),
                "o": Out(stream.Signature(word(lanes))),
                "settings": In(SETTINGS),
                "advances": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        lanes = self._lanes
        drawing = Signal(word(lanes))
        held = Signal(word(lanes))
        drawing_valid = Signal()
        held_valid = Signal()
        drawing_address = Signal(ceil_log2(self._words))
        held_address = Signal.like(drawing_address)
        following = Signal.like(drawing_address)  # address of the word behind the one that is drawn for
        second = Signal.like(drawing_address)  # that of the word behind the following one
        takes_seed = Signal()  # its seed is that of the settings
        word_seed = Signal(LFSR_BITS)  # that of lane 0; 0 unless the word restarts
        following_seed = Signal(LFSR_BITS)
        kept_q8 = Signal.like(self.settings.alpha_q8)
        learns = Signal()
        learns_address = Signal.like(drawing_address)
        accepted, passed, drawing_ready, held_ready = Signal(), Signal(), Signal(), Signal()
        lfsr_at, acc_at = (second, following) if self._reads_ahead else (following, drawing_address)
        lfsr_read, lfsr_write = self._memory(m, "lfsr_memory", LFSR_BITS, accepted, lfsr_at)
        lfsr_stored = Signal.like(lfsr_read, name="lfsr_memory_stored", reset_less=True)
        self._take(m, lfsr_stored, lfsr_read, drawing_ready, self.i.payload.restart, drawing.restart)
        acc_read, acc_write = self._memory(m, "acc_memory", ACC_BITS, self.advances, acc_at)
        acc_stored = Signal.like(acc_read, name="acc_memory_stored", reset_less=True)
        self._take(m, acc_stored, acc_read, held_ready, drawing.restart, held.restart)

        m.d.comb += [
            held_ready.eq(~held_valid | self.o.ready),
            drawing_ready.eq(~drawing_valid | held_ready),
            self.i.ready.eq(drawing_ready if self._reads_ahead else ~drawing_valid & ~held_valid),
            accepted.eq(self.i.valid & self.i.ready),
            self.advances.eq(drawing_valid & held_ready),
            passed.eq(self.o.valid & self.o.ready),
            second.eq(Mux(self.i.payload.row_last, 0, following + 1)),
            self.o.valid.eq(held_valid),
            self.o.payload.eq(held),
        ]
        # What may be replaced is, whether a word comes or not: fewer registers wait for what tells that.
        with m.If(drawing_ready):
            m.d.sync += [
                drawing_valid.eq(accepted),
                drawing.eq(self.i.payload),
                drawing_address.eq(following),
            ]
        with m.If(accepted):
            m.d.sync += [
                takes_seed.eq(self.i.payload.restart & self.i.payload.row_first),
                following.eq(second),
                following_seed.eq(Mux(self.i.payload.restart, word_seed + lanes * CHANNEL_STRIDE, 0)),
            ]
        with m.If(held_ready):
            m.d.sync += [
                held_valid.eq(drawing_valid),
                held.eq(drawing),
                held_address.eq(drawing_address),
                kept_q8.eq(rest_q8(self.settings.alpha_q8)),
            ]
        m.d.sync += [learns.eq(passed), learns_address.eq(held_address)]

        m.submodules.comparison = comparison = XorArray(lanes)
        spikes = comparison.errors if self._inverse else held.bits
        m.d.comb += [comparison.spikes.eq(held.bits), self.o.payload.bits.eq(comparison.errors)]
        m.d.comb += word_seed.eq(Mux(takes_seed, self.settings.seed, following_seed))
        seeds = self._seeds(m, word_seed, drawing.restart)
        for lane in range(lanes):
            m.submodules[f"lfsr_{lane}"] = lfsr = Lfsr()
            m.submodules[f"comparator_{lane}"] = comparator = Comparator()
            m.submodules[f"updater_{lane}"] = updater = RateUpdater()
            acc = Signal(ACC_BITS, name=f"acc_{lane}")
            m.d.comb += [
                acc.eq(acc_stored[lane]),
                lfsr.last.eq(lfsr_stored[lane]),
                lfsr.seed.eq(seeds[lane]),
                # Not the seed in a restart, which would lengthen the path: no dither is below a rate of 0.
                comparator.state.eq(lfsr.stepped),
                comparator.sharpness.eq(self.settings.sharpness),
                comparator.draw.eq(self.advances),
                comparator.rate.eq(acc[-RATE_BITS:]),
                comparison.predicted[lane].eq(comparator.predicted),
                updater.kept_q8.eq(kept_q8),
                updater.spike.eq(spikes[lane]),
                updater.acc.eq(acc),
                acc_write.data[lane].eq(updater.next),
                lfsr_write.data[lane].eq(lfsr.state),
            ]

        m.d.comb += [
            lfsr_write.addr.eq(drawing_address),
            lfsr_write.en.eq(self.advances),
            acc_write.addr.eq(learns_address),
            acc_write.en.eq(learns),
        ]
        return m

    def _seeds(self, m: Module, word_seed: Signal, restart: Value) -> list[Value]:
        """Return each lane's seed, 1 in place of 0, from that of lane 0; all are 0 unless the word restarts."""
        # The stride is odd, so that the low bits of the word's seed tell the one lane whose seed can be 0.
        low_bits = bits_for(self._lanes - 1)
        high_where_zero = Signal(LFSR_BITS - low_bits)
        candidates, zero = Signal(self._lanes), Signal()
        m.d.comb += zero.eq(restart & (word_seed[low_bits:] == high_where_zero))
        with m.Switch(word_seed[:low_bits]):
            for lane in range(self._lanes):
                where_zero = -lane * CHANNEL_STRIDE % (1 << LFSR_BITS)
                with m.Case(where_zero % (1 << low_bits)):
                    m.d.comb += [candidates[lane].eq(1), high_where_zero.eq(where_zero >> low_bits)]
        offsets = [Mux(restart, lane * CHANNEL_STRIDE, 0) for lane in range(self._lanes)]
        return [
            (word_seed + offset) | (candidate & zero) for offset, candidate in zip(offsets, candidates, strict=True)
        ]

    def _memory(
        self, m: Module, name: str, width: int, enters: Signal, address: Signal
    ) -> tuple[data.View, memory.WritePort]:
        """Add a memory of a row's state; return what it reads as a word enters, and the port to store it anew."""
        m.submodules[name] = storage = memory.Memory(
            shape=data.ArrayLayout(width, self._lanes), depth=self._words, init=[]
        )
        write = storage.write_port()
        read = storage.read_port()
        m.d.comb += [read.addr.eq(address), read.en.eq(enters)]
        return read.data, write

    def _take(
        self, m: Module, stored: data.View, read: data.View, free: Signal, restarts: Value, restarted: Value
    ) -> None:
        """Drive the state of the word in a stage, which takes one where it is `free`.

        It is 0 if that word is of a keyframe's first row: `restarted`, or `restarts` as it comes.
        """
        if not self._reads_ahead:
            with m.If(~restarted):
                m.d.comb += stored.eq(read)
            return
        with m.If(free):
            m.d.sync += stored.eq(read)
            with m.If(restarts):
                m.d.sync += stored.eq(0)
