"""RiceDecoder: any codeword of the wire format is read as its gap, bit for bit, with the k that the coder had."""

from amaranth.hdl import Const, Module, Mux, Signal

from formal.rice_coder import CodewordReference
from formal.rice_debt import DebtReference
from formal.rice_mean import MeanReference
from formal.spec import Edit, Induction, Spec
from formal.stream_rules import prove_source
from hdl.bit_unpacker import BYTE, WINDOW_BITS
from hdl.rice_decoder import Phase, RiceDecoder
from model.golden.rice_debt import CREDIT_GAP_CLIP

CHANNELS = 4096
ESCAPE = 64
GAP_BITS = 28


class Codewords(Spec):
    """Any gap and parameter, whose codeword begins at any time, and bits that come as they please."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"
    cover_depth = 8
    broken_depth = 18
    fast = False

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RiceDecoder(CHANNELS)
        self.dut, self.inside = dut, self.design(m, dut)
        self.k_now = self.inside["debt.k"]
        zeros, length, body = self._codeword(m)
        self._read(m, zeros, length, body)
        self._environment(m)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("with m.If(o.ready):", "with m.If(1):", block="codeword_decoder"),
                "stable": Edit("self.o.payload.end | ~self.o.ready", "self.o.payload.end"),
            },
        )
        self._claims(m, zeros, length)
        self._ends(m)

    def _codeword(self, m: Module) -> tuple[Signal, Signal, Signal]:
        """Return zeros, length and the bits behind the one of the codeword of an arbitrary gap, as section 9 has it."""
        self.gap, self.k = self.constant(m, GAP_BITS, "gap"), self.constant(m, 4, "k")
        n = self.constant(m, range(GAP_BITS), "n")
        quotient, beyond = Signal(GAP_BITS), Signal(GAP_BITS)
        escapes = quotient >= ESCAPE
        m.d.comb += [quotient.eq(self.gap >> self.k), beyond.eq(quotient - (ESCAPE - 1))]
        self.assume(m, "longest_gap", "The gap is one that fits in an epoch.", self.gap < CHANNELS * 65535)
        self.assume(
            m,
            "logarithm",
            "n is the floor of the base-2 logarithm of what is beyond the escape, or 0.",
            Mux(escapes, ((beyond >> n) == 1), n == 0),
        )
        zeros, length, body = Signal(range(128)), Signal(range(128)), Signal(GAP_BITS)
        remainder = self.gap & ((Const(1, 16) << self.k) - 1)
        m.d.comb += [
            zeros.eq(Mux(escapes, ESCAPE + n, quotient)),
            length.eq(zeros + 1 + n + self.k),
            body.eq(Mux(escapes, (beyond - (Const(1, GAP_BITS) << n)) << self.k, 0) | remainder),
        ]
        return zeros, length, body

    def _read(self, m: Module, zeros: Signal, length: Signal, body: Signal) -> None:
        """Let the codeword begin where the decoder is between codewords, and count the bits that it takes."""
        dut = self.dut
        begins, begun, taken = Signal(), Signal(), Signal(range(128))
        self.free("begins", begins)
        between = dut.enable & (self.inside["phase"] == Phase.ZEROS) & (self.inside["zeros"] == 0)
        self.active, self.place, self.done = Signal(), Signal(range(128)), Signal()
        m.d.comb += [
            self.active.eq(begun | (begins & between & (self.k_now == self.k))),
            self.place.eq(Mux(begun, taken, 0)),
            self.done.eq(self.active & self.inside["mean.learn"]),
        ]
        m.d.sync += [begun.eq(self.active & ~self.done), taken.eq(self.place + dut.take)]
        agrees = []
        for index in range(WINDOW_BITS):
            at = self.place + index
            expected = (at == zeros) | ((at > zeros) & (body >> (length - 1 - at)[:7])[0])
            matters = (index < dut.available) & (at < length)
            agrees.append(~matters | (dut.window[WINDOW_BITS - 1 - index] == expected))
        agree = Signal(WINDOW_BITS)
        m.d.comb += [agree[index].eq(one) for index, one in enumerate(agrees)]
        self.assume(
            m,
            "bits",
            "The bits in view are those of the codeword, from where it was read to.",
            ~self.active | agree.all(),
        )
        self.assume(
            m,
            "whole_codeword",
            "The payload does not end within it, and it is read to its end.",
            ~self.active | (dut.enable & ~dut.start & ~(dut.ended & (dut.available < length - self.place))),
        )

    def _environment(self, m: Module) -> None:
        dut = self.dut
        self.assume(
            m,
            "nothing_behind",
            "As `BitUnpacker` shows them: bits behind those available are 0, and the window holds these.",
            ((dut.window << dut.available)[:WINDOW_BITS] == 0) & (dut.available <= WINDOW_BITS),
        )
        ended = dut.o.valid & dut.o.payload.end
        self.assume(
            m,
            "left_at_end",
            "With the payload's last token, reading stops.",
            ~self.past(m, ended & dut.o.ready, "left") | ~dut.enable,
        )

    def _claims(self, m: Module, zeros: Signal, length: Signal) -> None:
        dut, token = self.dut, self.dut.o.payload
        done = self.past(m, self.done, "done")
        self.contract(
            m,
            "gap",
            "With the last bit of a codeword comes its gap.",
            dut.o.valid & token.error & ~token.end & ~token.bad & (token.gap == self.gap),
            when=done,
            broken_by=[
                Edit("quotient.eq(zeros + leading - 1)", "quotient.eq(zeros + leading)"),
                Edit(
                    "Mux(zeros > ESCAPE, ESCAPE, zeros) + (1 << n) - 1", "Mux(zeros > ESCAPE, ESCAPE, zeros) + (1 << n)"
                ),
                Edit("gap.eq((quotient << debt.k) + body)", "gap.eq((quotient << debt.k) | body)"),
            ],
        )
        self.contract(
            m,
            "nothing_more",
            "No bit behind the codeword is taken with it.",
            self.place + dut.take <= length,
            when=self.active,
            broken_by=Edit("short_width.eq(leading + 1 + debt.k)", "short_width.eq(leading + 2 + debt.k)"),
        )
        self.contract(
            m,
            "no_token_within",
            "No token comes of less than a whole codeword.",
            ~dut.o.valid | self.past(m, dut.o.valid & ~dut.o.ready, "o_waits"),
            when=self.past(m, self.active & ~self.done, "within"),
            broken_by=Edit("send_token(m, self.o, gap, whole,", "send_token(m, self.o, gap, whole | (self.take != 0),"),
        )
        self.contract(
            m,
            "whole",
            "A codeword is found whole with its last bit, or in the cycle behind it.",
            Mux(self.done, self.place + dut.take == length, self.place < length),
            when=self.active & ~(dut.o.valid & (~dut.o.ready | token.end)),
            broken_by=Edit("short_width.eq(leading + 1 + debt.k)", "short_width.eq(leading + 2 + debt.k)"),
        )
        self.contract(
            m,
            "learns",
            "What the mean learns is the gap, and what the debt learns is what of it earns credit.",
            (self.inside["read_gap"] == self.gap)
            & (self.inside["debt.gap"] == Mux(self.gap > CREDIT_GAP_CLIP, CREDIT_GAP_CLIP, self.gap))
            & self.inside["debt.learn"],
            when=self.done,
            broken_by=Edit("debt.gap.eq(clipped(gap))", "debt.gap.eq(clipped(body))"),
        )
        phase, counted = self.inside["phase"], self.inside["zeros"]
        self.invariant(
            m,
            "place",
            "The decoder is where the codeword was read to.",
            ~self.active
            | (
                (self.k_now == self.k)
                & Mux(
                    phase == Phase.ZEROS,
                    (counted == self.place) & (self.place <= zeros),
                    (counted == zeros) & (self.place == zeros + 1),
                )
            ),
        )
        self.invariant(m, "eights", "Zeros are counted by eights.", (phase != Phase.ZEROS) | (counted[:3] == 0))
        self.cover(m, "several", "A gap comes out whose zeros took several cycles.", done & (zeros > BYTE))

    def _ends(self, m: Module) -> None:
        dut, token = self.dut, self.dut.o.payload
        self.contract(
            m,
            "takes_what_is_there",
            "No more bits are taken than are available.",
            dut.take <= dut.available,
            broken_by=Edit("with m.Elif(self.available >= width):", "with m.Else():"),
        )
        between = (self.inside["phase"] == Phase.ZEROS) & dut.enable & ~dut.start
        waits = dut.o.valid & (token.end | ~dut.o.ready)
        padding = (
            between & ~waits & dut.ended & (dut.available < BYTE) & (dut.window == 0) & (self.inside["zeros"] <= 92)
        )
        self.contract(
            m,
            "end",
            "Fewer than 8 zeros at the payload's end are its end; with more before them it is a bad one.",
            dut.o.valid & token.end & ~token.error & (token.bad == self.past(m, self.inside["zeros"] != 0, "zeros")),
            when=self.past(m, padding, "padding"),
            broken_by=Edit("over.eq(1), bad.eq(zeros.any())", "over.eq(1), bad.eq(0)"),
        )
        self.contract(
            m,
            "zeros_bounded",
            "More zeros than any codeword has are not read on.",
            self.inside["zeros"] <= 96 + BYTE - 1,
            broken_by=Edit("with m.Elif(zeros > ZEROS_MAX):", "with m.Elif(zeros > ZEROS_MAX + 8):"),
        )


class Definition(Codewords):
    """The codeword that the decoder is held against, beside the one that the coder is held against."""

    cover_depth = 2
    fast = True

    def describe(self, m: Module) -> None:
        """Add both and what makes them the same."""
        zeros, length, body = self._codeword(m)
        coded = CodewordReference(m, self.gap, self.k)
        self.invariant(
            m,
            "same_codeword",
            "For every gap and k the codeword that is read is, bit for bit, the one that `rice_coder` writes.",
            (coded.zeros == zeros)
            & (coded.zeros + coded.width == length)
            & (coded.value == ((Const(1, 32) << (coded.width - 1)[:5]) | body)),
        )
        self.cover(m, "escape", "An escape.", coded.escapes)


class Learning(Spec):
    """The decoder's k beside the definition, by which `RiceParameter` gives the coder its k."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"
    cover_depth = 8
    broken_depth = 8

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RiceDecoder(CHANNELS)
        inside = self.design(m, dut)
        self.assume(m, "not_reading", "No payload starts while another one is read.", ~(dut.start & dut.enable))
        learn, read_gap = inside["mean.learn"], inside["read_gap"]
        gap = read_gap[:GAP_BITS]
        mean = MeanReference(m, gap, learn, dut.start & dut.keyframe)
        debt = DebtReference(m, inside["debt.k"], read_gap, learn, dut.start)
        self.contract(
            m,
            "same_k",
            "k is what the definition gives for the gaps read before, since the keyframe and in this payload.",
            inside["debt.k"] == debt.limit(mean.k),
            when=~dut.start,
            broken_by=[
                Edit("mean.restart.eq(self.start & self.keyframe)", "mean.restart.eq(self.start)"),
                Edit("debt.k_mean.eq(mean.k)", "debt.k_mean.eq(mean.k | 1)"),
                Edit("mean.gap.eq(gap)", "mean.gap.eq(body)"),
            ],
        )
        token = dut.o.payload
        self.contract(
            m,
            "learns_what_it_gives",
            "What the mean learns comes out in the next cycle as a gap; one longer than any ends the payload.",
            dut.o.valid & Mux(token.end, token.bad, token.error & (token.gap == self.past(m, gap, "gap"))),
            when=self.past(m, learn, "learn"),
            broken_by=Edit("token.gap.eq(gap)", "token.gap.eq(gap[1:])", block="codeword_decoder"),
        )
        self.contract(
            m,
            "gives_what_it_learns",
            "No gap comes out that it did not learn.",
            self.past(m, learn, "learned"),
            when=dut.o.valid & token.error & ~self.past(m, dut.o.valid & ~dut.o.ready, "o_waits"),
            broken_by=Edit("token.error.eq(whole & ~too_long)", "token.error.eq(~too_long)", block="codeword_decoder"),
        )
        self.invariant(
            m,
            "mean",
            "Threshold and count are the definition's.",
            (inside["mean.threshold"] == mean.held_total + ((49 * mean.held_count) >> 7))
            & (inside["mean.count"] == mean.held_count),
        )
        self.invariant(
            m,
            "mean_range",
            "The mean stays within the range of gaps.",
            (mean.held_total <= mean.held_count * 0xFFFF) & (mean.held_count != 0),
        )
        self.invariant(
            m, "debt", "The debt is the definition's.", (inside["debt.debt"] == debt.held) & (debt.held >= 0)
        )
        self.cover(m, "learned", "k is other than after a keyframe.", inside["debt.k"] == 3)


SPECS = (Codewords(), Definition(), Learning())
