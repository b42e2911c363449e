"""What a property is, and the harness that holds a block's properties."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from amaranth.asserts import AnyConst
from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Fragment, Module, ResetSignal, Signal, Value, ValueLike
from amaranth.lib import wiring

from formal.inside import Inside

TOP = "top"
CELL_PREFIX = "property."
"""Before a property's name in the design, where signals of the same name may be."""
DUT = "dut"


class Kind(StrEnum):
    """What a property says, and about whom."""

    CONTRACT = "contract"
    RULE = "interface rule"
    INVARIANT = "invariant"
    ASSUMPTION = "assumption"
    COVER = "cover"


CELLS = {Kind.ASSUMPTION: "$assume", Kind.COVER: "$cover"}
"""Yosys' cell for each kind; `$assert` for the others."""


@dataclass(frozen=True)
class Edit:
    """A way to break a design: one passage of a file in `hdl` replaced by another.

    Parameters
    ----------
    old, new : str
        `old` must occur exactly once in the file.
    block : str
        The file, without its ending; the property's own block where empty.
    skip : int
        Cycles in which no failure is looked for, to get sooner to one that comes late.
    """

    old: str
    new: str
    block: str = ""
    skip: int = 0


@dataclass(frozen=True)
class Property:
    """A condition that must hold in every cycle (or, a cover, in one).

    Parameters
    ----------
    name : str
        Unique in its block; the solver reports it by this name.
    sentence : str
        What it says, for the table.
    kind : Kind
        Who is bound by it.
    condition : Signal
        One bit; None where the property is about the circuit's structure.
    broken_by : sequence of Edit
        Each of them makes the property fail.
    cut : tuple of str
        Two ports with no combinational path from the first to the second.
    """

    name: str
    sentence: str
    kind: Kind
    condition: Signal | None
    broken_by: tuple[Edit, ...] = ()
    cut: tuple[str, str] | None = None


@dataclass(frozen=True)
class Pdr:
    """Unbounded, by property-directed reachability: the solver finds the invariants itself.

    Parameters
    ----------
    prepare : str
        Commands of ABC before it, such as `scorr;` to merge registers that are always equal.
    depth : int
        Cycles of the bounded check beside it, in another engine.
    """

    prepare: str = ""
    depth: int = 8
    unbounded: ClassVar[bool] = True
    how: ClassVar[str] = "PDR"

    @property
    def engine(self) -> str:
        """Return sby's engine."""
        return f"abc {self.prepare} pdr" if self.prepare else "abc pdr"


@dataclass(frozen=True)
class Induction:
    """Unbounded, by k-induction.

    Parameters
    ----------
    depth : int
        k: cycles that the induction looks back.
    solver : str
        One that sby's smtbmc knows.
    """

    depth: int = 3
    solver: str = "yices"
    unbounded: ClassVar[bool] = True

    @property
    def how(self) -> str:
        """Return the method's name."""
        return f"induction, k = {self.depth}"

    @property
    def engine(self) -> str:
        """Return sby's engine."""
        return f"smtbmc {self.solver}"


@dataclass(frozen=True)
class Bounded:
    """Every input sequence of some length from reset on, no longer ones.

    Parameters
    ----------
    depth : int
        Cycles.
    why : str
        What this depth covers, for the table.
    engine : str
        sby's engine.
    """

    depth: int
    why: str
    engine: str = "smtbmc yices"
    unbounded: ClassVar[bool] = False
    how: ClassVar[str] = "bounded"


Method = Pdr | Induction | Bounded


