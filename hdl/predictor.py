"""Predictor: spikes to prediction errors for every channel, or back."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.comparator import Comparator
from hdl.layouts import SETTINGS, check_geometry, word, words_per_row
from hdl.lfsr import Lfsr
from hdl.rate_updater import ACC_BITS, RATE_BITS, RateUpdater
from hdl.xor_array import XorArray
from model.golden.lfsr import CHANNEL_STRIDE

LFSR_BITS = 16
WORDS_FORWARDED = 2
"""In rows of so many words or fewer, a state is read in the cycle that stores it."""


class Predictor(wiring.Component):
    """Predicts each word from its channels' history and passes on where it differs from the prediction.

    In an encoder spikes come in and errors go out; in a decoder (`inverse`) errors come in and spikes go out. Either
    one learns from the spikes.

    Latency: one cycle. Throughput: one word a cycle. Back-pressure: a word waits at the output and holds up the input.
    Memory: two of `ceil(channels / lanes)` words, of 16 bits (LFSR) and 24 bits (rate accumulator) a lane.

    A word's state is read ahead, while the word before it is taken, so that prediction and update begin at registers
    and not at a memory's output. In rows of one word there is none before it, and its state is read as it is taken. A
    row of one or two words forwards what it writes. A keyframe needs no clearing: while its first row passes, the
    memories' content is overruled, and nothing is predicted.

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
        Those of the word that was taken last; `alpha_q8` at most 256.

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
        super().__init__(
            {
                "i": In(stream.Signature(word(lanes))),
                "o": Out(stream.Signature(word(lanes))),
                "settings": In(SETTINGS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        lanes = self._lanes
        held = Signal(word(lanes))
        held_valid = Signal()
        address = Signal(ceil_log2(self._words))
        following = Signal.like(address)
        second = Signal.like(address)  # address of the word behind the following one
        seed_offset = Signal(16)
        accepted, passed = Signal(), Signal()
        read_at = second if self._words > 1 else following
        lfsr_stored, lfsr_write = self._memory(m, "lfsr_memory", LFSR_BITS, accepted, read_at)
        acc_stored, acc_write = self._memory(m, "acc_memory", ACC_BITS, accepted, read_at)

        m.d.comb += [
            self.i.ready.eq(~held_valid | self.o.ready),
            accepted.eq(self.i.valid & self.i.ready),
            passed.eq(self.o.valid & self.o.ready),
            second.eq(Mux(self.i.payload.row_last, 0, following + 1)),
            self.o.valid.eq(held_valid),
            self.o.payload.eq(held),
        ]
        with m.If(self.i.ready):
            m.d.sync += held_valid.eq(self.i.valid)
        with m.If(accepted):
            m.d.sync += [
                held.eq(self.i.payload),
                address.eq(following),
                following.eq(second),
                seed_offset.eq(Mux(self.i.payload.row_first, 0, seed_offset + lanes * CHANNEL_STRIDE)),
            ]

        m.submodules.comparison = comparison = XorArray(lanes)
        spikes = comparison.errors if self._inverse else held.bits
        m.d.comb += [comparison.spikes.eq(held.bits), self.o.payload.bits.eq(comparison.errors)]
        word_seed = Signal(16)
        m.d.comb += word_seed.eq(self.settings.seed + seed_offset)
        for lane in range(lanes):
            m.submodules[f"lfsr_{lane}"] = lfsr = Lfsr()
            m.submodules[f"comparator_{lane}"] = comparator = Comparator()
            m.submodules[f"updater_{lane}"] = updater = RateUpdater()
            acc = Signal(ACC_BITS, name=f"acc_{lane}")
            m.d.comb += [
                acc.eq(acc_stored[lane]),
                lfsr.restart.eq(held.restart),
                lfsr.seed.eq(word_seed + lane * CHANNEL_STRIDE),
                lfsr.stored.eq(lfsr_stored[lane]),
                comparator.state.eq(lfsr.state),
                comparator.rate.eq(acc[-RATE_BITS:]),
                comparator.sharpness.eq(self.settings.sharpness),
                comparison.predicted[lane].eq(comparator.predicted & ~held.restart),
                updater.alpha_q8.eq(self.settings.alpha_q8),
                updater.restart.eq(held.restart),
                updater.spike.eq(spikes[lane]),
                updater.acc.eq(acc),
                acc_write.data[lane].eq(updater.next),
                lfsr_write.data[lane].eq(lfsr.next),
            ]

        for write in (lfsr_write, acc_write):
            m.d.comb += [write.addr.eq(address), write.en.eq(passed)]
        return m

    def _memory(
        self, m: Module, name: str, width: int, accepted: Signal, read_at: Signal
    ) -> tuple[data.View, memory.WritePort]:
        """Add a memory of a row's state; return that of the held word, and the port to store it anew."""
        m.submodules[name] = storage = memory.Memory(
            shape=data.ArrayLayout(width, self._lanes), depth=self._words, init=[]
        )
        write = storage.write_port()
        written_while_read = self._words <= WORDS_FORWARDED
        read = storage.read_port(transparent_for=(write,) if written_while_read else ())
        m.d.comb += [read.addr.eq(read_at), read.en.eq(accepted)]
        if self._words == 1:
            return read.data, write
        stored = Signal.like(read.data, name=f"{name}_stored", reset_less=True)
        with m.If(accepted):
            m.d.sync += stored.eq(read.data)
        return stored, write
