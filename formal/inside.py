"""Inside: reaching signals of a design that are no ports of it."""

from collections.abc import Iterator

from amaranth.hdl import Elaboratable, Fragment, Signal


class Inside(Elaboratable):
    """A component, elaborated once, whose inner signals can be had by name.

    `inside["fill"]` is the signal `fill` that the component assigns; `inside["rice_coder.parameter.debt"]` one of a
    submodule's. Properties may read them; nothing may drive them.

    Parameters
    ----------
    component : Elaboratable
        The component.
    """

    def __init__(self, component: Elaboratable) -> None:
        self._fragment = Fragment.get(component, None)
        self._signals = dict(_assigned(self._fragment))

    def __getitem__(self, path: str) -> Signal:
        if path not in self._signals:
            raise KeyError(f"the design assigns no signal {path!r}; it assigns {', '.join(sorted(self._signals))}")
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
            for signal in statement._lhs_signals():
                yield prefix + signal.name, signal
    for subfragment, name, _ in fragment.subfragments:
        yield from _assigned(subfragment, f"{prefix}{name}.")
