"""RiceMean: k is the largest that the rule allows, from a sum and a count that follow the definition."""

from amaranth.hdl import Module, Mux, Signal, Value

from formal.spec import Edit, Induction, Spec
from hdl.rice_mean import RiceMean
from model.golden.rice_mean import COUNT_INITIAL, COUNT_LIMIT, GAP_CLIP, K_INITIAL, K_MAX, SUM_INITIAL

CHANNELS = 4096


class MeanReference:
    """The rule of CCSDS 123.0-B as the wire format states it.

    Attributes
    ----------
    total, count : Signal
        Sum and count of the gaps before this cycle's.
    """

    def __init__(self, m: Module, gap: Value, learn: Value, restart: Value) -> None:
        self.held_total = Signal(range(COUNT_LIMIT * GAP_CLIP + 1), init=SUM_INITIAL, name="reference_held_total")
        self.held_count = Signal(range(COUNT_LIMIT), init=COUNT_INITIAL, name="reference_held_count")
        self.total = Signal.like(self.held_total, name="reference_total")
        self.count = Signal.like(self.held_count, name="reference_count")
        m.d.comb += [
            self.total.eq(Mux(restart, SUM_INITIAL, self.held_total)),
            self.count.eq(Mux(restart, COUNT_INITIAL, self.held_count)),
        ]
        clipped = Mux(gap > GAP_CLIP, GAP_CLIP, gap)
        total = self.total + clipped
        with m.If(learn & (self.count == COUNT_LIMIT - 1)):
            m.d.sync += [self.held_total.eq((total + 1) >> 1), self.held_count.eq((self.count + 1) >> 1)]
        with m.Elif(learn):
            m.d.sync += [self.held_total.eq(total), self.held_count.eq(self.count + 1)]
        with m.Else():
            m.d.sync += [self.held_total.eq(self.total), self.held_count.eq(self.count)]

    def is_k(self, k: Value) -> Value:
        """Return whether `k` is the largest with `count << k <= total + (49*count >> 7)`; 0 if none, at most 15."""
        threshold = self.total + ((49 * self.count) >> 7)
        allowed = (self.count << k) <= threshold
        more = (self.count << (k + 1)) <= threshold
        return (allowed | (k == 0)) & (~more | (k == K_MAX))

    @property
    def k(self) -> Value:
        """The k for which `is_k` holds, since what is allowed of a k is allowed of every smaller one."""
        threshold = self.total + ((49 * self.count) >> 7)
        return sum(((self.count << k) <= threshold for k in range(1, K_MAX + 1)), Value.cast(0))


class Parameter(Spec):
    """The mean beside the definition, for any gaps."""

    method = Induction(1)
    sizes = f"{CHANNELS} channels"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = RiceMean(CHANNELS)
        inside = self.design(m, dut)
        reference = MeanReference(m, dut.gap, dut.learn, dut.restart)
        self.contract(
            m,
            "largest_k",
            "k is the largest with count << k <= sum + (49*count >> 7), of the gaps learned since the restart.",
            reference.is_k(dut.k),
            broken_by=[
                Edit("Mux(leading < count_leading, Mux(less < 0, 0, less), ", "Mux(0, 0, "),
                Edit("49 * count >> 7", "33 * count >> 7"),
                Edit("self.gap > GAP_CLIP", "self.gap > GAP_CLIP + 2"),
            ],
        )
        self.contract(
            m,
            "one_k",
            "No other k satisfies the rule: what is allowed of a k is allowed of every smaller one.",
            dut.k == reference.k,
            broken_by=Edit("leading < count_leading", "leading <= count_leading"),
        )
        self.contract(
            m,
            "initial_k",
            "A keyframe starts from k = 6, in the cycle that restarts.",
            dut.k == K_INITIAL,
            when=dut.restart,
            broken_by=Edit("Mux(self.restart, K_INITIAL, ", "Mux(self.restart, 0, "),
        )
        idle = self.past(m, ~dut.learn, "idle")
        self.contract(
            m,
            "holds",
            "k changes only by a gap to learn or a restart.",
            dut.k == self.past(m, dut.k, "k"),
            when=idle & ~dut.restart,
            broken_by=Edit("with m.If(self.learn):", "with m.If(self.learn | self.restart):"),
        )
        self.invariant(
            m,
            "threshold",
            "The threshold is the definition's.",
            inside["threshold_held"] == reference.held_total + ((49 * reference.held_count) >> 7),
        )
        self.invariant(m, "count", "The count is the definition's.", inside["count_held"] == reference.held_count)
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
