"""What the benches share inside the simulator: driving ports, watching them, comparing what comes with what should."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, Self

import cocotb
from amaranth.hdl import ShapeLike
from amaranth.lib import data
from cocotb.clock import Clock
from cocotb.task import Task
from cocotb.triggers import ClockCycles, RisingEdge, Timer
from cocotb.utils import get_sim_time

CLOCK_NS = 10
RESET_CYCLES = 2
HANG_CYCLES = 500
"""After so many cycles without a transfer on any stream the design hangs."""
QUIET_CYCLES = 50
"""How long nothing may come after the last item."""

Item = Any
"""A payload: a dict of fields by name, or a number where it has no fields."""


class Packing:
    """Payloads of a shape to bits and back; the fields' places are those of the Amaranth layout."""

    def __init__(self, shape: ShapeLike) -> None:
        self.fields = [
            (name, field.offset, (1 << field.width) - 1)
            for name, field in (shape if isinstance(shape, data.Layout) else ())
        ]

    def pack(self, item: Item) -> int:
        """Return the bits of a payload."""
        if not self.fields:
            return item
        bits = 0
        for name, offset, largest in self.fields:
            assert 0 <= item[name] <= largest, f"{name} must be in 0..{largest}, not {item[name]}"
            bits |= item[name] << offset
        return bits

    def unpack(self, bits: int) -> Item:
        """Return the payload with these bits."""
        if not self.fields:
            return bits
        return {name: bits >> offset & largest for name, offset, largest in self.fields}


async def settle(dut: Any, **inputs: int) -> None:
    """Set inputs of a design without streams and let it settle."""
    for name, value in inputs.items():
        getattr(dut, name).value = value
    await Timer(1, "ns")


async def tick(dut: Any) -> None:
    """Make one clock edge; for designs without streams."""
    await settle(dut, clk=0)
    await settle(dut, clk=1)


class Stream:
    """A stream among the ports of the design.

    Parameters
    ----------
    valid, ready : handle
        Handshake.
    ports : sequence of handle
        What carries the payload.
    encode, decode : callable
        From an item to the values of `ports`, and back.
    """

    def __init__(
        self,
        valid: Any,
        ready: Any,
        ports: Sequence[Any],
        encode: Callable[[Item], Sequence[int]],
        decode: Callable[[Sequence[int]], Item],
    ) -> None:
        self.name = valid._name
        self.valid = valid
        self.ready = ready
        self.ports = ports
        self.encode = encode
        self.decode = decode
        self._driven: dict[Any, int] = {}

    @classmethod
    def of_block(
        cls, dut: Any, name: str, shape: ShapeLike, meaning: Callable[[Item], Item] = lambda item: item
    ) -> Stream:
        """Return the stream that is the member `name` of an Amaranth component.

        `meaning` is applied to each item that is read; it clears fields that mean nothing in that item.
        """
        packing = Packing(shape)
        valid, ready, payload = (getattr(dut, f"{name}__{part}") for part in ("valid", "ready", "payload"))
        return cls(
            valid,
            ready,
            [payload],
            encode=lambda item: [packing.pack(item)],
            decode=lambda values: meaning(packing.unpack(values[0])),
        )

    @classmethod
    def of_axi(cls, dut: Any, name: str) -> Stream:
        """Return an AXI4-Stream; its items have the fields `data` and `last`."""
        valid, ready, *ports = (getattr(dut, f"{name}_{part}") for part in ("tvalid", "tready", "tdata", "tlast"))
        return cls(
            valid,
            ready,
            ports,
            encode=lambda item: [item["data"], item["last"]],
            decode=lambda values: {"data": values[0], "last": values[1]},
        )

    def offer(self, item: Item) -> None:
        """Put a payload on the ports."""
        self._put(self.valid, 1)
        for port, value in zip(self.ports, self.encode(item), strict=True):
            self._put(port, value)

    def withdraw(self) -> None:
        """Offer nothing; what the payload's ports say then must not matter."""
        self._put(self.valid, 0)
        for port in self.ports:
            self._put(port, random.getrandbits(len(port)))

    def _put(self, port: Any, value: int) -> None:
        """Write a port if it has another value: writes take much of a bench's time."""
        if self._driven.get(port) != value:
            self._driven[port] = port.value = value

    def read(self) -> list[int]:
        """Return the values of the payload's ports."""
        return [int(port.value) for port in self.ports]


def coins(chance: float, seed: int) -> Iterator[bool]:
    """Pause in each cycle with this chance."""
    source = random.Random(seed)
    return (source.random() < chance for _ in itertools.count())


def bursts(longest: int, seed: int) -> Iterator[bool]:
    """Pause and go for 1 to `longest` cycles, in turns."""
    source = random.Random(seed)
    turns = itertools.cycle((True, False))
    return (turn for turn in turns for _ in range(source.randint(1, longest)))


