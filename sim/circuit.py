"""A block of the RTL with one stream in and one out, compiled by CXXRTL, whose every register can be reached."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
from amaranth.lib import wiring
from numpy.typing import NDArray

from hdl.generate import component_rtlil, run_yosys
from hdl.voted import vote_script, write_voted_cells
from sim.build import BUILD, BuildError, alone_in, write_if_changed
from sim.cxxrtl import compile_harness

HARNESS = Path(__file__).with_name("circuit.cc")
PAUSES = Path(__file__).with_name("pauses.h")
SCRIPT = (
    "read_rtlil {name}.il; {vote}hierarchy -top {name}; proc; flatten; clean; "
    # Without loops through parts of one signal, a cycle takes one evaluation; -g2 keeps the names of ports and state.
    "splitnets -driver; clean; write_cxxrtl -header -O6 -g2 {name}.cc"
)
FLAT_VOTE = "{}setattr -mod -unset keep_hierarchy *; "
QUIET_CYCLES = 1000
"""A run ends after so many cycles without a transfer, unless it is told otherwise."""
CYCLES_MAX = 2**62
Scalar = TypeVar("Scalar", bound=np.generic)


class State(NamedTuple):
    """A register (one row) or a memory of the circuit."""

    name: str
    width: int
    depth: int
    index: int  # type: ignore[assignment]  # in place of a tuple's method

    @property
    def bits(self) -> int:
        """Bits that it holds."""
        return self.width * self.depth


class Upset(NamedTuple):
    """A bit of a register or memory that flips before the clock edge of a cycle."""

    cycle: int
    state: State
    row: int
    bit: int


class Run(NamedTuple):
    """What came of a run.

    Attributes
    ----------
    output : ndarray of uint32, shape (words, chunks)
        Payloads at the output, 32 bits a chunk.
    cycles_in, cycles_out : ndarray of int
        Clock cycle of each transfer.
    events : dict of int
        In how many cycles each of the circuit's event outputs was set.
    cycles, stall_cycles : int
        Length of the run; cycles of it in which an input word had to wait.
    """

    output: NDArray[np.uint32]
    cycles_in: NDArray[np.int64]
    cycles_out: NDArray[np.int64]
    events: dict[str, int]
    cycles: int
    stall_cycles: int


class _Item(ctypes.Structure):
    """As in circuit.cc."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("width", ctypes.c_uint64),
        ("depth", ctypes.c_uint64),
        ("state", ctypes.c_uint32),
    ]


class _Upset(ctypes.Structure):
    """As in circuit.cc."""

    _fields_ = [("cycle", ctypes.c_uint64), *((name, ctypes.c_uint32) for name in ("item", "row", "bit"))]


class _Job(ctypes.Structure):
    """As in circuit.cc."""

    _fields_ = [
        ("words", ctypes.c_void_p),
        *((name, ctypes.c_uint64) for name in ("word_count", "quiet_cycles", "cycles_max")),
        ("gaps", ctypes.c_double),
        ("stalls", ctypes.c_double),
        ("pause_seed", ctypes.c_uint32),
        ("upset_count", ctypes.c_uint32),
        ("upsets", ctypes.POINTER(_Upset)),
    ]


class _Result(ctypes.Structure):
    """As in circuit.cc."""

    _fields_ = [
        *((name, ctypes.c_uint64) for name in ("cycles", "words_in", "words_out", "stall_cycles")),
        ("output", ctypes.POINTER(ctypes.c_uint32)),
        ("cycles_in", ctypes.POINTER(ctypes.c_uint64)),
        ("cycles_out", ctypes.POINTER(ctypes.c_uint64)),
        ("feedback", ctypes.c_uint32),
    ]


