"""Predictor: spikes to prediction errors, for every channel."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.comparator import Comparator
from hdl.layouts import SETTINGS, check_geometry, word, words_per_row
from hdl.lfsr import Lfsr
from hdl.rate_updater import ACC_BITS, RATE_BITS, STAGES_MAX, RateUpdater
from hdl.xor_array import XorArray
from model.golden.lfsr import CHANNEL_STRIDE

LANE_STATE = data.StructLayout({"acc": ACC_BITS, "lfsr": 16})


class Predictor(wiring.Component):
    """Predicts each word from its channels' history and passes on where the prediction fails.

    Latency: one cycle. Throughput: one word a cycle. Back-pressure: a word waits at the output and holds up the input.
    Memory: one of `ceil(channels / lanes)` words of 40 bits a lane (LFSR and rate accumulator).

    A word's new state must be stored before its next visit, `ceil(channels / lanes)` words later. The updaters
    therefore have as many pipeline registers as fit, and a row of few words forwards what it writes. A keyframe needs
    no clearing: while its first row passes, the memory's content is overruled.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels.

    Members
    -------
    i : In(stream)
        Spikes, in words.
    o : Out(stream)
        Errors, in the same words.
    settings : In(SETTINGS)
        Those of the word that was taken last; `alpha_q8` at most 256.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        check_geometry(channels, lanes)
        self._lanes = lanes
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
        row_state = data.ArrayLayout(LANE_STATE, lanes)
        stages = min(STAGES_MAX, self._words - 1)

        m.submodules.state = state = memory.Memory(shape=row_state, depth=self._words, init=[])
        write = state.write_port()
        forwards = (write,) if stages == self._words - 1 else ()
        read = state.read_port(transparent_for=forwards)

        address_in = Signal(ceil_log2(self._words))
        held = Signal(word(lanes))
        held_valid = Signal()
        address = Signal.like(address_in)
        seed_offset = Signal(16)
        accepted = self.i.valid & self.i.ready
        passed = self.o.valid & self.o.ready

        m.d.comb += [
            self.i.ready.eq(~held_valid | self.o.ready),
            address_in.eq(Mux(self.i.payload.row_first, 0, address + 1)),
            read.addr.eq(address_in),
            read.en.eq(accepted),
            self.o.valid.eq(held_valid),
            self.o.payload.eq(held),
        ]
        with m.If(self.i.ready):
            m.d.sync += held_valid.eq(self.i.valid)
        with m.If(accepted):
            m.d.sync += [
                held.eq(self.i.payload),
                address.eq(address_in),
                seed_offset.eq(Mux(self.i.payload.row_first, 0, seed_offset + lanes * CHANNEL_STRIDE)),
            ]

        m.submodules.comparison = comparison = XorArray(lanes)
        m.d.comb += [comparison.spikes.eq(held.bits), self.o.payload.bits.eq(comparison.errors)]
        word_seed = Signal(16)
        m.d.comb += word_seed.eq(self.settings.seed + seed_offset)
        lfsrs_next = Signal(16 * lanes)
        for lane in range(lanes):
            m.submodules[f"lfsr_{lane}"] = lfsr = Lfsr()
            m.submodules[f"comparator_{lane}"] = comparator = Comparator()
            m.submodules[f"updater_{lane}"] = updater = RateUpdater(stages)
            acc = Signal(ACC_BITS, name=f"acc_{lane}")
            m.d.comb += [
                acc.eq(Mux(held.restart, 0, read.data[lane].acc)),
                lfsr.restart.eq(held.restart),
                lfsr.seed.eq(word_seed + lane * CHANNEL_STRIDE),
                lfsr.stored.eq(read.data[lane].lfsr),
                comparator.state.eq(lfsr.state),
                comparator.rate.eq(acc[-RATE_BITS:]),
                comparator.sharpness.eq(self.settings.sharpness),
                comparison.predicted[lane].eq(comparator.predicted),
                updater.alpha_q8.eq(self.settings.alpha_q8),
                updater.spike.eq(held.bits[lane]),
                updater.acc.eq(acc),
                write.data[lane].acc.eq(updater.next),
                lfsrs_next[16 * lane : 16 * (lane + 1)].eq(lfsr.next),
            ]

        stored_at, stored_lfsrs, stored = address, lfsrs_next, passed
        for _ in range(stages):
            source = (stored_at, stored_lfsrs, stored)
            stored_at, stored_lfsrs, stored = Signal.like(address), Signal.like(lfsrs_next), Signal()
            m.d.sync += [stored_at.eq(source[0]), stored_lfsrs.eq(source[1]), stored.eq(source[2])]
        m.d.comb += [write.addr.eq(stored_at), write.en.eq(stored)]
        for lane in range(lanes):
            m.d.comb += write.data[lane].lfsr.eq(stored_lfsrs[16 * lane : 16 * (lane + 1)])
        return m
