"""RiceParameter: each token leaves with the k that the tokens before it give, whatever the stalls."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data

from formal.rice_debt import DebtReference, debt_after
from formal.rice_mean import MeanReference
from formal.spec import Edit, Induction, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from formal.tracking import Tracked
from hdl.layouts import K_BITS, rice_token
from hdl.rice_parameter import RiceParameter

CHANNELS = 4096
STAGES = 2


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
    """Any token on its way through, beside the definition."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RiceParameter(CHANNELS)
        self.inside = self.design(m, dut)
        assume_source(self, m, dut.i)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit(
                    "with m.If(ruled.ready):\n            m.d.sync += self.o",
                    "with m.If(1):\n            m.d.sync += self.o",
                ),
                "stable": Edit("with m.If(passed):", "with m.If(ruled.valid):"),
                "idle_after_reset": Edit("first = Signal(init=1)", "self.o.valid._init = 1; first = Signal(init=1)"),
            },
        )
        reference = ParameterReference(m, dut.i.payload, transfer(dut.i))
        token = Tracked(self, m, dut.i, dut.o, capacity=STAGES)
        self._contracts(m, dut, reference, token)
        self._invariants(m, dut, reference, token)

    def _contracts(self, m: Module, dut: RiceParameter, reference: ParameterReference, token: Tracked) -> None:
        self.expected_k = token.remember(m, reference.k, "expected_k")
        self.token_in = data.View(dut.i.payload.shape(), token.payload)
        self.contract(
            m,
            "one_for_one",
            "Each token leaves once, in order: none is lost or made up, and at most two are inside.",
            (token.held <= STAGES) & (~dut.o.valid | (token.held != 0)),
            broken_by=Edit("ruled.valid.eq(self.i.valid)", "ruled.valid.eq(1)"),
        )
        self.contract(
            m,
            "defining_k",
            "Each token gets the largest k that the gaps before it allow, limited by its epoch's debt.",
            dut.o.payload.k == self.expected_k,
            when=token.leaving,
            broken_by=[
                Edit("mean.learn.eq(taken & token_in.error)", "mean.learn.eq(self.i.valid & token_in.error)"),
                Edit("mean.restart.eq(self.i.valid & first", "mean.restart.eq(self.i.valid"),
                Edit("first.eq(token_in.end)", "first.eq(0)"),
                Edit("self.o.payload.k.eq(debt.k)", "self.o.payload.k.eq(mean.k)"),
            ],
        )
        self.contract(
            m,
            "same_token",
            "The gap and the flags of a token leave as they came.",
            self._same(dut.o.payload, self.token_in),
            when=token.leaving,
            broken_by=[
                Edit("ruled.payload.end.eq(token_in.end)", "ruled.payload.end.eq(0)"),
                Edit("ruled.payload.error.eq(token_in.error)", "ruled.payload.error.eq(1)"),
                Edit("with m.If(taken):", "with m.If(self.i.valid):"),
            ],
        )
        self.contract(
            m,
            "no_deadlock",
            "With room at the output, the input is never held up.",
            dut.i.ready,
            when=dut.o.ready,
            broken_by=Edit("self.i.ready.eq(~ruled.valid | ruled.ready)", "self.i.ready.eq(~ruled.valid)"),
        )

    def _invariants(self, m: Module, dut: RiceParameter, reference: ParameterReference, token: Tracked) -> None:
        inside = self.inside
        ruled = data.View(rice_token(CHANNELS), inside["ruled__payload"])
        waits = inside["ruled__valid"]
        self.invariant(m, "held", "The tokens inside are those in the two stages.", token.held == waits + dut.o.valid)
        self.invariant(m, "first", "The first token is known as such.", inside["first"] == reference.first)
        mean, debt = reference.mean, reference.debt
        restarts = dut.i.valid & reference.first & dut.i.payload.keyframe
        self.invariant(
            m,
            "mean",
            "Threshold and count are the definition's, but for a restart that waits with its token at the input.",
            (
                (inside["mean.threshold_held"] == mean.held_total + ((49 * mean.held_count) >> 7))
                & (inside["mean.count_held"] == mean.held_count)
            )
            | restarts,
        )
        self.invariant(m, "count_range", "The count stays within 1..63.", mean.held_count != 0)
        self.invariant(
            m,
            "mean_range",
            "The mean stays within the range of gaps.",
            (mean.held_total <= mean.held_count * 0xFFFF) & (inside["mean.count_held"] != 0),
        )
        before = Mux(inside["ruled_first"], 0, inside["debt.debt_held"])
        k = Mux(before < 4096, ruled.k, 0)
        after = Mux(ruled.error, debt_after(before, k, ruled.gap), before)
        self.invariant(
            m,
            "debt",
            "The definition's debt is the design's, with the gap in the first stage added.",
            Mux(waits, debt.held == after, (debt.held == inside["debt.debt_held"])),
        )
        self.invariant(m, "debt_range", "The debt stays within its range.", (debt.held >= 0) & (debt.held <= 8191))
        in_first = token.inside & waits & (token._ahead == dut.o.valid)
        self.invariant(
            m,
            "first_stage",
            "The token in the first stage is the one that came, and will get its k.",
            ~in_first | (self._same(ruled, self.token_in) & (k == self.expected_k)),
        )
        self.invariant(
            m,
            "second_stage",
            "The token in the second stage is the one that came, with its k.",
            ~(token.inside & dut.o.valid & (token._ahead == 0))
            | (self._same(dut.o.payload, self.token_in) & (dut.o.payload.k == self.expected_k)),
        )
        self.invariant(m, "place", "The token is in a stage.", ~token.inside | (token._ahead < token.held))

    @staticmethod
    def _same(one: data.View, other: data.View) -> Value:
        return (one.gap == other.gap) & (one.error == other.error) & (one.end == other.end)


SPECS = (Tokens(),)
