"""GapExpander: gaps to words of errors."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import PACKET_INFO, check_geometry, decoded_token, gap_bits, word, words_per_row
from model.golden.settings import EPOCH_STEPS_MAX

WORD_INFO = data.StructLayout({"packet": PACKET_INFO, "step_index": 32, "bad": 1})
"""What goes with a word: its packet, the step of its row and, with a packet's last word, whether its payload is bad."""


class GapExpander(wiring.Component):
    """Lays out the errors of each packet in words, as many as its number of steps asks for.

    The next error's place is known while a word is made, so that a word with one error takes one cycle, and so does
    one without. Tokens that lead beyond the packet's last word make the packet a bad one.

    Latency: one cycle from a token to its word. Throughput: a word takes as many cycles as it has errors, at least
    one. Back-pressure: holds up the tokens.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels; the last word of a row has what is left.

    Members
    -------
    packet : In(stream)
        Info of each packet.
    i : In(stream)
        Its tokens, the last of which has `end`.
    o : Out(stream)
        Its words of errors.
    about : Out(WORD_INFO)
        Info of the word taken last at `o`.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        check_geometry(channels, lanes)
        self._lanes = lanes
        self._words = words_per_row(channels, lanes)
        self._lanes_last = channels - (self._words - 1) * lanes
        self._gap_bits = gap_bits(channels)
        super().__init__(
            {
                "packet": In(stream.Signature(PACKET_INFO)),
                "i": In(stream.Signature(decoded_token(channels))),
                "o": Out(stream.Signature(word(lanes))),
                "about": Out(WORD_INFO),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        packet, token = self.packet.payload, self.i.payload
        place = Signal(range(self._words))
        steps = Signal(range(EPOCH_STEPS_MAX + 1))
        # Lane of the next error, counted from lane 0 of the current word; -1 before the first one is known.
        lane = Signal(signed(self._gap_bits + 2), init=-1)
        found = Signal(self._lanes)
        exhausted, bad, draining = Signal(), Signal(), Signal()

        row_last, packet_last = Signal(), Signal()
        lanes_here = Signal(range(self._lanes + 1))
        m.d.comb += [
            row_last.eq(place == self._words - 1),
            packet_last.eq(row_last & (steps + 1 == packet.closing.steps)),
            lanes_here.eq(Mux(row_last, self._lanes_last, self._lanes)),
        ]

        at_error, ends, within, overruns, moves = Signal(), Signal(), Signal(), Signal(), Signal()
        lane_next = Signal.like(lane)
        errors = Signal(self._lanes)
        m.d.comb += [
            at_error.eq(~draining & ~exhausted & (lane < lanes_here)),
            ends.eq(at_error & token.end),
            lane_next.eq(Mux(at_error & ~ends, lane + 1 + token.gap, lane)),
            within.eq(at_error & ~ends & (lane_next < lanes_here)),
            overruns.eq(~exhausted & ~ends),
            errors.eq(found),
        ]
        for candidate in range(self._lanes):
            with m.If(at_error & (lane == candidate)):
                m.d.comb += errors[candidate].eq(1)

        # A word is complete when the error after those in it is known to lie beyond it.
        m.d.comb += [
            self.o.valid.eq(self.packet.valid & ~draining & (~at_error | (self.i.valid & ~within))),
            self.o.payload.bits.eq(errors),
            self.o.payload.row_first.eq(place == 0),
            self.o.payload.row_last.eq(row_last),
            self.o.payload.restart.eq(packet.keyframe & (steps == 0)),
            self.o.payload.epoch_last.eq(packet_last),
            moves.eq(self.o.valid & self.o.ready),
            self.i.ready.eq(draining | (self.packet.valid & at_error & (within | moves))),
            self.packet.ready.eq(
                Mux(draining, self.i.valid & token.end, moves & packet_last & ~overruns),
            ),
        ]
        with m.If(draining & self.i.valid & token.end):
            m.d.sync += draining.eq(0)
        with m.If(self.i.valid & self.i.ready & within):
            m.d.sync += [found.eq(errors), lane.eq(lane_next)]
        with m.If(moves):
            m.d.sync += [
                self.about.packet.eq(packet),
                self.about.step_index.eq(packet.step_index + steps),
                self.about.bad.eq(bad | (ends & token.bad) | (packet_last & overruns)),
                found.eq(0),
                place.eq(Mux(row_last, 0, place + 1)),
                steps.eq(steps + row_last),
                lane.eq(lane_next - lanes_here),
                exhausted.eq(exhausted | ends),
                bad.eq(bad | (ends & token.bad)),
            ]
            with m.If(packet_last):
                m.d.sync += [steps.eq(0), lane.eq(-1), exhausted.eq(0), bad.eq(0), draining.eq(overruns)]
        return m
