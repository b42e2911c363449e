"""RiceDecoder: adaptive Golomb-Rice codewords to gaps."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import enum, wiring

from hdl.bit_unpacker import BYTE, TAKE_MAX, WINDOW_BITS
from hdl.bits import highest_bit
from hdl.codeword_decoder import decoder_signature, send_token
from hdl.rice_debt import RiceDebt, clipped
from hdl.rice_mean import RiceMean
from model.golden.rice_coder import ESCAPE, GAP_BITS
from model.golden.rice_mean import K_MAX

ZEROS_MAX = ESCAPE + GAP_BITS
"""No codeword has more leading zeros."""


class Phase(enum.Enum, shape=1):
    """Part of a codeword that is read next."""

    ZEROS = 0
    BODY = 1


class RiceDecoder(wiring.Component):
    """Reads a codeword's leading zeros, up to 8 a cycle, and with the last of them its body.

    An escape's body is read a cycle later, and so is one that is not all there yet.

    Latency: one cycle from a codeword's last bit to its token. Throughput: a codeword a cycle, one cycle more for each
    8 leading zeros and for an escape. Back-pressure: a token waits, and holds up the bits.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    window, available, ended, take
        The bits to read; see `BitUnpacker`.
    enable : In(1)
        Read codewords.
    start : In(1)
        A payload begins.
    keyframe : In(1)
        It is a keyframe's.
    o : Out(stream)
        A token for each codeword, and one for the end of the payload; `enable` must fall with the latter's transfer.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        super().__init__(decoder_signature(channels))

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.submodules.mean = mean = RiceMean(self._channels)
        m.submodules.debt = debt = RiceDebt()
        phase = Signal(Phase)
        zeros = Signal(range(ZEROS_MAX + BYTE + 1))

        octet, leading = Signal(BYTE), Signal(range(BYTE))
        m.d.comb += [octet.eq(self.window[-BYTE:]), leading.eq(BYTE - 1 - highest_bit(m, octet))]

        n, width = Signal(range(GAP_BITS + BYTE + 1)), Signal(range(GAP_BITS + BYTE + K_MAX + 1))
        quotient, body, gap = Signal(GAP_BITS + 1), Signal(TAKE_MAX), Signal(GAP_BITS + 1, name="read_gap")
        at_once, short_width = Signal(), Signal(range(BYTE + K_MAX + 1))
        below = Signal(range(WINDOW_BITS + 1))
        too_wide = Signal()
        m.d.comb += [
            n.eq(Mux(zeros > ESCAPE, zeros - ESCAPE, 0)),
            width.eq(n + debt.k),
            too_wide.eq(width >= GAP_BITS),
            short_width.eq(leading + 1 + debt.k),
            at_once.eq((phase == Phase.ZEROS) & (zeros < ESCAPE) & (self.available >= short_width)),
            below.eq(WINDOW_BITS - Mux(at_once, short_width, width)),
            body.eq(self.window >> below),
            gap.eq((quotient << debt.k) + body),
        ]
        with m.If(at_once):
            # The 1 behind the zeros is still at the top of `body`, and counts as a quotient of 1.
            m.d.comb += quotient.eq(zeros + leading - 1)
        with m.Else():
            m.d.comb += quotient.eq(Mux(zeros > ESCAPE, ESCAPE, zeros) + (1 << n) - 1)

        reading, whole, over, bad = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            reading.eq(self.enable & ~(self.o.valid & (self.o.payload.end | ~self.o.ready))),
            debt.k_mean.eq(mean.k),
            mean.gap.eq(gap),
            debt.gap.eq(clipped(gap)),
            mean.learn.eq(whole),
            debt.learn.eq(whole),
            mean.restart.eq(self.start & self.keyframe),
            debt.restart.eq(self.start),
        ]
        with m.If(self.start):
            m.d.sync += [phase.eq(Phase.ZEROS), zeros.eq(0)]
        with m.If(reading & (phase == Phase.ZEROS)):
            with m.If(octet.any() & at_once):
                m.d.comb += [whole.eq(1), self.take.eq(short_width)]
                m.d.sync += zeros.eq(0)
            with m.Elif(octet.any()):
                m.d.comb += self.take.eq(leading + 1)
                m.d.sync += [zeros.eq(zeros + leading), phase.eq(Phase.BODY)]
            with m.Elif(zeros > ZEROS_MAX):
                m.d.comb += [over.eq(1), bad.eq(1)]
            with m.Elif(self.available >= BYTE):
                m.d.comb += self.take.eq(BYTE)
                m.d.sync += zeros.eq(zeros + BYTE)
            with m.Elif(self.ended):
                m.d.comb += [over.eq(1), bad.eq(zeros.any())]
        with m.If(reading & (phase == Phase.BODY)):
            with m.If(too_wide | (self.ended & (self.available < width))):
                m.d.comb += [over.eq(1), bad.eq(1)]
            with m.Elif(self.available >= width):
                m.d.comb += [whole.eq(1), self.take.eq(width)]
                m.d.sync += [zeros.eq(0), phase.eq(Phase.ZEROS)]

        send_token(m, self.o, gap, whole, over, bad)
        return m
