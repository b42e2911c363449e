"""RiceParameter: each token leaves with the k that the tokens before it give, whatever the stalls."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data

from formal.rice_debt import DebtReference
from formal.rice_mean import MeanReference, largest_allowed, mean_after
from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from formal.tracking import Tracked
from hdl.layouts import K_BITS, coded_token, rice_token
from hdl.rice_mean import NORMALIZED, largest_k
from hdl.rice_parameter import RiceParameter
from model.golden.leb128_coder import GROUP_BITS
from model.golden.rice_debt import CREDIT_GAP_CLIP
from model.golden.rice_mean import K_MAX

CHANNELS = 4096
STAGES = 3


class ParameterReference:
    """The definition of k, which learns a token in the cycle in which it is taken.

    Attributes
    ----------
    k : Signal
        Parameter of the token at the input.
    mean, debt : MeanReference, DebtReference
        Its parts.
    first : Signal
        The token at the input is the first of its epoch.
    """

    def __init__(self, m: Module, token: data.View, taken: Value) -> None:
        self.first = Signal(init=1, name="reference_first")
        self.k = Signal(K_BITS, name="reference_k")
        with m.If(taken):
            m.d.sync += self.first.eq(token.end)
        learn = taken & token.error
        self.mean = MeanReference(m, token.gap, learn, taken & self.first & token.keyframe)
        self.debt = DebtReference(m, self.k, token.gap, learn, taken & self.first)
        m.d.comb += self.k.eq(self.debt.limit(self.mean.k))


class Tokens(Spec):
    """Any token on its way through, beside the definition: the mean where tokens come in, the debt where they leave."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        self.dut = dut = RiceParameter(CHANNELS)
        self.inside = self.design(m, dut)
        assume_source(self, m, dut.i)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("ruled.ready.eq(self.o.ready)", "ruled.ready.eq(1)"),
                "stable": Edit("with m.If(_passes(source)):", "with m.If(source.valid):"),
                "idle_after_reset": Edit("first = Signal(init=1)", "ruled.valid._init = 1; first = Signal(init=1)"),
            },
        )
        came, leaves = dut.i.payload, transfer(dut.o)
        taken, given = transfer(dut.i), dut.o.payload
        self.first, self.first_out = Signal(init=1, name="reference_first"), Signal(init=1, name="reference_first_out")
        with m.If(taken):
            m.d.sync += self.first.eq(came.end)
        with m.If(leaves):
            m.d.sync += self.first_out.eq(given.end)
        learns = taken & came.error & ~came.leb128
        self.mean = MeanReference(m, came.gap, learns, taken & self.first & came.keyframe)
        self.debt = DebtReference(
            m, given.k, given.gap, leaves & given.error & ~given.leb128, dut.o.valid & self.first_out
        )
        self.token = Tracked(self, m, dut.i, dut.o, capacity=STAGES)
        self._contracts(m)
        self._stages(m)
        self._means(m)
        self._debts(m)

    def _contracts(self, m: Module) -> None:
        dut, token = self.dut, self.token
        self.mean_k = token.remember(m, self.mean.k, "mean_k")
        self.token_in = data.View(dut.i.payload.shape(), token.payload)
        self.contract(
            m,
            "one_for_one",
            "Each token leaves once, in order: none is lost or made up, and at most three are inside.",
            (token.held <= STAGES) & (~dut.o.valid | (token.held != 0)),
            broken_by=Edit("stage.valid.eq(source.valid)", "stage.valid.eq(1)"),
        )
        self.contract(
            m,
            "defining_k",
            "Each gap gets the largest k that the gaps before it allow, limited by its epoch's debt.",
            dut.o.payload.k == self.debt.limit(self.mean_k),
            when=token.leaving & ~self.token_in.leb128,
            broken_by=[
                Edit("mean.learn.eq(_passes(came)", "mean.learn.eq(came.valid"),
                Edit("mean.restart.eq(_passes(self.i) & first", "mean.restart.eq(_passes(self.i)"),
                Edit("first.eq(self.i.payload.end)", "first.eq(0)"),
                Edit("debt.k_mean.eq(ruled.payload.k)", "debt.k_mean.eq(mean.k)"),
            ],
        )
        self.contract(
            m,
            "group_k",
            "A gap for LEB128 has the width of a group for k.",
            dut.o.payload.k == GROUP_BITS,
            when=token.leaving & self.token_in.leb128,
            broken_by=Edit("Mux(ruled.payload.leb128, GROUP_BITS, debt.k)", "debt.k"),
        )
        self.contract(
            m,
            "same_token",
            "The gap and the flags of a token leave as they came.",
            self._same(dut.o.payload, self.token_in),
            when=token.leaving,
            broken_by=[
                Edit("with m.If(_passes(source)):", "with m.If(source.valid):"),
                Edit("self.o.payload.eq(ruled.payload)", "self.o.payload.eq(meant.payload)"),
            ],
        )
        self.contract(
            m,
            "no_deadlock",
            "With room at the output, the input is never held up.",
            dut.i.ready,
            when=dut.o.ready,
            broken_by=Edit("self.i.ready.eq(~came.valid | came.ready)", "self.i.ready.eq(~came.valid)"),
        )

    def _stages(self, m: Module) -> None:
        """Say that the token in each stage is the one that came, and will get its k."""
        inside, token, dut = self.inside, self.token, self.dut
        shape = coded_token(CHANNELS)
        came, meant = (data.View(shape, inside[f"{name}__payload"]) for name in ("came", "meant"))
        ruled = data.View(rice_token(CHANNELS), inside["ruled__payload"])
        self.came, self.meant, self.ruled = came, meant, ruled
        self.in_came, self.in_meant, self.in_ruled = (inside[f"{name}__valid"] for name in ("came", "meant", "ruled"))
        inside_now = token.held == self.in_came + self.in_meant + self.in_ruled
        self.invariant(m, "held", "The tokens inside are those in the three stages.", inside_now)
        self.invariant(m, "place", "The token is in a stage.", ~token.inside | (token._ahead < token.held))
        ahead = [self.in_meant + self.in_ruled, self.in_ruled, Const(0)]
        found = [self.in_came, self.in_meant, self.in_ruled]
        total, count = Signal.like(self.mean.total, name="came_total"), Signal.like(self.mean.count, name="came_count")
        with m.If(transfer(dut.i)):
            m.d.sync += [total.eq(self.mean.total), count.eq(self.mean.count)]
        self.came_total, self.came_count = total, count
        normalized = data.View(NORMALIZED, inside["normalized"])
        ks = [
            largest_allowed(total, count),
            largest_k(m, normalized),
            ruled.k,
        ]
        for name, stage, valid, before, k in zip(
            ("came", "meant", "ruled"), (came, meant, ruled), found, ahead, ks, strict=True
        ):
            self.invariant(
                m,
                f"{name}_stage",
                f"The token in the stage `{name}` is the one that came, and has its k or will get it.",
                ~(token.inside & valid & (token._ahead == before))
                | (self._same(stage, self.token_in) & (k == self.mean_k)),
            )
        first_meant = Mux(self.in_ruled, ruled.end, self.first_out)
        first_came = Mux(self.in_meant, meant.end, first_meant)
        first_next = Mux(self.in_came, came.end, first_came)
        self.invariant(
            m,
            "first",
            "The first token of an epoch is known as such in each stage.",
            (inside["first"] == self.first)
            & (self.first == first_next)
            & (~self.in_came | (inside["came_first"] == first_came))
            & (~self.in_meant | (inside["meant_first"] == first_meant)),
        )

        self.invariant(m, "k_range", "No k is above the largest one.", ~token.inside | (self.mean_k <= K_MAX))

    def _means(self, m: Module) -> None:
        inside, mean, came = self.inside, self.mean, self.came
        learned = mean_after(self.came_total, self.came_count, came.gap)
        learns = came.error & ~came.leb128
        held = (
            Mux(self.in_came & learns, learned[0], self.came_total),
            Mux(self.in_came & learns, learned[1], self.came_count),
        )
        total = Mux(self.in_came, self.came_total, mean.held_total)
        count = Mux(self.in_came, self.came_count, mean.held_count)
        self.invariant(
            m,
            "mean",
            "Threshold and count are the definition's, but for the gap in the first stage.",
            (inside["mean.threshold"] == total + ((49 * count) >> 7))
            & (inside["mean.count"] == count)
            & (~self.in_came | ((mean.held_total == held[0]) & (mean.held_count == held[1]))),
        )
        self.invariant(
            m,
            "mean_range",
            "The count stays within 1..63, and the mean within the range of gaps.",
            (mean.held_total <= mean.held_count * 0xFFFF)
            & (mean.held_count != 0)
            & (total <= count * 0xFFFF)
            & (count != 0),
        )

    def _debts(self, m: Module) -> None:
        debt, held = self.debt, self.inside["debt.debt"]
        self.invariant(
            m,
            "debt",
            "The debt is the definition's, and 0 where a packet's first token waits to leave.",
            Mux(self.first_out, ~self.dut.o.valid | (held == 0), held == debt.held),
        )
        gap = self.ruled.gap
        self.contract(
            m,
            "credited",
            "The gap of which credit is taken is that of the last stage, clipped.",
            self.inside["credited"] == Mux(gap > CREDIT_GAP_CLIP, CREDIT_GAP_CLIP, gap),
            when=self.in_ruled,
            broken_by=Edit("credited.eq(clipped(meant.payload.gap))", "credited.eq(clipped(came.payload.gap))"),
        )
        self.invariant(m, "debt_range", "The debt stays within its range.", (debt.held >= 0) & (debt.held <= 8191))

    @staticmethod
    def _same(one: data.View, other: data.View) -> Value:
        return Cat(one[name] == other[name] for name in ("gap", "leb128", "error", "end")).all()


SPECS = (Tokens(),)
