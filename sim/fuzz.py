"""Anything at all into the RTL that stands at the end of a link: its deframer and its decoder, compiled by CXXRTL.

The circuits are never reset: what one stream leaves behind, the next one meets. All that a decoder shows and counts is
compared with `DecoderModel`, and behind whatever came it must show a good stream.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray
from rich.console import Console

from hdl.deframer import Deframer
from hdl.layouts import decoded_word, words_per_row
from hdl.spike_decoder import SpikeDecoder
from model import frame_packets
from model.golden.framer import ESCAPE, FLAG
from model.golden.packetizer import FLAG_KEYFRAME, MAGIC, VERSION
from model.kernels import deframer as fast
from sim.circuit import Circuit
from sim.decoder_model import DecoderModel, Shown
from sim.link import DECODER_EVENTS, packets_of, rows_of
from sim.mutations import mutated, streams, tails, with_checksum
from sim.parallel import in_processes

CHANNELS, LANES, BUFFER_BYTES = 50, 8, 1024
"""Lanes that do not divide the channels; a buffer for the longest packet of a stream, and not for any forged one."""
GAPS, STALLS = 0.05, 0.05
QUIET_CYCLES = 2000
HANG_CYCLES = 10_000_000
"""More than the packets in the decoder's buffer can keep it busy, if all are hidden and it therefore silent."""
FRAME_BYTES_MAX = 1 << 20

PACKETS = 50
"""Random packets between two good streams."""
CHUNK_BYTES = 1 << 18
CHUNK_STREAMS = 200
STEPS_USUAL, STEPS_MAX = 12, 2000


class SerialDecoder(wiring.Component):
    """`Deframer` and `SpikeDecoder`, as at the end of a serial line; parameters and events are the decoder's."""

    def __init__(self, channels: int, lanes: int, buffer_bytes: int) -> None:
        self._decoder = SpikeDecoder(channels, lanes, buffer_bytes)
        ports = {"i": In(stream.Signature(8)), "o": Out(stream.Signature(decoded_word(lanes)))}
        super().__init__(ports | {event: Out(1) for event in DECODER_EVENTS})

    def elaborate(self, platform: object) -> Module:
        """Return the component's logic."""
        m = Module()
        m.submodules.deframer = deframer = Deframer()
        m.submodules.decoder = decoder = self._decoder
        wiring.connect(m, wiring.flipped(self.i), deframer.i)
        wiring.connect(m, deframer.o, decoder.i)
        wiring.connect(m, decoder.o, wiring.flipped(self.o))
        m.d.comb += [getattr(self, event).eq(getattr(decoder, event)) for event in DECODER_EVENTS]
        return m