def until_offered(stream: Stream) -> Iterator[bool]:
    """Be ready only after a payload was offered; a design whose valid waits for ready hangs."""
    while True:
        yield not stream.valid.value


Pauses = Iterator[bool] | None
"""Whether to pause, for each cycle; None for never."""

PAUSES: dict[str, tuple[Callable[[int], Pauses], Callable[[Stream, int], Pauses]]] = {
    "none": (lambda seed: None, lambda stream, seed: None),
    "gaps": (lambda seed: coins(0.5, seed), lambda stream, seed: None),
    "stalls": (lambda seed: None, lambda stream, seed: bursts(40, seed)),
    "both": (lambda seed: bursts(9, seed), lambda stream, seed: coins(0.3, seed)),
    "lazy": (lambda seed: coins(0.1, seed), lambda stream, seed: until_offered(stream)),
}
"""How source and sink pause, by name: from a seed, and for the sink from its stream, to a pause for each cycle."""


class Monitor:
    """Watches a stream: notes its transfers, and checks that an offer holds until it is taken.

    Payloads are looked at only if there are listeners.

    Attributes
    ----------
    cycles : list of int
        In which cycle each transfer was.
    refused : int
        Cycles with an offer that was not taken.
    waited : int
        For how many of them the present item waited.
    listeners : list of callable
        Are called with each item as it is transferred.
    """

    def __init__(self, clock: Any, stream: Stream) -> None:
        self.clock = clock
        self.stream = stream
        self.listeners: list[Callable[[Item], object]] = []
        self.cycles: list[int] = []
        self.refused = 0
        self.waited = 0

    async def run(self) -> None:
        """Watch until cancelled."""
        stream, edge = self.stream, RisingEdge(self.clock)
        valid, ready = stream.valid, stream.ready
        waiting: list[int] | None = None
        while True:
            await edge
            if not valid.value:
                assert waiting is None, f"{stream.name} fell before the payload was taken"
                await RisingEdge(valid)
                continue
            offered = stream.read() if self.listeners else []
            assert waiting in (None, offered), f"{stream.name}: payload {waiting} became {offered} before it was taken"
            if ready.value:
                waiting = None
                self.cycles.append(int(get_sim_time("ns")) // CLOCK_NS)
                self._hand_on(offered)
                self.waited = 0
            else:
                waiting = offered
                self.refused += 1
                self.waited += 1

    def _hand_on(self, values: Sequence[int]) -> None:
        for listener in self.listeners:
            listener(self.stream.decode(values))


class Joiner:
    """Joins bytes up to the one that has the field `last_mark` set.

    Attributes
    ----------
    wholes : list of bytes
        What was joined; `on_whole` is called with each.
    waiting : bytearray
        Bytes of the next one.
    """

    def __init__(self, last_mark: str, on_whole: Callable[[bytes], object]) -> None:
        self.last_mark = last_mark
        self.on_whole = on_whole
        self.wholes: list[bytes] = []
        self.waiting = bytearray()

    def take(self, item: Item) -> None:
        """Take the next byte; one with a field `present` of 0 does not count."""
        if item.get("present", True):
            self.waiting.append(item["data"])
        if item[self.last_mark]:
            self.wholes.append(bytes(self.waiting))
            self.waiting.clear()
            self.on_whole(self.wholes[-1])


class Scoreboard:
    """Compares items, in order, with those expected; having nothing to compare is a failure.

    Parameters
    ----------
    name : str
        For messages.
    expected : iterable
        Items that are to come.
    """

    def __init__(self, name: str, expected: Iterable[Item]) -> None:
        self.name = name
        self.expected = list(expected)
        self.compared = 0
        assert self.expected, f"{name}: no item to compare"

    @property
    def complete(self) -> bool:
        """Whether all came that were expected."""
        return self.compared == len(self.expected)

    def compare(self, item: Item) -> None:
        """Take the next item."""
        position, self.compared = self.compared, self.compared + 1
        assert position < len(self.expected), f"{self.name}: {item} comes after the last of {position} expected items"
        expected = self.expected[position]
        assert item == expected, f"{self.name}: item {position} of {len(self.expected)} {_difference(item, expected)}"


def _difference(item: Item, expected: Item) -> str:
    """Say how an item differs from the one expected; of long bytes, where they begin to."""
    if not isinstance(item, bytes):
        return f"is {item}, expected {expected}"
    start = next(place for place in itertools.count() if item[place : place + 1] != expected[place : place + 1])
    shown = slice(start, start + 8)
    return (
        f"has {len(item)} bytes, expected {len(expected)}; "
        f"from byte {start} on {item[shown].hex(' ') or 'nothing'}, expected {expected[shown].hex(' ') or 'nothing'}"
    )


class Bench:
    """A clocked design with sources, sinks, monitors and scoreboards at its streams.

    Use as `async with Bench(dut) as bench`: it begins with a reset; it ends when all scoreboards are complete and
    nothing comes for some more cycles.
    """

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.tasks: list[Task[None]] = []
        self.monitors: list[Monitor] = []
        self.scoreboards: list[Scoreboard] = []
        self.abandoned = False

    def abandon(self) -> None:
        """Stop here, without waiting for what is still expected."""
        self.abandoned = True

    async def __aenter__(self) -> Self:
        self.tasks.append(Clock(self.dut.clk, CLOCK_NS, "ns").start())
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, RESET_CYCLES)
        self.dut.rst.value = 0
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None and not self.abandoned:
            await self._finish()
        for task in self.tasks:
            task.cancel()

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine until the bench ends."""
        self.tasks.append(cocotb.start_soon(coroutine))

    def drive(
        self,
        stream: Stream,
        items: Iterable[Item],
        pauses: Pauses = None,
        on_next: Callable[[int], object] = lambda index: None,
    ) -> None:
        """Offer items; `on_next` is called with the index of each when the one before was taken."""
        self.start(self._drive(stream, items, pauses, on_next))

    def drain(self, stream: Stream, pauses: Pauses = None) -> None:
        """Be ready for items, but in pauses."""
        stream.ready.value = 1
        if pauses is not None:
            self.start(self._drain(stream, pauses))

    def watch(self, stream: Stream, expected: Iterable[Item] | None = None) -> Monitor:
        """Watch a stream and compare its items with those expected, if given."""
        monitor = Monitor(self.dut.clk, stream)
        if expected is not None:
            monitor.listeners.append(self._scoreboard(stream, expected).compare)
        self.monitors.append(monitor)
        self.start(monitor.run())
        return monitor

    def watch_bytes(self, stream: Stream, last_mark: str, expected: Iterable[bytes]) -> tuple[Monitor, Joiner]:
        """Watch a stream of bytes, and compare them, joined up to the one with `last_mark`, with those expected."""
        joiner = Joiner(last_mark, self._scoreboard(stream, expected).compare)
        monitor = self.watch(stream)
        monitor.listeners.append(joiner.take)
        return monitor, joiner

    def _scoreboard(self, stream: Stream, expected: Iterable[Item]) -> Scoreboard:
        self.scoreboards.append(Scoreboard(stream.name, expected))
        return self.scoreboards[-1]

    async def _drive(
        self, stream: Stream, items: Iterable[Item], pauses: Pauses, on_next: Callable[[int], object]
    ) -> None:
        edge = RisingEdge(self.dut.clk)
        for index, item in enumerate(items):
            on_next(index)
            while pauses and next(pauses):
                stream.withdraw()
                await edge
            stream.offer(item)
            await edge
            while not stream.ready.value:
                await edge
        stream.withdraw()

    async def _drain(self, stream: Stream, pauses: Iterator[bool]) -> None:
        edge = RisingEdge(self.dut.clk)
        for pause in pauses:
            stream.ready.value = not pause
            await edge

    async def _finish(self) -> None:
        assert self.scoreboards, "no scoreboard"
        transfers = -1
        while not all(board.complete for board in self.scoreboards):
            before, transfers = transfers, sum(len(monitor.cycles) for monitor in self.monitors)
            assert transfers > before, f"no transfer for {HANG_CYCLES} cycles; " + ", ".join(
                f"{board.name}: {board.compared} of {len(board.expected)} items" for board in self.scoreboards
            )
            await Timer(HANG_CYCLES * CLOCK_NS, "ns")
        await Timer(QUIET_CYCLES * CLOCK_NS, "ns")


async def compare_block(
    dut: Any,
    pauses: str,
    i: Stream,
    items: Sequence[Item],
    o: Stream,
    expected: Iterable[Item],
    *,
    joined_by: str = "",
    on_next: Callable[[int], object] = lambda index: None,
) -> None:
    """Send items through a block with one input and one output, and compare what comes out.

    Parameters
    ----------
    dut : handle
        The block.
    pauses : str
        How both ends pause, one of `PAUSES`.
    i, items
        The input, and what to send.
    o, expected
        The output, and what must come.
    joined_by : str
        If given, the output's items are joined to bytes up to those with this field set, and bytes are expected.
    on_next : callable
        See `Bench.drive`.
    """
    source, sink = PAUSES[pauses]
    async with Bench(dut) as bench:
        bench.watch(i)
        if joined_by:
            bench.watch_bytes(o, joined_by, expected)
        else:
            bench.watch(o, expected)
        bench.drive(i, items, source(1), on_next)
        bench.drain(o, sink(o, 2))
