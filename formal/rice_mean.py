"""RiceMean: k is the largest that the rule allows, from a sum and a count that follow the definition."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, ValueLike

from formal.spec import Edit, Induction, Spec
from hdl.rice_mean import RiceMean
from model.golden.rice_mean import COUNT_INITIAL, COUNT_LIMIT, GAP_CLIP, K_INITIAL, K_MAX, SUM_INITIAL

CHANNELS = 4096


def mean_after(total: Value, count: Value, gap: Value) -> tuple[Value, Value]:
    """Return sum and count after a gap was learned, as the wire format defines them."""
    added = total + Mux(gap > GAP_CLIP, GAP_CLIP, gap)
    halves = count == COUNT_LIMIT - 1
    return Mux(halves, (added + 1) >> 1, added), Mux(halves, (count + 1) >> 1, count + 1)


def largest_allowed(total: Value, count: Value) -> Value:
    """Return how many k from 1 on the wire format allows, which is the largest one."""
    threshold = total + ((49 * count) >> 7)
    return sum(((count << k) <= threshold for k in range(1, K_MAX + 1)), Value.cast(0))


class MeanReference:
    """The rule of CCSDS 123.0-B as the wire format states it.

    Attributes
    ----------
    total, count : Signal
        Sum and count of the gaps before this cycle's.
    held_total, held_count : Signal
        The same, but for a `restart` in this cycle. A `forget` is one that comes behind this cycle's gap.
    """

    def __init__(self, m: Module, gap: Value, learn: Value, restart: Value, forget: ValueLike = 0) -> None:
        self.held_total = Signal(range(COUNT_LIMIT * GAP_CLIP + 1), init=SUM_INITIAL, name="reference_held_total")
        self.held_count = Signal(range(COUNT_LIMIT), init=COUNT_INITIAL, name="reference_held_count")
        self.total = Signal.like(self.held_total, name="reference_total")
        self.count = Signal.like(self.held_count, name="reference_count")
        m.d.comb += [
            self.total.eq(Mux(restart, SUM_INITIAL, self.held_total)),
            self.count.eq(Mux(restart, COUNT_INITIAL, self.held_count)),
        ]
        total, count = mean_after(self.total, self.count, gap)
        with m.If(learn):
            m.d.sync += [self.held_total.eq(total), self.held_count.eq(count)]
        with m.Else():
            m.d.sync += [self.held_total.eq(self.total), self.held_count.eq(self.count)]
        with m.If(forget):
            m.d.sync += [self.held_total.eq(SUM_INITIAL), self.held_count.eq(COUNT_INITIAL)]

    def is_k(self, k: Value) -> Value:
        """Return whether `k` is the largest with `count << k <= total + (49*count >> 7)`; 0 if none, at most 15."""
        threshold = self.total + ((49 * self.count) >> 7)
        allowed = (self.count << k) <= threshold
        more = (self.count << (k + 1)) <= threshold
        return (allowed | (k == 0)) & (~more | (k == K_MAX))

    @property
    def k(self) -> Value:
        """The k for which `is_k` holds, since what is allowed of a k is allowed of every smaller one."""
        return largest_allowed(self.total, self.count)


class Parameter(Spec):
    """The mean beside the definition, for any gaps."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RiceMean(CHANNELS)
        inside = self.design(m, dut)
        reference = MeanReference(m, dut.gap, dut.learn, Const(0), forget=dut.restart)
        self.contract(
            m,
            "largest_k",
            "k is the largest with count << k <= sum + (49*count >> 7), of the gaps learned since the restart.",
            reference.is_k(dut.k),
            broken_by=[
                Edit("Mux(mean.threshold < mean.count, Mux(less < 0, 0, less), ", "Mux(0, 0, "),
                Edit("49 * count >> 7", "33 * count >> 7"),
                Edit("self.gap > GAP_CLIP", "self.gap > GAP_CLIP + 2"),
            ],
        )
        self.contract(
            m,
            "one_k",
            "No other k satisfies the rule: what is allowed of a k is allowed of every smaller one.",
            dut.k == reference.k,
            broken_by=Edit("mean.threshold < mean.count", "mean.threshold <= mean.count"),
        )
        self.contract(
            m,
            "initial_k",
            "A keyframe starts from k = 6, in the cycle behind the one that restarts.",
            dut.k == K_INITIAL,
            when=self.past(m, dut.restart, "restart"),
            broken_by=Edit("threshold.eq(threshold.init)", "threshold.eq(0)"),
        )
        idle = self.past(m, ~dut.learn & ~dut.restart, "idle")
        self.contract(
            m,
            "holds",
            "k changes only by a gap to learn or a restart.",
            dut.k == self.past(m, dut.k, "k"),
            when=idle,
            broken_by=Edit("with m.If(self.learn):", "with m.If(1):"),
        )
        self.invariant(
            m,
            "threshold",
            "The threshold is the definition's.",
            inside["threshold"] == reference.held_total + ((49 * reference.held_count) >> 7),
        )
        self.invariant(m, "count", "The count is the definition's.", inside["count"] == reference.held_count)
        self.invariant(m, "count_range", "The count stays within 1..63.", reference.held_count != 0)
        self.invariant(
            m,
            "mean_range",
            "The mean of the gaps stays within their range, so that k needs no limit at 15.",
            reference.held_total <= reference.held_count * GAP_CLIP,
        )
        self.cover(m, "largest", "The largest k.", dut.k == K_MAX)
        self.cover(m, "smaller", "A k below the initial one.", dut.k < K_INITIAL)


SPECS = (Parameter(),)
