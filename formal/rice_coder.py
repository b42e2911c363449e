"""RiceCoder: each gap's codeword is the one that its k gives, of bounded length, and worth its debt."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream

from formal.leb128_coder import GROUPS
from formal.rice_debt import debt_after
from formal.rice_parameter import STAGES as PARAMETER_STAGES
from formal.spec import Bounded, Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from formal.tracking import Tracked
from hdl.layouts import K_BITS, VALUE_BITS, coded_token, gap_bits, part_token, rice_token
from hdl.rice_coder import RiceCoder
from model.golden.leb128_coder import GROUP_BITS
from model.golden.rice_coder import ESCAPE

CHANNELS = 4096
GAP_BITS = gap_bits(CHANNELS)
STAGES = 2
"""Those behind the one in which a gap has its parameter."""
PLACES = PARAMETER_STAGES + STAGES
OWED_MAX = PARAMETER_STAGES * GROUPS + STAGES
"""Codewords of the tokens inside: behind the taking apart, each place holds one."""
LENGTH_MAX = ESCAPE + 1 + 2 * (GAP_BITS - 1)
"""Of the longest gap at k = 0: 64 zeros, and an Elias gamma code of 28 bits."""


class CodewordReference:
    """The codeword of a gap by the wire format's text.

    Attributes
    ----------
    zeros, value, width : Signal
        `zeros` zero bits, then the low `width` bits of `value`.
    quotient, escapes : Signal
        What the choice between the two forms is made on.
    """

    def __init__(self, m: Module, gap: Value, k: Value, prefix: str = "expected") -> None:
        self.quotient = Signal(GAP_BITS, name=f"{prefix}_quotient")
        self.escapes = Signal(name=f"{prefix}_escapes")
        self.zeros = Signal(8, name=f"{prefix}_zeros")
        self.width = Signal(8, name=f"{prefix}_width")
        self.value = Signal(32, name=f"{prefix}_value")
        remainder = Signal(16, name=f"{prefix}_remainder")
        beyond = Signal(GAP_BITS, name=f"{prefix}_beyond")
        # The bit length less one, of a number that is not 0.
        n = sum((beyond >= 1 << place for place in range(1, GAP_BITS)), Value.cast(0))
        m.d.comb += [
            self.quotient.eq(gap >> k),
            remainder.eq(gap & ((1 << k) - 1)),
            self.escapes.eq(self.quotient >= ESCAPE),
            beyond.eq(self.quotient - ESCAPE + 1),
            self.zeros.eq(Mux(self.escapes, ESCAPE + n, self.quotient)),
            self.width.eq(Mux(self.escapes, 1 + n + k, 1 + k)),
            self.value.eq((Mux(self.escapes, beyond, 1) << k) | remainder),
        ]


class Codewords(Spec):
    """Any gap or group from where it has its k, which is proven of `RiceParameter`, to its codeword."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"
    abstracted = ("dut.parameter",)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RiceCoder(CHANNELS)
        self.inside = self.design(m, dut)
        assume_source(self, m, dut.i)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("split.ready.eq(~self.o.valid | self.o.ready)", "split.ready.eq(1)"),
                "stable": Edit("with m.If(split.ready):", "with m.If(split.valid):"),
                "idle_after_reset": Edit("bits = gap_bits", "self.o.valid._init = 1; bits = gap_bits"),
            },
        )
        ruled = self._port(m, "parameter.o", rice_token(CHANNELS))
        parts = self._port(m, "leb128_coder.o", part_token(CHANNELS))
        assume_source(self, m, ruled, "ruled")
        self.assume(
            m,
            "leb128_k",
            "A gap for LEB128 has the width of a group for k, as `RiceParameter` gives it.",
            ~ruled.valid | ~ruled.payload.leb128 | (ruled.payload.k == GROUP_BITS),
        )
        token = Tracked(self, m, parts, dut.o, capacity=STAGES)
        self.token = data.View(part_token(CHANNELS), token.payload)
        self.expected = expected = CodewordReference(m, self.token.gap, self.token.k)
        self.is_gap = self.token.error & ~self.token.leb128
        self.value, self.length = Signal(32), Signal(8)
        byte = Cat(self.token.gap[:GROUP_BITS], self.token.more)
        with m.If(self.token.error):
            m.d.comb += [
                self.value.eq(Mux(self.token.leb128, byte, expected.value)),
                self.length.eq(Mux(self.token.leb128, 8, expected.zeros + expected.width)),
            ]
        self._codeword(m, dut, token)
        self._length(m, dut, token)
        self._invariants(m, dut, token)

    def _port(self, m: Module, name: str, shape: data.StructLayout) -> stream.Interface:
        port = stream.Signature(shape).create()
        m.d.comb += [
            port.valid.eq(self.inside[f"{name}__valid"]),
            port.payload.eq(self.inside[f"{name}__payload"]),
            port.ready.eq(self.inside[f"{name}__ready"]),
        ]
        return port

    def _codeword(self, m: Module, dut: RiceCoder, token: Tracked) -> None:
        codeword = dut.o.payload
        self.contract(
            m,
            "one_for_one",
            "Each token becomes one codeword, in order: none is lost or made up, and at most two are inside.",
            (token.held <= STAGES) & (~dut.o.valid | (token.held != 0)),
            broken_by=Edit("split.valid.eq(token.valid)", "split.valid.eq(token.valid & token.payload.error)"),
        )
        self.contract(
            m,
            "codeword",
            "Its codeword is quotient zeros, a one and k bits; from a quotient of 64 on, the escape with Elias gamma.",
            (codeword.value == self.value) & (codeword.length == self.length),
            when=token.leaving & self.is_gap,
            broken_by=[
                Edit("gap[QUOTIENT_BITS:] & ~below", "gap[QUOTIENT_BITS + 1 :] & ~below"),
                Edit("(gap >> k)[:QUOTIENT_BITS]", "(gap >> k)[:5]"),
                Edit("Cat(1, top)", "Cat(1, top[:4])"),
                Edit("(gap & below) |", "gap[:3] |"),
                Edit("Cat(1, zeros) + Cat", "Cat(0, zeros) + Cat"),
            ],
        )
        self.contract(
            m,
            "byte",
            "The codeword of a group is a byte: its 7 bits, and above them whether more follow.",
            (codeword.value == Cat(self.token.gap[:GROUP_BITS], self.token.more)) & (codeword.length == 8),
            when=token.leaving & self.token.error & self.token.leb128,
            broken_by=[
                Edit("~token.payload.leb128 | token.payload.more", "Const(1)"),
                Edit("split.payload.quotient.eq(0)]", "split.payload.quotient.eq(1)]"),
                Edit("[split.payload.escapes.eq(0), ", "["),
            ],
        )
        self.contract(
            m,
            "empty_codeword",
            "A token without an error has an empty codeword.",
            (codeword.value == 0) & (codeword.length == 0),
            when=token.leaving & ~self.token.error,
            broken_by=Edit("with m.If(split.payload.error):", "with m.If(1):"),
        )
        self.contract(
            m,
            "end",
            "The epoch ends with the codeword whose token says so.",
            codeword.end == self.token.end,
            when=token.leaving,
            broken_by=Edit("codeword.end.eq(split.payload.end)", "codeword.end.eq(0)"),
        )

    def _length(self, m: Module, dut: RiceCoder, token: Tracked) -> None:
        codeword = dut.o.payload
        self.contract(
            m,
            "escape_bounds_length",
            f"No codeword is longer than {LENGTH_MAX} bits.",
            codeword.length <= LENGTH_MAX,
            when=token.leaving,
            broken_by=Edit("Cat(1, top)", "Cat(1, 1, top)"),
        )
        self.contract(
            m,
            "value_fits",
            "The value has no more bits than the codeword, as the packer needs, and that of a gap has one at least.",
            ((codeword.value >> codeword.length) == 0) & (~self.is_gap | codeword.value.any()),
            when=token.leaving,
            broken_by=Edit("Cat(1, zeros) + Cat", "Cat(0, zeros) + Cat"),
        )
        gap, k = self.token.gap, self.token.k
        owed = 64 * (codeword.length - (gap + 1)) - 2 * (gap + 1)
        debt = self.constant(m, 13, "any_debt")
        grown = Signal(signed(40))
        m.d.comb += grown.eq(debt_after(debt, k, gap) - debt)
        self.contract(
            m,
            "debt_covers_cost",
            "The debt grows by no less than the codeword's bits beyond one a bin, but for 1/32 bit a bin.",
            grown >= owed,
            when=token.leaving & self.is_gap,
            broken_by=Edit("Mux(escapes, Cat(1, top), ", "Mux(1, Cat(1, top), "),
        )

    def _invariants(self, m: Module, dut: RiceCoder, token: Tracked) -> None:
        inside = self.inside
        layout = data.StructLayout(
            {"escapes": 1, "quotient": 6, "plain": 16, "escaped": GAP_BITS, "k": K_BITS, "error": 1, "end": 1}
        )
        split, waits = data.View(layout, inside["split__payload"]), inside["split__valid"]
        expected, codeword = self.expected, dut.o.payload
        escapes = expected.escapes & ~self.token.leb128
        self.invariant(m, "held", "The tokens inside are those in the two stages.", token.held == waits + dut.o.valid)
        self.invariant(m, "place", "The token is in a stage.", ~token.inside | (token._ahead < token.held))
        self.invariant(
            m,
            "group_width",
            "A group has its width for k.",
            ~token.inside | ~self.token.leb128 | (self.token.k == GROUP_BITS),
        )
        self.invariant(
            m,
            "first_stage",
            "The token in the first stage is split as it must be.",
            ~(token.inside & waits & (token._ahead == dut.o.valid))
            | (
                (split.quotient == Mux(self.token.leb128, 0, expected.quotient[:6]))
                & (split.k == self.token.k)
                & (split.error == self.token.error)
                & (split.end == self.token.end)
                & (split.escapes == escapes)
                & (~escapes | (split.escaped == self.token.gap - ((ESCAPE - 1) << self.token.k)))
                & (escapes | ~self.token.error | (split.plain == self.value))
            ),
        )
        self.invariant(
            m,
            "second_stage",
            "The token in the second stage has its codeword.",
            ~(token.inside & dut.o.valid & (token._ahead == 0))
            | ((codeword.end == self.token.end) & (codeword.length == self.length) & (codeword.value == self.value)),
        )
        self.cover(m, "longest", "The longest codeword.", dut.o.valid & (codeword.length == LENGTH_MAX))


