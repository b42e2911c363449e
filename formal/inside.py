"""Inside: reaching signals of a design that are no ports of it."""

from collections.abc import Iterator

from amaranth.hdl import Array, Elaboratable, Fragment, Module, Signal
from amaranth.hdl._mem import MemoryInstance


class Inside(Elaboratable):
    """A component, elaborated once, whose inner signals can be had by name.

    `inside["fill"]` is the signal `fill` that the component assigns or, if it assigns none of this name, reads;
    `inside["parameter.debt.k"]` is one of a submodule's. Properties may read them; nothing may drive them.

    Parameters
    ----------
    component : Elaboratable
        The component.
    rows : bool
        Build memories of registers, so that a row of one can be had as well: `inside["lfsr_memory.row_0"]`.
    """

    def __init__(self, component: Elaboratable, *, rows: bool = False) -> None:
        self._fragment = Fragment.get(component, None)
        if rows:
            _open_memories(self._fragment)
        self._signals = dict(_assigned(self._fragment))

    def __getitem__(self, path: str) -> Signal:
        if path not in self._signals:
            raise KeyError(f"the design has no signal {path!r}; it has {', '.join(sorted(self._signals))}")
        return self._signals[path]

    def remove(self, *names: str) -> None:
        """Take submodules out; what they drove is then for the harness to drive, or free."""
        kept = [one for one in self._fragment.subfragments if one[1] not in names]
        if len(kept) != len(self._fragment.subfragments) - len(names):
            raise KeyError(f"the design must have the submodules {', '.join(names)}")
        self._fragment.subfragments[:] = kept

    def elaborate(self, platform: object) -> Fragment:
        """Return the component's logic."""
        return self._fragment


def _assigned(fragment: Fragment, prefix: str = "") -> Iterator[tuple[str, Signal]]:
    for statements in fragment.statements.values():
        for statement in statements:
            for signal in statement._rhs_signals():
                yield prefix + signal.name, signal
    for statements in fragment.statements.values():
        for statement in statements:
            for signal in statement._lhs_signals():
                yield prefix + signal.name, signal
    for subfragment, name, _ in fragment.subfragments:
        yield from _assigned(subfragment, f"{prefix}{name}.")


def _open_memories(fragment: Fragment) -> None:
    for index, (subfragment, name, source) in enumerate(fragment.subfragments):
        if isinstance(subfragment, MemoryInstance):
            fragment.subfragments[index] = (_of_registers(subfragment), name, source)
        else:
            _open_memories(subfragment)


def _of_registers(instance: MemoryInstance) -> Fragment:
    """Return logic that does what a memory with whole-row writes and clocked reads does."""
    m = Module()
    width = len(instance._read_ports[0]._data)
    init = [*instance._data.init, *[0] * instance._data.depth][: instance._data.depth]
    rows = Array(Signal(width, name=f"row_{row}", init=value) for row, value in enumerate(init))
    for port in instance._write_ports:
        if len(port._en) != 1:
            raise ValueError("a memory that writes parts of a row cannot be built of registers here")
        with m.If(port._en):
            m.d[port._domain] += rows[port._addr].eq(port._data)
    for port in instance._read_ports:
        if port._domain == "comb":
            raise ValueError("a memory that is read without a clock cannot be built of registers here")
        with m.If(port._en):
            m.d[port._domain] += port._data.eq(rows[port._addr])
            for index in port._transparent_for:
                write = instance._write_ports[index]
                with m.If(write._en & (write._addr == port._addr)):
                    m.d[port._domain] += port._data.eq(write._data)
    return Fragment.get(m, None)
