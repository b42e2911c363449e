"""SpikeEncoder: words of a raster to bytes of packets."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hdl.isi_encoder import CODERS, IsiEncoder
from hdl.layouts import PACKET_BYTE, PAYLOAD_BYTE, SETTINGS, input_word
from hdl.packetizer import Packetizer
from hdl.predictor import Predictor
from hdl.scheduler import Scheduler

PAYLOAD_DEPTH = 32
"""Bytes that wait while a header (at most 20 bytes) and the trailer before it (8) go out."""
BACKLOG_BYTES = 3
"""An epoch begins only when no more bytes of the last one waited a cycle ago, so that its own soon have their turn."""


class SpikeEncoder(wiring.Component):
    """The whole encoder: scheduler, predictor, interval encoder, a short FIFO, packetizer.

    Latency: the first byte of a packet leaves a cycle after its first word, unless earlier bytes are in the way.
    Throughput: a word a cycle while a word holds at most one error, one more cycle for each further error, and a byte
    a cycle at the output; in rows of three words or fewer, a word in three cycles. Back-pressure: stalls the input and
    never drops. Memory: 40 bits a channel, and the FIFO.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels. It changes speed and area, never a byte of the output.
    coders : sequence of {"rice", "leb128"}
        Coders to build; the first one stands in for those that are not.

    Members
    -------
    i : In(stream)
        Words of the raster; `last` ends the epoch with the word's row.
    o : Out(stream)
        Bytes of packets.
    settings : In(SETTINGS)
        Latched with the first word of each keyframe; see `Scheduler` for values out of range.
    hold : In(1)
        Do not begin another epoch. One that is open goes on.
    refused : Out(32)
        Cycles, modulo 2^32, in which a word was offered and not taken.
    epoch_open : Out(1)
        A word of an epoch was taken, and its last one was not.
    busy : Out(1)
        An epoch is open, or its packet is not out yet.
    errors : Out(range(lanes + 1))
        Prediction errors of the word that left the predictor in the cycle before.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range, or `coders` is empty or names an unknown coder.
    """

    def __init__(self, channels: int, lanes: int, coders: Sequence[str] = tuple(CODERS)) -> None:
        self._scheduler = Scheduler(channels, lanes, coders)
        self._predictor = Predictor(channels, lanes)
        self._isi_encoder = IsiEncoder(channels, lanes, coders)
        self._packetizer = Packetizer(channels)
        super().__init__(
            {
                "i": In(stream.Signature(input_word(lanes))),
                "o": Out(stream.Signature(PACKET_BYTE)),
                "settings": In(SETTINGS),
                "hold": In(1),
                "refused": Out(32),
                "epoch_open": Out(1),
                "busy": Out(1),
                "errors": Out(range(lanes + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.scheduler = scheduler = self._scheduler
        m.submodules.predictor = predictor = self._predictor
        m.submodules.isi_encoder = isi_encoder = self._isi_encoder
        m.submodules.packetizer = packetizer = self._packetizer
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=PAYLOAD_BYTE.size, depth=PAYLOAD_DEPTH)

        backlogged = Signal()  # held, since a word's acceptance goes a long way from here
        m.d.sync += backlogged.eq(fifo.w_level > BACKLOG_BYTES)

        wiring.connect(m, wiring.flipped(self.i), scheduler.i)
        wiring.connect(m, scheduler.o, predictor.i)
        wiring.connect(m, predictor.o, isi_encoder.i)
        wiring.connect(m, scheduler.opening, packetizer.opening)
        wiring.connect(m, scheduler.closing, packetizer.closing)
        wiring.connect(m, packetizer.o, wiring.flipped(self.o))
        m.d.comb += [
            scheduler.requested.eq(self.settings),
            scheduler.backlogged.eq(self.hold | backlogged),
            predictor.settings.eq(scheduler.settings),
            packetizer.settings.eq(scheduler.settings),
            self.busy.eq(self.epoch_open | scheduler.closing.valid),
            fifo.w_data.eq(isi_encoder.o.payload),
            fifo.w_en.eq(isi_encoder.o.valid),
            isi_encoder.o.ready.eq(fifo.w_rdy),
            packetizer.i.payload.eq(fifo.r_data),
            packetizer.i.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(packetizer.i.ready),
        ]
        with m.If(self.i.valid & ~self.i.ready):
            m.d.sync += self.refused.eq(self.refused + 1)
        with m.If(scheduler.o.valid & scheduler.o.ready):
            m.d.sync += self.epoch_open.eq(~scheduler.o.payload.epoch_last)
        m.d.sync += self.errors.eq(0)
        with m.If(predictor.o.valid & predictor.o.ready):
            m.d.sync += self.errors.eq(sum(predictor.o.payload.bits))
        return m