class Whole(Spec):
    """The whole block: any token for the Golomb coder, and the codeword that comes of it."""

    depth = 11
    method = Bounded(depth, "a token in each of the stages, and as many behind it, with any pauses")
    sizes = f"{CHANNELS} channels"
    cover_depth = depth
    broken_depth = depth
    fast = False

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RiceCoder(CHANNELS)
        self.design(m, dut)
        assume_source(self, m, dut.i)
        self.assume(
            m,
            "no_leb128",
            "The gaps are for the Golomb coder; `leb128_coder` tells of the others, of which several codewords come.",
            ~dut.i.payload.leb128,
        )
        item = Tracked(self, m, dut.i, dut.o, capacity=5)
        token, codeword = data.View(coded_token(CHANNELS), item.payload), dut.o.payload
        ahead, zeros, k = Signal(8), Signal(range(ESCAPE + 1)), Signal(8)
        bits = sum((codeword.value >= 1 << place for place in range(VALUE_BITS)), Value.cast(0))
        m.d.comb += [
            ahead.eq(codeword.length - bits),
            zeros.eq(Mux(ahead > ESCAPE, ESCAPE, ahead)),
            k.eq(bits - 1 - (ahead - zeros)),
        ]
        self.contract(
            m,
            "each_its_codeword",
            "Each token has one codeword, in order, which says whether the epoch ends, and is empty without an error.",
            (codeword.end == token.end) & ((codeword.length != 0) == token.error),
            when=item.leaving,
            broken_by=[
                Edit("split.valid.eq(token.valid)", "split.valid.eq(token.valid & token.payload.error)"),
                Edit("self.o.payload.eq(ruled.payload)", "self.o.payload.eq(meant.payload)", block="rice_parameter"),
            ],
        )
        self.contract(
            m,
            "gap_back",
            "Of any codeword's length and value its gap can be told.",
            (codeword.value + (zeros << k) - (1 << k))[:GAP_BITS] == token.gap,
            when=item.leaving & token.error,
            broken_by=Edit("Cat(1, zeros) + Cat", "Cat(0, zeros) + Cat"),
        )
        self.contract(
            m,
            "none_made_up",
            "No codeword comes without a token.",
            item.held != 0,
            when=dut.o.valid,
            broken_by=Edit("self.o.valid.eq(ruled.valid)", "self.o.valid.eq(1)", block="rice_parameter"),
        )
        self.cover(m, "escape", "A codeword escapes.", item.leaving & (ahead > ESCAPE))


