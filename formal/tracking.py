"""Following one arbitrary item through a design."""

from amaranth.hdl import Module, Signal, Value, ValueLike
from amaranth.lib import stream

from formal.spec import Spec
from formal.stream_rules import transfer


class Tracked:
    """One item of a stream, any one, from its way in to its way out, where the design gives one item for each.

    The solver marks an item as it goes in, once at most. What is ahead of it is counted down as items come out, so that
    what holds for the marked item holds for every one, however many came before.

    Parameters
    ----------
    spec, m : Spec, Module
        The harness.
    taken, given : stream.Interface
        Input and output of the design.
    capacity : int
        Most items that the design holds at a time.

    Attributes
    ----------
    marking : Value
        The item goes in in this cycle.
    leaving : Signal
        The item is at the output, valid, in this cycle; until it leaves.
    inside : Signal
        The item is in the design.
    held : Signal
        Items in the design. A property of it is that it stays within `capacity`, and is not taken below 0.
    payload : Signal
        The item as it went in.
    """

    def __init__(self, spec: Spec, m: Module, taken: stream.Interface, given: stream.Interface, capacity: int) -> None:
        choice = Signal(name="mark")
        spec.free("mark", choice)
        self.held = Signal(range(capacity + 2))
        self.inside = Signal(name="tracked_inside")
        self.payload = Signal.like(Value.cast(taken.payload), name="tracked_payload")
        self.leaving = Signal(name="tracked_leaving")
        self._marked = Signal()
        self._ahead = Signal.like(self.held)
        self.marking = transfer(taken) & choice & ~self._marked
        entered, left = transfer(taken), transfer(given)
        m.d.sync += self.held.eq(self.held + entered - left)
        m.d.comb += self.leaving.eq(self.inside & (self._ahead == 0) & given.valid)
        with m.If(self.marking):
            m.d.sync += [
                self._marked.eq(1),
                self.inside.eq(1),
                self.payload.eq(taken.payload),
                self._ahead.eq(self.held - left),
            ]
        with m.Elif(left & self.inside):
            m.d.sync += self._ahead.eq(self._ahead - 1)
            with m.If(self._ahead == 0):
                m.d.sync += self.inside.eq(0)

    def remember(self, m: Module, value: ValueLike, name: str) -> Signal:
        """Return what `value` was when the item went in."""
        kept = Signal.like(Value.cast(value), name=name)
        with m.If(self.marking):
            m.d.sync += kept.eq(value)
        return kept