@dataclass
class Tally:
    """What a part of a run found.

    Attributes
    ----------
    bytes, packets, streams, cycles : int
        What went in: packets damaged or not, mutated streams; and how long it took.
    events : Counter of str
        Fates of packets, and "shown".
    forged : int
        Packets shown, and not marked as bad, that were never sent: only where a checksum was set right on purpose.
    """

    bytes: int = 0
    packets: int = 0
    streams: int = 0
    cycles: int = 0
    events: Counter[str] = field(default_factory=Counter)
    forged: int = 0

    def add(self, other: Tally) -> None:
        """Count another part."""
        for name in ("bytes", "packets", "streams", "cycles", "forged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.events.update(other.events)


class Piece(NamedTuple):
    """Packets on their way to a decoder, and what was sent.

    Attributes
    ----------
    packets : sequence of bytes or None
        None for a frame that is no packet at all.
    raster : ndarray of int8, shape (steps, channels)
        What was sent.
    forged : bool
        Whether checksums were set right on purpose, so that more can be decoded than was sent.
    """

    packets: Sequence[bytes | None]
    raster: NDArray[np.int8]
    forged: bool = False


NOTHING = np.zeros((0, CHANNELS), np.int8)
"""What was sent where everything is random."""


@cache
def _circuit(name: str) -> Circuit:
    """Return a circuit of this process, "deframer" or "decoder"."""
    if name == "deframer":
        return Circuit(Deframer(), name)
    geometry = (CHANNELS, LANES, BUFFER_BYTES)
    return Circuit(SerialDecoder(*geometry), "serial_decoder_{}x{}_{}".format(*geometry), events=DECODER_EVENTS)


@cache
def _model() -> DecoderModel:
    """Return what has taken the same as the decoder of this process."""
    return DecoderModel(CHANNELS, BUFFER_BYTES)


class Outcome(NamedTuple):
    """What came out of a circuit, in how many cycles and with which events."""

    output: NDArray[np.uint32]
    cycles: int
    events: Counter[str]


def _run(name: str, line: bytes, seed: int, words_due: int = 0) -> Outcome:
    """Send bytes until all are taken and so many words came out, and nothing more comes."""
    left = np.frombuffer(line, np.uint8).astype(np.uint32)
    found = Outcome(np.zeros((0, 1), np.uint32), 0, Counter())
    silent = 0
    while len(left) or not found.cycles or len(found.output) < words_due:
        run = _circuit(name).run(left, gaps=GAPS, stalls=STALLS, pause_seed=seed + 1, quiet_cycles=QUIET_CYCLES)
        # A packet that is hidden takes its time, in which nothing comes or goes.
        silent = 0 if len(run.cycles_in) or len(run.output) else silent + run.cycles
        assert silent < HANG_CYCLES, f"{name} hangs with {len(left)} of {len(line)} bytes left"
        left = left[len(run.cycles_in) :]
        output = np.concatenate([found.output, run.output]) if len(found.output) else run.output
        found = Outcome(output, found.cycles + run.cycles, found.events + Counter(run.events))
    return found


def _judged(line: bytes, pieces: Iterable[Piece], seed: int) -> Tally:
    """Send a line to the decoder and compare what it shows with what it must show of the pieces on it."""
    model = _model()
    before, rows_before = model.events.copy(), model.rows
    expected: list[Shown] = []
    found = Tally(bytes=len(line))
    for piece in pieces:
        shown = [shown for packet in piece.packets if (shown := model.push(packet))]
        unsent = sum(not _was_sent(packet, piece.raster) for packet in shown)
        assert piece.forged or not unsent, "decoder must show spikes that were not sent"
        found.packets += len(piece.packets)
        found.forged += unsent
        expected += shown
    run = _run("decoder", line, seed, (model.rows - rows_before) * words_per_row(CHANNELS, LANES))
    events = model.events - before
    assert run.events == events, f"decoder counts {dict(run.events)}, where {dict(events)} is due"
    _compare(run, expected, events["bad"])
    found.cycles = run.cycles
    found.events = events + Counter(shown=len(expected))
    return found


def _was_sent(shown: Shown, raster: NDArray[np.int8]) -> bool:
    return np.array_equal(shown.spikes, raster[shown.step_index :][: len(shown.spikes)])


def _compare(run: Outcome, expected: Sequence[Shown], bad: int) -> None:
    """Raise `AssertionError` unless the decoder shows these packets, and marks so many others as bad."""
    rows = rows_of(run.output, CHANNELS, LANES)
    ends = np.flatnonzero(rows.last)
    assert rows.bad.sum() == bad, f"decoder marks {rows.bad.sum()} packets as bad, not {bad}"
    assert len(rows.last) == (ends[-1] + 1 if len(ends) else 0), "decoder does not end its last packet"
    good = np.repeat(~rows.bad[ends], np.diff(ends, prepend=-1))
    spikes = np.concatenate([shown.spikes for shown in expected]) if expected else rows.spikes[:0]
    steps = [shown.step_index + step for shown in expected for step in range(len(shown.spikes))]
    assert np.array_equal(rows.spikes[good], spikes), "decoder shows other spikes than it must"
    assert np.array_equal(rows.steps[good], np.array(steps) % 2**32), "decoder numbers its steps otherwise than it must"


def _with_tails(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Put a good stream behind each piece."""
    for number, piece in enumerate(pieces):
        yield piece
        yield Piece(*tails(CHANNELS)[number % 2])


def fuzz_deframer(count: int, seed: int) -> Tally:
    """Send bytes to the deframer: half of them random, in the other half every second one a flag or an escape."""
    rng = np.random.default_rng([seed, 0])
    line = rng.integers(256, size=count, dtype=np.uint8)
    special = (rng.random(count) < 0.5) & (np.arange(count) < count // 2)
    line[special] = rng.choice([FLAG, ESCAPE], special.sum(), p=(0.1, 0.9))
    line[-1] = FLAG
    run = _run("deframer", line.tobytes(), seed)
    packets = packets_of(run.output)
    frames = [frame.packet for frame in fast.Deframer(FRAME_BYTES_MAX).push(line.tobytes()) if frame.size]
    assert len(packets) == len(frames), f"deframer finds {len(packets)} packets, not {len(frames)}"
    # A frame that was aborted comes out with a wrong last byte, for the checksum to refuse.
    wrong = sum(frame not in (None, packet) for packet, frame in zip(packets, frames, strict=True))
    assert not wrong, f"deframer reads {wrong} packets wrongly"
    return Tally(bytes=count, packets=len(packets), cycles=run.cycles)


def fuzz_random_bytes(count: int, seed: int) -> Tally:
    """Send packets of random bytes, of 1 byte to more than the decoder's buffer, and good streams between them."""
    rng = random.Random(f"bytes {seed}")
    pieces, left = [], count
    while left > 0:
        sizes = [int(rng.choice((4, 16, 64, 256, 2048)) * rng.uniform(0.25, 1.0)) for _ in range(PACKETS)]
        packets = [rng.randbytes(size) for size in sizes]
        left -= sum(sizes)
        pieces.append(Piece(packets, NOTHING))
    return _framed(pieces, seed)


def fuzz_random_packets(count: int, seed: int) -> Tally:
    """Send packets with right checksums and mostly right headers around random bytes, good streams between them."""
    rng = random.Random(f"packets {seed}")
    pieces, left = [], count
    while left > 0:
        packets = list(_plausible_packets(rng, PACKETS))
        left -= sum(map(len, packets))
        pieces.append(Piece(packets, NOTHING, forged=True))
    return _framed(pieces, seed)


def _framed(pieces: Iterable[Piece], seed: int) -> Tally:
    pieces = list(_with_tails(pieces))
    return _judged(frame_packets(packet for piece in pieces for packet in piece.packets if packet), pieces, seed)


def _plausible_packets(rng: random.Random, count: int) -> Iterator[bytes]:
    """Yield packets that follow each other, but for one field in so many that is random."""

    def field(value: int, size: int) -> bytes:
        return rng.randbytes(size) if rng.random() < 0.01 else value.to_bytes(size, "little")

    sequence, step_index = rng.randrange(1 << 16), rng.randrange(1 << 32)
    for _ in range(count):
        keyframe = rng.random() < 0.4
        steps = rng.randint(1, STEPS_MAX if rng.random() < 0.01 else STEPS_USUAL)
        settings = (
            field(rng.randrange(2), 1), field(rng.randrange(16), 1), field(CHANNELS, 2), field(STEPS_MAX, 2),
            field(rng.randrange(1, 100), 2), field(rng.choice((0, rng.randint(0, 256))), 2), rng.randbytes(2),
        )  # fmt: skip
        yield with_checksum(
            field(MAGIC, 1)
            + field(VERSION << 4 | FLAG_KEYFRAME * keyframe, 1)
            + field(sequence, 2)
            + field(step_index, 4)
            + (b"".join(settings) if keyframe else b"")
            + _payload(rng)
            + field(steps, 2)
            + (b"\0\0" if rng.random() < 0.3 else rng.randbytes(2))
        )
        sequence, step_index = (sequence + 1) & 0xFFFF, (step_index + steps) & 0xFFFFFFFF


def _payload(rng: random.Random) -> bytes:
    """Return random bytes, all alike now and then: long runs of zeros and ones are the coders' corners."""
    size = rng.choice((0, 1, 2, rng.randrange(40), rng.randrange(400)))
    return rng.randbytes(size) if rng.random() < 0.7 else bytes([rng.choice((0x00, 0xFF, 0x80, 0x7F, 0x01))]) * size


def fuzz_streams(count: int, seed: int) -> Tally:
    """Send mutated streams, each with a good stream behind it."""
    rng = random.Random(f"streams {seed}")
    lines, pieces = [], []
    for number in range(count):
        sent, tail = rng.choice(streams(CHANNELS)), tails(CHANNELS)[number % 2]
        mutation = mutated(sent, rng)
        lines += [mutation.line + bytes([FLAG]), frame_packets(tail.packets)]
        pieces += [Piece(_frames(lines[-2]), sent.raster, mutation.forged), Piece(*tail)]
    found = _judged(b"".join(lines), pieces, seed)
    found.streams = count
    return found


def _frames(line: bytes) -> list[bytes | None]:
    return [frame.packet for frame in fast.Deframer(FRAME_BYTES_MAX).push(line) if frame.size]


WORK: Mapping[str, tuple[Callable[[int, int], Tally], int]] = {
    "deframer, random bytes": (fuzz_deframer, CHUNK_BYTES),
    "decoder, random bytes": (fuzz_random_bytes, CHUNK_BYTES),
    "decoder, random packets with right checksums": (fuzz_random_packets, CHUNK_BYTES),
    "decoder, mutated streams": (fuzz_streams, CHUNK_STREAMS),
}
"""What is done (the decoder has a deframer in front of it), and how many bytes or streams of it in one go."""


def fuzz(random_bytes: int, mutations: int, seed: int, console: Console | None = None) -> dict[str, Tally]:
    """Send everything.

    Parameters
    ----------
    random_bytes : int
        Of each kind.
    mutations : int
        Mutated streams.
    seed : int
        Of all that is random.
    console : Console, optional
        Where to show how far it is.

    Returns
    -------
    dict of Tally
        By the names of `WORK`.

    Raises
    ------
    AssertionError
        A circuit hangs, or shows or counts anything else than it must.
    BuildError
        The RTL cannot be compiled.
    """
    for work, _ in WORK.values():
        work(5, 0)  # compiles, before the processes start
    found = {}
    for name, (work, chunk) in WORK.items():
        total = mutations if work is fuzz_streams else random_bytes
        jobs = [(min(chunk, total - start), start + seed * 10**9) for start in range(0, total, chunk)]
        found[name] = Tally()
        for tally in in_processes(work, jobs, name, console):
            found[name].add(tally)
    return found
