"""SpikeDecoder: bytes of packets to words of a raster."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.depacketizer import Depacketizer
from hdl.gap_expander import GapExpander
from hdl.isi_decoder import IsiDecoder
from hdl.layouts import PACKET_BYTE, decoded_word
from hdl.packet_buffer import PacketBuffer
from hdl.predictor import Predictor
from hdl.run_expander import WORD_INFO
from hdl.spike_check import SpikeCheck


class SpikeDecoder(wiring.Component):
    """The whole decoder: packet buffer, depacketizer, interval decoder, gap expander, predictor, check.

    A packet damaged on its way never leaves the buffer. One that cannot follow the packet before it is decoded but not
    shown, and neither is what comes after it up to the next keyframe. One whose spikes do not match their check, whose
    steps were counted wrong by an upset, or whose payload no encoder writes is known only at its end: its last word is
    marked as bad, and nothing more is shown up to the next keyframe.

    Latency: a packet, the time to read its header, and 17 cycles. Throughput: a word a cycle while errors are fewer
    than words, headers and denser words included, since errors are sorted ahead of the words; else an error a cycle. A
    byte a cycle at the input. Back-pressure: stalls the input, never drops. Memory: 40 bits a channel and the packet
    buffer.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096; packets of other rasters are rejected.
    lanes : int
        Bins of a word, 1..channels; it need not be that of the encoder.
    buffer_bytes : int
        Memory for packets, a power of two; longer packets are dropped.

    Members
    -------
    i : In(stream)
        Bytes of packets.
    o : Out(stream)
        Words of the raster.
    dropped : Out(1)
        A packet was damaged, too short or too long.
    rejected : Out(1)
        A packet has a field that this decoder does not know, or comes before any keyframe.
    repeated : Out(1)
        A packet repeats the one before it.
    hidden : Out(1)
        A packet was decoded and not shown, since others before it are missing or bad.
    bad : Out(1)
        A packet was shown and found bad at its end.

    Raises
    ------
    ValueError
        `channels`, `lanes` or `buffer_bytes` is out of range.
    """

    def __init__(self, channels: int, lanes: int, buffer_bytes: int = 4096) -> None:
        self._packet_buffer = PacketBuffer(buffer_bytes)
        self._depacketizer = Depacketizer(channels)
        self._isi_decoder = IsiDecoder(channels)
        self._gap_expander = GapExpander(channels, lanes)
        self._predictor = Predictor(channels, lanes, inverse=True)
        self._spike_check = SpikeCheck(channels, lanes)
        super().__init__(
            {
                "i": In(stream.Signature(PACKET_BYTE)),
                "o": Out(stream.Signature(decoded_word(lanes))),
                "dropped": Out(1),
                "rejected": Out(1),
                "repeated": Out(1),
                "hidden": Out(1),
                "bad": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.packet_buffer = packet_buffer = self._packet_buffer
        m.submodules.depacketizer = depacketizer = self._depacketizer
        m.submodules.isi_decoder = isi_decoder = self._isi_decoder
        m.submodules.gap_expander = gap_expander = self._gap_expander
        m.submodules.predictor = predictor = self._predictor

        wiring.connect(m, wiring.flipped(self.i), packet_buffer.i)
        wiring.connect(m, packet_buffer.o, depacketizer.i)
        wiring.connect(m, packet_buffer.trailer, depacketizer.trailer)
        wiring.connect(m, depacketizer.o, isi_decoder.i)
        wiring.connect(m, depacketizer.coding, isi_decoder.coding)
        wiring.connect(m, depacketizer.info, gap_expander.packet)
        wiring.connect(m, isi_decoder.o, gap_expander.i)
        wiring.connect(m, gap_expander.o, predictor.i)
        m.d.comb += [
            predictor.settings.eq(gap_expander.about.packet.settings),
            self.dropped.eq(packet_buffer.dropped),
            self.rejected.eq(depacketizer.rejected),
            self.repeated.eq(depacketizer.repeated),
        ]
        self._show(m)
        return m

    def _show(self, m: Module) -> None:
        """Let the words at the predictor's output through, but for those of packets that cannot be trusted."""
        word, about = self._predictor.o, Signal(WORD_INFO)
        with m.If(self._predictor.advances):
            m.d.sync += about.eq(self._gap_expander.about)
        m.submodules.spike_check = check = self._spike_check

        lost = Signal(init=1)
        hides, wrong, mismatch, taken = Signal(), Signal(), Signal(), Signal()
        packet, step_last = about.packet, Signal(32)
        m.d.comb += [
            step_last.eq(packet.step_index + packet.closing.steps - 1),
            hides.eq(lost),
            taken.eq(word.valid & word.ready),
            check.spikes.eq(word.payload.bits),
            check.row_last.eq(word.payload.row_last),
            check.restart.eq(about.epoch_first),
            check.take.eq(taken),
            wrong.eq(about.bad | (check.value != packet.closing.check) | (about.step_index != step_last)),
            mismatch.eq(word.payload.epoch_last & wrong),
            self.o.valid.eq(word.valid & ~hides),
            word.ready.eq(self.o.ready | hides),
            self.o.payload.spikes.eq(word.payload.bits),
            self.o.payload.row_last.eq(word.payload.row_last),
            self.o.payload.last.eq(word.payload.epoch_last),
            self.o.payload.bad.eq(mismatch),
            self.o.payload.step_index.eq(about.step_index),
            self.hidden.eq(taken & word.payload.epoch_last & hides),
            self.bad.eq(taken & mismatch & ~hides),
        ]
        with m.If(about.epoch_first):
            m.d.comb += hides.eq(~packet.keyframe & (lost | ~packet.continues))
        with m.If(taken):
            m.d.sync += lost.eq(hides | mismatch)