class Circuit:
    """A compiled component with the streams `i` and `o`; it comes out of reset when it is made.

    Parameters
    ----------
    component : wiring.Component
        What to compile, unless that was done before.
    name : str
        Name of its top module; a component of other parameters needs another one.
    voted : bool, optional
        Keep control registers in three copies; see `hdl.voted`.
    inputs : mapping of int, optional
        Values of other inputs, by their names.
    events : sequence of str, optional
        Outputs of one bit to count.

    Raises
    ------
    BuildError
        It cannot be compiled.
    """

    def __init__(
        self,
        component: wiring.Component,
        name: str,
        inputs: Mapping[str, int] | None = None,
        events: Sequence[str] = (),
        *,
        voted: bool = False,
    ) -> None:
        self._library = _load(_build(component, name, voted))
        self._circuit = self._library.circuit_new()
        self._items = {item.name: (item, is_state) for item, is_state in self._list()}
        self._events = tuple(events)
        indices = (ctypes.c_uint32 * len(events))(*(self._items[event][0].index for event in events))
        self._library.circuit_count(self._circuit, indices, len(events))
        for port, value in (inputs or {}).items():
            self._set(self._items[port][0], value)
        self.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.circuit_delete(self._circuit)

    @property
    def states(self) -> list[State]:
        """Every register and memory."""
        return [item for item, is_state in self._items.values() if is_state]

    def reset(self) -> None:
        """Reset the registers and clear the memories."""
        self._library.circuit_reset(self._circuit)

    def run(
        self,
        words: NDArray[np.uint32],
        *,
        upsets: Sequence[Upset] = (),
        gaps: float = 0.0,
        stalls: float = 0.0,
        pause_seed: int = 1,
        quiet_cycles: int = QUIET_CYCLES,
        cycles_max: int = CYCLES_MAX,
    ) -> Run:
        """Send words through until nothing moves any more.

        Parameters
        ----------
        words : ndarray of uint32, shape (words,) or (words, chunks)
            Payloads at the input.
        upsets : sequence of Upset
            In the order of their cycles, the first cycle of the run being 0.
        gaps, stalls, pause_seed
            As in `Stimulus`.
        quiet_cycles : int
            After so many cycles without a transfer the run ends,
        cycles_max : int
            and after so many cycles in any case.

        Raises
        ------
        BuildError
            The circuit has combinational feedback.
        """
        words = np.ascontiguousarray(words, np.uint32)
        flips = (_Upset * len(upsets))(*(_Upset(cycle, state.index, row, bit) for cycle, state, row, bit in upsets))
        limits = (quiet_cycles, cycles_max)
        job = _Job(words.ctypes.data, len(words), *limits, gaps, stalls, pause_seed, len(upsets), flips)
        result = _Result()
        counts = (ctypes.c_uint64 * len(self._events))()
        self._library.circuit_run(self._circuit, ctypes.byref(job), ctypes.byref(result), counts)
        if result.feedback:
            raise BuildError("the RTL has combinational feedback, which the harness does not simulate")
        chunks = -(-self._items["o__payload"][0].width // 32)
        return Run(
            output=_copied(result.output, result.words_out * chunks, np.uint32).reshape(-1, chunks),
            cycles_in=_copied(result.cycles_in, result.words_in, np.int64),
            cycles_out=_copied(result.cycles_out, result.words_out, np.int64),
            events=dict(zip(self._events, counts, strict=True)),
            cycles=result.cycles,
            stall_cycles=result.stall_cycles,
        )

    def _list(self) -> list[tuple[State, bool]]:
        items = []
        for index in range(self._library.circuit_item_count(self._circuit)):
            item = _Item()
            self._library.circuit_item(self._circuit, index, ctypes.byref(item))
            items.append((State(item.name.decode(), item.width, item.depth, index), bool(item.state)))
        return items

    def _set(self, item: State, value: int) -> None:
        chunks = self._library.circuit_value(self._circuit, item.index)
        for chunk in range(-(-item.width // 32)):
            chunks[chunk] = value >> (32 * chunk) & 0xFFFFFFFF


def _copied(address: ctypes.Array[Any], count: int, kind: type[Scalar]) -> NDArray[Scalar]:
    return np.ctypeslib.as_array(address, (count,)).astype(kind) if count else np.zeros(0, kind)


def _build(component: wiring.Component, name: str, voted: bool) -> Path:
    """Compile to a shared library, unless it is there already, and return its path."""
    folder = BUILD / "sim" / f"circuit_{name}{'_voted' if voted else ''}"
    rtlil, library = folder / f"{name}.il", folder / f"{name}.so"
    with alone_in(folder):
        changed = write_if_changed(rtlil, lambda path: path.write_text(component_rtlil(component, name)))
        newest = max(source.stat().st_mtime for source in (HARNESS, PAUSES))
        if changed or not library.exists() or library.stat().st_mtime < newest:
            library.unlink(missing_ok=True)
            write_voted_cells(folder)
            run_yosys(SCRIPT.format(name=name, vote=FLAT_VOTE.format(vote_script(name)) if voted else ""), folder)
            mangled = "p_" + name.replace("_", "__")
            # An upset may lead an address beyond its memory: NDEBUG makes that a lost access instead of an abort.
            compile_harness(HARNESS, folder, name, [f"-DTOP={mangled}", "-DNDEBUG"])
    return library


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path.resolve()))
    library.circuit_new.restype = ctypes.c_void_p
    library.circuit_new.argtypes = []
    library.circuit_item_count.restype = ctypes.c_uint32
    library.circuit_value.restype = ctypes.POINTER(ctypes.c_uint32)
    for function, arguments in (
        ("delete", []),
        ("item_count", []),
        ("item", [ctypes.c_uint32, ctypes.POINTER(_Item)]),
        ("value", [ctypes.c_uint32]),
        ("count", [ctypes.POINTER(ctypes.c_uint32), ctypes.c_uint32]),
        ("reset", []),
        ("run", [ctypes.POINTER(_Job), ctypes.POINTER(_Result), ctypes.POINTER(ctypes.c_uint64)]),
    ):
        getattr(library, f"circuit_{function}").argtypes = [ctypes.c_void_p, *arguments]
    return library