class Progress(Spec):
    """Tokens of both coders, any of them: how many codewords come of them, and when."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"
    cover_depth = 28

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = RiceCoder(CHANNELS)
        self.inside = self.design(m, dut)
        assume_source(self, m, dut.i)
        taken, waits = transfer(dut.i), dut.i.valid & ~dut.i.ready
        codewords = self._codewords(dut.i.payload)
        self.owed, self.late = Signal(range(OWED_MAX + 2)), Signal(range(PLACES + 1))
        self.waited, self.splits = Signal(range(GROUPS + 1)), Signal()
        m.d.sync += [
            self.owed.eq(self.owed + Mux(taken, codewords, 0) - transfer(dut.o)),
            self.late.eq(Mux((self.owed == 0) | dut.o.valid, 0, self.late + 1)),
            self.waited.eq(Mux(waits, self.waited + dut.o.ready, 0)),
            self.splits.eq((taken & (codewords > 1)) | (self.splits & (self.owed != 0))),
        ]
        self._mark(m, codewords)
        self._joints(m)
        self._contracts(m)
        self._invariants(m)
        self.cover(m, "longest_wait", "A token waits for all groups of another.", self.waited == GROUPS - 1)
        slowest = (self.spent == OWED_MAX - 1) & (self.due == 1) & transfer(dut.o)
        self.cover(m, "slowest", "A token leaves as late as that.", slowest)

    def _mark(self, m: Module, codewords: Value) -> None:
        """Follow a token, any one: `due` are the codewords up to its last one, `spent` the sink's cycles for them."""
        choice = Signal(name="mark")
        self.free("mark", choice)
        self.due, self.spent = Signal.like(self.owed), Signal(range(OWED_MAX + 1))
        with m.If(self.due == 0):
            m.d.sync += self.spent.eq(0)
            with m.If(transfer(self.dut.i) & choice):
                m.d.sync += self.due.eq(self.owed + codewords - transfer(self.dut.o))
        with m.Else():
            m.d.sync += [self.due.eq(self.due - transfer(self.dut.o)), self.spent.eq(self.spent + self.dut.o.ready)]

    def _joints(self, m: Module) -> None:
        inside, parts = self.inside, ("valid", "payload", "ready")
        came = [getattr(self.dut.i, part) for part in parts]
        ruled = [inside[f"parameter.o__{part}"] for part in parts]
        for name, source, sink, joint in (
            ("gaps", came, "parameter.i", "wiring.flipped(self.i), parameter.i"),
            ("ruled", ruled, "leb128_coder.i", "token, leb128_coder.i"),
        ):
            same = [Value.cast(one) == inside[f"{sink}__{part}"] for one, part in zip(source, parts, strict=True)]
            self.contract(
                m,
                f"joined_{name}",
                f"`{sink}` is the stream before it.",
                Cat(same).all(),
                broken_by=Edit(f"wiring.connect(m, {joint})", "pass"),
            )

    @staticmethod
    def _codewords(token: data.View) -> Value:
        """Return how many codewords come of a token: one, or a byte for each group of a gap for LEB128."""
        more = sum((token.gap >= 1 << GROUP_BITS * groups for groups in range(1, GROUPS)), Value.cast(0))
        return 1 + Mux(token.error & token.leb128, more, 0)

    def _contracts(self, m: Module) -> None:
        dut = self.dut
        self.contract(
            m,
            "as_many_as_owed",
            "No more codewords come than tokens are worth: one each, or for LEB128 one for each group of the gap.",
            self.owed != 0,
            when=dut.o.valid,
            broken_by=[
                Edit("Array(above)[place]", "Array(above)[0]", "leb128_coder"),
                Edit("split.valid.eq(token.valid)", "split.valid.eq(1)"),
            ],
        )
        self.contract(
            m,
            "offered",
            f"What is owed comes: a codeword is at the output within {PLACES} cycles of a token, or of the codeword "
            "before it.",
            self.late < PLACES,
            broken_by=[
                Edit("split.valid.eq(token.valid)", "split.valid.eq(token.valid & token.payload.error)"),
                Edit("with m.If(~part.more):", "with m.If(0):", "leb128_coder"),
                Edit("meant.ready.eq(~ruled.valid | ruled.ready)", "meant.ready.eq(ruled.ready)", "rice_parameter"),
            ],
        )
        self.contract(
            m,
            "leaves",
            f"Of any token the last codeword leaves within {OWED_MAX} cycles in which the sink is ready.",
            self.spent < OWED_MAX,
            when=self.due != 0,
            broken_by=[
                Edit("split.valid.eq(token.valid)", "split.valid.eq(token.valid & token.payload.error)"),
                Edit("meant.ready.eq(~ruled.valid | ruled.ready)", "meant.ready.eq(ruled.ready)", "rice_parameter"),
            ],
        )
        self.contract(
            m,
            "room",
            "A token is taken where the sink is ready, or one of the five places free, unless a gap is taken apart.",
            dut.i.ready,
            when=(dut.o.ready | (self.owed < PLACES)) & ~self.splits,
            broken_by=[
                Edit("token.ready.eq(~split.valid | split.ready)", "token.ready.eq(~split.valid)"),
                Edit("came.ready.eq(~meant.valid | meant.ready)", "came.ready.eq(meant.ready)", "rice_parameter"),
            ],
        )
        self.contract(
            m,
            "waits",
            f"A token waits for no more than {GROUPS - 1} cycles in which the sink is ready: for the further groups "
            "of one gap.",
            self.waited < GROUPS,
            broken_by=Edit("self.o.ready & ~part.more", "self.o.ready & ~splits", "leb128_coder"),
        )

    def _invariants(self, m: Module) -> None:
        inside, given = self.inside, self.dut.o.valid
        shapes = {"came": coded_token(CHANNELS), "meant": coded_token(CHANNELS), "ruled": rice_token(CHANNELS)}
        valid = {name: inside[f"parameter.{name}__valid"] for name in shapes}
        tokens = {name: data.View(shape, inside[f"parameter.{name}__payload"]) for name, shape in shapes.items()}
        codewords = {name: self._codewords(token) for name, token in tokens.items()}
        place, split = inside["leb128_coder.place"], inside["split__valid"]
        total = sum((Mux(valid[name], codewords[name], 0) for name in shapes), split + given)
        self.invariant(m, "owed", "What is owed is inside.", total - place == self.owed)
        self.invariant(
            m,
            "sent",
            "Groups were sent only of a gap that has more.",
            (place == 0) | (valid["ruled"] & (place < codewords["ruled"])),
        )
        self.invariant(
            m,
            "on_time",
            "The foremost token moves on in every cycle until it is at the output.",
            self.late <= Mux(given, 4, Mux(split, 3, Mux(valid["ruled"], 2, valid["meant"]))),
        )
        left = {**codewords, "ruled": codewords["ruled"] - place}
        places = [*((valid[name], left[name]) for name in shapes), (split, Const(1)), (given, Const(1))]
        found = self.due == 0
        for first in range(PLACES):
            ahead = places[first:]
            due = sum((Mux(holds, count, 0) for holds, count in ahead), Value.cast(0))
            free = sum((~holds for holds, _ in ahead), Value.cast(0))
            at_most = self.spent + self.due + free <= OWED_MAX
            found |= ahead[0][0] & (self.due == due) & at_most
        self.invariant(
            m,
            "due",
            "The marked token is in one of the places; the sink's cycles for what is ahead of it are enough.",
            found,
        )
        self.invariant(m, "sends", "While a token waits for a ready sink, groups are sent.", self.waited <= place)
        self.invariant(
            m,
            "splits",
            "It is known whether a gap is taken apart.",
            self.splits | Cat(~valid[name] | (codewords[name] == 1) for name in shapes).all(),
        )


SPECS = (Codewords(), Progress(), Whole())
