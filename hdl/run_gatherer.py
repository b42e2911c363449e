"""RunGatherer: gaps to runs of words without errors, each with the word behind it."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import EMPTY_BITS, TAG_BITS, check_geometry, decoded_token, gap_bits, run, words_per_row

STRIDE = 4
"""Words without errors that are passed at once, at least; at most it is one less than twice as many."""
EMPTY_MAX = (1 << EMPTY_BITS) - 1


class RunGatherer(wiring.Component):
    """Sorts errors into words. It passes words without errors several at a time, and so runs ahead of the words.

    A row of many words is passed `STRIDE` words at a time up to its last ones, of few words in whole rows: neither
    needs a division where a row's last word is narrower than the others.

    Latency: one cycle from a token to its run, and one for each stride. Throughput: a token a cycle. Back-pressure:
    holds up the tokens.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    lanes : int
        Bins of a word, 1..channels; the last word of a row has what is left.

    Members
    -------
    i : In(stream)
        Tokens of payloads; the last one of each has `end`.
    skip : In(1)
        What is left of this payload is of no use: take its tokens without passing the words between them.
    o : Out(stream)
        Runs of words; the last one of each payload has `end`.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    """

    def __init__(self, channels: int, lanes: int) -> None:
        check_geometry(channels, lanes)
        self._channels = channels
        self._lanes = lanes
        self._words = words_per_row(channels, lanes)
        self._lanes_last = channels - (self._words - 1) * lanes
        self._gap_bits = gap_bits(channels)
        super().__init__(
            {
                "i": In(stream.Signature(decoded_token(channels))),
                "skip": In(1),
                "o": Out(stream.Signature(run(lanes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        token, gathered = self.i.payload, self.o.payload
        place = Signal(range(self._words))
        # Lane of the next error, counted from lane 0 of the current word; -1 before the first one is known.
        lane = Signal(signed(self._gap_bits + 2), init=-1)
        found = Signal(self._lanes)
        empty = Signal(EMPTY_BITS)

        row_last, at_error, ends, within, free = Signal(), Signal(), Signal(), Signal(), Signal()
        lanes_here = Signal(range(self._lanes + 1))
        lane_next = Signal.like(lane)
        errors = Signal(self._lanes)
        m.d.comb += [
            row_last.eq(place == self._words - 1),
            lanes_here.eq(Mux(row_last, self._lanes_last, self._lanes)),
            at_error.eq(self.skip | (lane < lanes_here)),
            ends.eq(at_error & token.end),
            lane_next.eq(Mux(at_error, lane + 1 + token.gap, lane)),
            within.eq(at_error & ~ends & (lane_next < lanes_here)),
            errors.eq(found),
            free.eq(~self.o.valid | self.o.ready),
            # A word is complete when the error after those in it is known to lie beyond it.
            self.i.ready.eq(at_error & (within | free)),
        ]
        for candidate in range(self._lanes):
            with m.If(at_error & (lane == candidate)):
                m.d.comb += errors[candidate].eq(1)

        tag_held = Signal(TAG_BITS)
        strides, full, stride_words, stride_bins, stride_place = self._stride(m, lane, place, empty)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & at_error):
            m.d.sync += tag_held.eq(token.tag)
        with m.If(within), m.If(self.i.valid):
            m.d.sync += [found.eq(errors), lane.eq(lane_next)]
        with m.Elif(~at_error & strides & ~full):
            m.d.sync += [empty.eq(empty + stride_words), lane.eq(lane - stride_bins), place.eq(stride_place)]
        with m.Elif(~at_error & ~full):
            m.d.sync += [empty.eq(empty + 1), lane.eq(lane - lanes_here), place.eq(Mux(row_last, 0, place + 1))]
        with m.Elif(free & (self.i.valid | ~at_error)):
            m.d.sync += [
                self.o.valid.eq(1),
                gathered.tag.eq(Mux(at_error, token.tag, tag_held)),
                gathered.empty.eq(empty),
                gathered.bits.eq(errors),
                gathered.end.eq(ends),
                gathered.bad.eq(ends & token.bad),
                found.eq(0),
                empty.eq(0),
                lane.eq(Mux(ends, -1, lane_next - lanes_here)),
                place.eq(Mux(ends | row_last, 0, place + 1)),
            ]
        return m

    def _stride(self, m: Module, lane: Signal, place: Signal, empty: Signal) -> tuple[Value, Value, int, int, Value]:
        """Return whether a stride ends before the next error, whether `empty` has no room for one, and where it leads.

        That is: its words, its bins, and the place behind it.
        """
        if self._words >= 2 * STRIDE:
            words, bins = STRIDE, STRIDE * self._lanes
            fits, place_after = place < self._words - STRIDE, place + STRIDE
        else:
            rows = -(-STRIDE // self._words)
            words, bins = rows * self._words, rows * self._channels
            fits, place_after = Const(1), place
        full = Signal()
        m.d.comb += full.eq(empty > EMPTY_MAX - words)
        return fits & (lane >= bins), full, words, bins, place_after