class Spec(Elaboratable):
    """A design with its environment and its properties, all proven by one method.

    A subclass builds them in `describe`. Inputs that it leaves undriven
    are free: the solver chooses them anew in each cycle.

    Attributes
    ----------
    block : str
        Name of the block, from the subclass's file.
    method : Method
        How the properties are proven.
    sizes : str
        Build-time parameters of the proof, for the table; empty where the block has none.
    abstracted : tuple of str
        Submodules, as `dut.parameter`, whose outputs are free; what is assumed of them is proven elsewhere.
    cover_depth, broken_depth : int
        Cycles within which every cover is reached, and every broken design found out.
    fast : bool
        Belongs to the slice that `make test` runs.
    properties : list of Property
        Filled by an elaboration.
    ports : dict
        Inputs and outputs of the harness, by name; filled by an elaboration.
    """

    _MustUse__silence = True  # lists of harnesses need not be elaborated in full

    method: Method = Pdr()
    sizes = ""
    abstracted: tuple[str, ...] = ()
    cover_depth = 20
    broken_depth = 20
    fast = True

    def __init__(self) -> None:
        self.properties: list[Property] = []
        self.ports: dict[str, Value] = {}

    @property
    def block(self) -> str:
        """Return the name of the block."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def name(self) -> str:
        """Return the name of this harness, unique in its block."""
        return type(self).__name__

    @abstractmethod
    def describe(self, m: Module) -> None:
        """Add the design, its environment and its properties to `m`."""

    def elaborate(self, platform: object) -> Module:
        """Return the harness."""
        m = Module()
        self.properties.clear()
        self.ports.clear()
        self._running = Signal()
        m.d.sync += self._running.eq(1)
        self.describe(m)
        self.assume(m, "no_reset", "Reset is over.", ~ResetSignal())
        return m

    # What a subclass builds from.

    def design(self, m: Module, component: wiring.Component, name: str = DUT, *, rows: bool = False) -> Inside:
        """Add `component` to the harness; return a view of what is inside. Inputs left undriven are free."""
        inside = Inside(component, rows=rows)
        m.submodules[name] = inside
        for path, _, value in component.signature.flatten(component):
            self.free("__".join((name, *map(str, path))), value)
        return inside

    def remove(self, inside: Inside, **blocks: wiring.Component) -> None:
        """Take submodules, given by their names, out of a design; what they drove is free."""
        inside.remove(*blocks)
        for name, block in blocks.items():
            for path, member, value in block.signature.flatten(block):
                if member.flow is wiring.Out:
                    self.free("__".join((name, *map(str, path))), value)

    def free(self, name: str, value: ValueLike) -> None:
        """Let the solver choose `value` in each cycle, unless something drives it."""
        self.ports[name] = Value.cast(value)

    def constant(self, m: Module, shape: object, name: str) -> Signal:
        """Return a value that the solver chooses once: what holds for it holds for all."""
        chosen = Signal(shape, name=name)
        m.d.comb += Value.cast(chosen).eq(AnyConst(Value.cast(chosen).shape()))
        return chosen

    def past(self, m: Module, value: ValueLike, name: str) -> Signal:
        """Return `value` of the cycle before; 0 in the first cycle."""
        register = Signal(Value.cast(value).shape(), name=f"past_{name}")
        m.d.sync += register.eq(value)
        return register

    @property
    def running(self) -> Signal:
        """Low in the first cycle, when there is no cycle before."""
        return self._running

    def contract(
        self,
        m: Module,
        name: str,
        sentence: str,
        condition: ValueLike,
        *,
        when: ValueLike | None = None,
        broken_by: Edit | Sequence[Edit] = (),
    ) -> None:
        """Prove `condition` (where `when` holds, which must then be reachable); every edit must make it fail."""
        self._claim(m, Kind.CONTRACT, name, sentence, condition, when, broken_by)

    def rule(
        self,
        m: Module,
        name: str,
        sentence: str,
        condition: ValueLike,
        *,
        when: ValueLike | None = None,
        broken_by: Edit | Sequence[Edit] = (),
    ) -> None:
        """Prove a rule of an interface; otherwise as `contract`."""
        self._claim(m, Kind.RULE, name, sentence, condition, when, broken_by)

    def no_path(
        self,
        name: str,
        sentence: str,
        source: str,
        sink: str,
        *,
        broken_by: Edit | Sequence[Edit] = (),
    ) -> None:
        """Show that no combinational path leads from one port to another."""
        self.properties.append(Property(name, sentence, Kind.RULE, None, _edits(broken_by), (source, sink)))

    def invariant(self, m: Module, name: str, sentence: str, condition: ValueLike) -> None:
        """Prove what users of the block cannot see, but other proofs need."""
        self._claim(m, Kind.INVARIANT, name, sentence, condition, None, ())

    def assume(self, m: Module, name: str, sentence: str, condition: ValueLike) -> None:
        """Restrict the environment."""
        self._add(m, Kind.ASSUMPTION, name, sentence, condition)

    def cover(self, m: Module, name: str, sentence: str, condition: ValueLike) -> None:
        """Show that `condition` can be reached, under the same assumptions."""
        self._add(m, Kind.COVER, name, sentence, condition)

    def _claim(
        self,
        m: Module,
        kind: Kind,
        name: str,
        sentence: str,
        condition: ValueLike,
        when: ValueLike | None,
        broken_by: Edit | Sequence[Edit],
    ) -> None:
        edits = _edits(broken_by)
        if when is None:
            self._add(m, kind, name, sentence, condition, edits)
            return
        self._add(m, kind, name, sentence, ~_truth(when) | _truth(condition), edits)
        self.cover(m, f"{name}_applies", f"{name} is put to the test.", when)

    def _add(
        self, m: Module, kind: Kind, name: str, sentence: str, condition: ValueLike, edits: tuple[Edit, ...] = ()
    ) -> None:
        held = Signal(name=f"holds__{name}")
        m.d.comb += held.eq(_truth(condition))
        self.properties.append(Property(name, sentence, kind, held, edits))


def _edits(broken_by: Edit | Sequence[Edit]) -> tuple[Edit, ...]:
    return (broken_by,) if isinstance(broken_by, Edit) else tuple(broken_by)


def _truth(value: ValueLike) -> Value:
    return Value.cast(value).bool()


def claims(properties: Sequence[Property]) -> list[Property]:
    """Return those that are to be proven."""
    return [one for one in properties if one.kind not in CELLS]


def to_rtlil(spec: Spec) -> str:
    """Return the harness in RTLIL, each property a cell of its name in the top module, the design in module `dut`."""
    fragment = Fragment.get(spec, None)
    names = [one.name for one in spec.properties]
    if len(set(names)) != len(names):
        raise ValueError(f"{spec.name} has two properties of one name: {sorted(names)}")
    if not any(one.kind is Kind.COVER for one in spec.properties):
        raise ValueError(f"{spec.name} has no cover, so that nothing shows that its assumptions can be met")
    solved = [one for one in spec.properties if one.condition is not None]
    wires = {f"property__{one.name}": (one.condition, None) for one in solved}
    ports = {name: (value, None) for name, value in spec.ports.items()}
    text, _ = rtlil.convert_fragment(fragment, ports=ports | wires, name=TOP)
    end = text.index("\nend\n", text.index(f"\nmodule \\{TOP}\n"))
    cells = "".join(_cell(one) for one in solved)
    return text[:end] + cells + text[end:]


def _cell(one: Property) -> str:
    kind = CELLS.get(one.kind, "$assert")
    name, wire = f"{CELL_PREFIX}{one.name}", f"property__{one.name}"
    return f"\n  cell {kind} \\{name}\n    connect \\A \\{wire}\n    connect \\EN 1'1\n  end\n"
