"""Fault campaign: damage on the link and upsets of state, against streams from the RTL encoder.

Each fault has a run of its own, which begins with a reset: an undisturbed keyframe interval, the fault somewhere in the
second one, and three more to recover in.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.golden.settings import Settings
from sim.circuit import Circuit, Run, State, Upset
from sim.link import (
    Rows,
    buffer_bytes,
    decoder,
    encoder,
    packet_bytes,
    packets_of,
    raster_words,
    rows_of,
)

CHANNELS, LANES = 16, 4
EPOCH_STEPS, KEYFRAME_INTERVAL = 8, 4
INTERVALS = 5
STEPS = INTERVALS * KEYFRAME_INTERVAL * EPOCH_STEPS
INTERVAL_STEPS = KEYFRAME_INTERVAL * EPOCH_STEPS
EPOCHS = Settings(epoch_steps=EPOCH_STEPS, keyframe_interval=KEYFRAME_INTERVAL)
KINDS = (
    replace(EPOCHS, alpha_q8=8, sharpness=0),
    replace(EPOCHS, alpha_q8=64, sharpness=15),
    replace(EPOCHS, alpha_q8=32, sharpness=1, coder="leb128"),
)
STREAMS = 24
"""Base streams for each kind of settings, of as many densities."""
DENSITY_MAX = 0.5
GAPS, STALLS = 0.2, 0.02
"""Chance of a pause in each cycle; with these gaps the decoder keeps up with its input, so that little waits in it."""
QUIET_CYCLES = 700
"""More than the decoder can be silent while it decodes hidden packets from a full buffer."""
CYCLES_MAX = 20_000
"""Some ten times what an undisturbed run takes."""
BUFFER_BYTES = max(buffer_bytes(CHANNELS, settings) for settings in KINDS)
CHUNK = 100
"""Faults that a process simulates in one go."""

Random = np.random.Generator


class Delivery(NamedTuple):
    """What a damaged link delivers, and the original number of the last packet that it touched or lost."""

    packets: list[bytes]
    last_touched: int


def flipped_bits(packet: bytes, bits: Sequence[int] | NDArray[np.int64]) -> bytes:
    """Return a packet with some of its bits inverted."""
    damaged = np.unpackbits(np.frombuffer(packet, np.uint8))
    damaged[bits] ^= 1
    return np.packbits(damaged).tobytes()


def _replace(packets: list[bytes], index: int, *substitutes: bytes) -> Delivery:
    return Delivery([*packets[:index], *substitutes, *packets[index + 1 :]], index)


def _flip(count_min: int, count_max: int) -> Callable[[list[bytes], int, Random], Delivery]:
    def fault(packets: list[bytes], index: int, random: Random) -> Delivery:
        count = random.integers(count_min, count_max, endpoint=True)
        bits = random.choice(8 * len(packets[index]), count, replace=False)
        return _replace(packets, index, flipped_bits(packets[index], bits))

    return fault


def _burst(packets: list[bytes], index: int, random: Random) -> Delivery:
    """Invert the first and the last bit of up to 128 neighbours, and about half of those between."""
    bits = 8 * len(packets[index])
    length = random.integers(2, min(128, bits), endpoint=True)
    hit = random.random(length) < 0.5
    hit[[0, -1]] = True
    places = random.integers(bits - length, endpoint=True) + np.flatnonzero(hit)
    return _replace(packets, index, flipped_bits(packets[index], places))


def _lose(count_max: int) -> Callable[[list[bytes], int, Random], Delivery]:
    def fault(packets: list[bytes], index: int, random: Random) -> Delivery:
        end = index + int(random.integers(1, count_max, endpoint=True))
        return Delivery(packets[:index] + packets[end:], end - 1)

    return fault


def _repeat(packets: list[bytes], index: int, random: Random) -> Delivery:
    return _replace(packets, index, *[packets[index]] * random.integers(2, 4, endpoint=True))


def _replay(packets: list[bytes], index: int, random: Random) -> Delivery:
    """Send once more, after this packet, one from before it."""
    return _replace(packets, index, packets[index], packets[random.integers(index)])


def _swap(packets: list[bytes], index: int, random: Random) -> Delivery:
    """Exchange the packet and one of the next two."""
    other = index + int(random.integers(1, 2, endpoint=True))
    swapped = list(packets)
    swapped[index], swapped[other] = swapped[other], swapped[index]
    return Delivery(swapped, other)


def _truncate(packets: list[bytes], index: int, random: Random) -> Delivery:
    return _replace(packets, index, packets[index][: random.integers(1, len(packets[index]))])


def _merge(packets: list[bytes], index: int, random: Random) -> Delivery:
    """Lose the boundary between the packet and the next one."""
    merged = packets[index] + packets[index + 1]
    return Delivery([*packets[:index], merged, *packets[index + 2 :]], index + 1)


def _garbage(packets: list[bytes], index: int, random: Random) -> Delivery:
    """Insert a packet of random bytes; half of them begin like a packet, some are longer than the buffer."""
    garbage = random.bytes(int(random.integers(1, 2 * BUFFER_BYTES)))
    if random.random() < 0.5:
        garbage = (packets[index][:20] + garbage)[: len(garbage)]
    return _replace(packets, index, packets[index], garbage)


LINK_FAULTS: Mapping[str, Callable[[list[bytes], int, Random], Delivery]] = {
    "one bit flipped": _flip(1, 1),
    "2 to 32 bits flipped": _flip(2, 32),
    "burst of 2 to 128 bits": _burst,
    "packet lost": _lose(1),
    "2 to 8 packets lost": _lose(8),
    "packet repeated at once": _repeat,
    "old packet repeated later": _replay,
    "packets swapped": _swap,
    "packet truncated": _truncate,
    "packets merged": _merge,
    "garbage inserted": _garbage,
}

GOLOMB = ("mean threshold", "mean count", "debt debt")
ENCODER_STATE: Mapping[str, tuple[str, ...]] = {
    "rate memory": ("predictor acc_memory",),
    "LFSR memory": ("predictor lfsr_memory",),
    "gap counter": ("gap_counter before",),
    "Golomb state": GOLOMB,
    "check register": ("spike_check held",),
}
DECODER_STATE: Mapping[str, tuple[str, ...]] = {
    **ENCODER_STATE,
    "gap counter": ("run_gatherer lane",),
    "packet memory": ("packet_buffer storage", "packet_buffer trailers storage"),
}
"""Registers and memories of each class, by the ends of their names; what is in none is in the class `OTHER`."""
OTHER = "other registers"
VOTED = "registers in three copies"
"""Those of the circuits that are built with `voted`, one of the three at a time."""

FAULT_CLASSES = (
    *(("link", name) for name in LINK_FAULTS),
    *(("encoder", name) for name in (*ENCODER_STATE, OTHER, VOTED)),
    *(("decoder", name) for name in (*DECODER_STATE, OTHER, VOTED)),
)


class Outcome(NamedTuple):
    """What came of a fault.

    Attributes
    ----------
    noticed_by : tuple of str
        Outputs of the decoder that told of it, and "jump" where the numbers of the steps shown do.
    steps_lost : int
        Steps that were not delivered, or not right.
    packets_wrong : int
        Packets delivered as good ones whose spikes are not the raster's: silent corruption.
    packets_misnumbered : int
        Packets delivered as good ones whose spikes are those of other steps than they say.
    keyframes : int
        Keyframes from the fault to the one from which on all is exact; 0 if there is none.
    """

    noticed_by: tuple[str, ...]
    steps_lost: int
    packets_wrong: int
    packets_misnumbered: int
    keyframes: int


@dataclass
class Tally:
    """The outcomes of a class of faults."""

    faults: int = 0
    without_effect: int = 0
    noticed: int = 0
    noticed_by: Counter[str] = field(default_factory=Counter)
    recovered: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    misnumbered: int = 0
    steps_lost: Counter[int] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.faults += 1
        self.noticed += bool(outcome.noticed_by)
        self.noticed_by.update(outcome.noticed_by)
        self.recovered[outcome.keyframes] += 1
        self.wrong += outcome.packets_wrong > 0
        self.misnumbered += outcome.packets_misnumbered > 0
        if outcome.keyframes and outcome.steps_lost:
            self.steps_lost[outcome.steps_lost] += 1
        harmed = outcome.steps_lost or outcome.packets_wrong or outcome.packets_misnumbered or not outcome.keyframes
        self.without_effect += not (outcome.noticed_by or harmed)

    def merge(self, other: Tally) -> None:
        """Count another tally's outcomes."""
        for name in ("faults", "without_effect", "noticed", "wrong", "misnumbered"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("noticed_by", "recovered", "steps_lost"):
            getattr(self, name).update(getattr(other, name))

    @property
    def not_recovered(self) -> int:
        """Faults after which the output never was exact again."""
        return self.recovered[0]

    @property
    def steps_lost_median(self) -> int:
        """Median of the steps lost, of the faults that cost any and were recovered from; 0 if there is none."""
        return int(np.median(list(self.steps_lost.elements()))) if self.steps_lost else 0

    @property
    def steps_lost_max(self) -> int:
        """Most steps lost by a fault that was recovered from."""
        return max(self.steps_lost, default=0)


def judge(
    raster: NDArray[np.int8], rows: Rows, events: Mapping[str, int], next_keyframe: int, heed_bad: bool
) -> Outcome:
    """Compare what the decoder showed with the raster.

    Parameters
    ----------
    raster : ndarray of int8, shape (steps, channels)
        What was sent.
    rows : Rows
        What was shown.
    events : mapping of int
        Pulses of the decoder's event outputs.
    next_keyframe : int
        Step of the first keyframe after the fault.
    heed_bad : bool
        Leave out packets that are marked as bad, as a consumer must.
    """
    ends = np.flatnonzero(rows.last)
    counts = np.diff(ends, prepend=-1)
    good = ~rows.bad[ends] | (not heed_bad)
    delivered = np.repeat(good, counts)
    spikes, steps = rows.spikes[: len(delivered)][delivered], rows.steps[: len(delivered)][delivered]
    exact = (spikes == raster[np.minimum(steps, len(raster) - 1)]).all(axis=1) & (steps < len(raster))

    wrong = misnumbered = 0
    for packet in np.split(np.arange(len(steps)), np.cumsum(counts[good])[:-1]):
        if not exact[packet].all():
            elsewhere = _is_elsewhere(raster, spikes[packet])
            misnumbered += elsewhere
            wrong += not elsewhere
    noticed = [name for name, count in events.items() if count]
    if np.any(np.diff(steps) != 1) or (len(steps) and steps[0] != 0):
        noticed.append("jump")
    return Outcome(
        noticed_by=tuple(noticed),
        steps_lost=len(raster) - len(np.unique(steps[exact])),
        packets_wrong=wrong,
        packets_misnumbered=misnumbered,
        keyframes=_keyframes_to_recovery(steps, exact, next_keyframe, len(raster)),
    )


def _is_elsewhere(raster: NDArray[np.int8], spikes: NDArray[np.int8]) -> bool:
    """Whether the rows of a packet are those of another epoch."""
    starts = range(0, len(raster) - len(spikes) + 1, EPOCH_STEPS)
    return any(np.array_equal(raster[start : start + len(spikes)], spikes) for start in starts)


def _keyframes_to_recovery(steps: NDArray[np.int64], exact: NDArray[np.bool_], keyframe: int, end: int) -> int:
    for number, start in enumerate(range(keyframe, end, INTERVAL_STEPS), 1):
        begins = np.flatnonzero(steps == start)
        if len(begins) and np.array_equal(steps[begins[-1] :], np.arange(start, end)) and exact[begins[-1] :].all():
            return number
    return 0


class Base(NamedTuple):
    """An undisturbed stream of the RTL encoder."""

    raster: NDArray[np.int8]
    words: NDArray[np.uint32]
    packets: list[bytes]
    pause_seed: int
    encoded: Run
    decoded: Run


@dataclass
class Bench:
    """Both circuits and the streams between them.

    Parameters
    ----------
    kind : int
        Which of `KINDS`.
    seed : int
        Of the rasters.
    heed_bad : bool
        As in `judge`.
    """

    kind: int
    seed: int
    heed_bad: bool = True

    def __post_init__(self) -> None:
        self.encoder = encoder(CHANNELS, LANES, KINDS[self.kind])
        self.decoder = decoder(CHANNELS, LANES, BUFFER_BYTES)
        self.voted_encoder = encoder(CHANNELS, LANES, KINDS[self.kind], voted=True)
        self.voted_decoder = decoder(CHANNELS, LANES, BUFFER_BYTES, voted=True)
        random = np.random.default_rng([self.seed, self.kind])
        self.bases = [self._base(random, DENSITY_MAX * (index + 1) / STREAMS) for index in range(STREAMS)]
        self.states = {
            "encoder": _by_class(self.encoder, ENCODER_STATE) | {VOTED: _copies(self.voted_encoder)},
            "decoder": _by_class(self.decoder, DECODER_STATE) | {VOTED: _copies(self.voted_decoder)},
        }

    def _base(self, random: Random, density: float) -> Base:
        raster = (random.random((STEPS, CHANNELS)) < density).astype(np.int8)
        words, pause_seed = raster_words(raster, LANES), _pause_seed(random)
        encoded = _run(self.encoder, words, pause_seed)
        packets = packets_of(encoded.output)
        decoded = _run(self.decoder, packet_bytes(packets), pause_seed)
        return Base(raster, words, packets, pause_seed, encoded, decoded)

    def link_fault(self, name: str, random: Random) -> Outcome:
        """Damage what goes from the encoder to the decoder."""
        base = self.bases[random.integers(STREAMS)]
        packets, last_touched = LINK_FAULTS[name](base.packets, _in_second_interval(random), random)
        run = _run(self.decoder, packet_bytes(packets), _pause_seed(random))
        next_keyframe = last_touched // KEYFRAME_INTERVAL + 1
        return self._judge(base, run, next_keyframe * INTERVAL_STEPS)

    def encoder_upset(self, name: str, random: Random) -> Outcome:
        """Flip a bit of the encoder's state while it takes the second keyframe interval."""
        base = self.bases[random.integers(STREAMS)]
        interval_words = len(base.words) // INTERVALS
        window = base.encoded.cycles_in[interval_words : 2 * interval_words]
        upset = _upset(self.states["encoder"][name], window[0], window[-1], random)
        circuit = self.voted_encoder if name == VOTED else self.encoder
        disturbed = _run(circuit, base.words, base.pause_seed, [upset])
        taken = int(np.searchsorted(disturbed.cycles_in, upset.cycle))
        packets = packets_of(disturbed.output)
        if not packets:
            return Outcome((), STEPS, 0, 0, 0)
        run = _run(self.decoder, packet_bytes(packets), _pause_seed(random))
        return self._judge(base, run, -(-taken // interval_words) * INTERVAL_STEPS)

    def decoder_upset(self, name: str, random: Random) -> Outcome:
        """Flip a bit of the decoder's state while it takes or shows the second keyframe interval."""
        base = self.bases[random.integers(STREAMS)]
        starts = np.cumsum([0, *map(len, base.packets)])[::KEYFRAME_INTERVAL]
        first, last = base.decoded.cycles_in[starts[1]], base.decoded.cycles_out[2 * len(base.words) // INTERVALS - 1]
        upset = _upset(self.states["decoder"][name], first, last, random)
        circuit = self.voted_decoder if name == VOTED else self.decoder
        disturbed = _run(circuit, packet_bytes(base.packets), base.pause_seed, [upset])
        taken = np.searchsorted(disturbed.cycles_in, upset.cycle)
        return self._judge(base, disturbed, int(np.searchsorted(starts, taken)) * INTERVAL_STEPS)

    def _judge(self, base: Base, run: Run, next_keyframe: int) -> Outcome:
        rows = rows_of(run.output, CHANNELS, LANES)
        return judge(base.raster, rows, run.events, next_keyframe, self.heed_bad)


def _by_class(circuit: Circuit, classes: Mapping[str, tuple[str, ...]]) -> dict[str, list[State]]:
    """Return the registers and memories of each class.

    Raises
    ------
    ValueError
        A class has a name that the circuit does not have.
    """
    found: dict[str, list[State]] = {}
    rest = list(circuit.states)
    for name, endings in classes.items():
        for ending in endings:
            matches = [state for state in rest if state.name.endswith(ending)]
            if not matches:
                raise ValueError(f"{name}: no register or memory is called {ending!r}")
            found.setdefault(name, []).extend(matches)
            rest = [state for state in rest if state not in matches]
    return found | {OTHER: rest}


def _copies(circuit: Circuit) -> list[State]:
    """Return the registers of which there are three."""
    return [state for state in circuit.states if ".voter_" in state.name]


def _upset(states: Sequence[State], first: int, last: int, random: Random) -> Upset:
    """Return an upset of any bit of `states`, in any cycle from `first` to `last`."""
    cycle = int(random.integers(first, last, endpoint=True))
    place = int(random.integers(sum(state.bits for state in states)))
    for state in states:
        if place < state.bits:
            break
        place -= state.bits
    return Upset(cycle, state, *divmod(place, state.width))


def _in_second_interval(random: Random) -> int:
    return KEYFRAME_INTERVAL + int(random.integers(KEYFRAME_INTERVAL))


def _pause_seed(random: Random) -> int:
    return int(random.integers(1, 2**31))


def _run(circuit: Circuit, words: NDArray[np.uint32], pause_seed: int, upsets: Sequence[Upset] = ()) -> Run:
    circuit.reset()
    limits = {"quiet_cycles": QUIET_CYCLES, "cycles_max": CYCLES_MAX}
    return circuit.run(words, upsets=upsets, gaps=GAPS, stalls=STALLS, pause_seed=pause_seed, **limits)


@cache
def bench(kind: int, seed: int, heed_bad: bool) -> Bench:
    """Return the bench of a process."""
    return Bench(kind, seed, heed_bad)


def run_chunk(where: str, name: str, chunk: int, count: int, seed: int, heed_bad: bool = True) -> Tally:
    """Simulate `count` faults of a class; `chunk` numbers such calls, and so sets their random numbers."""
    stand = bench(chunk % len(KINDS), seed, heed_bad)
    fault = {"link": stand.link_fault, "encoder": stand.encoder_upset, "decoder": stand.decoder_upset}[where]
    random = np.random.default_rng([seed, FAULT_CLASSES.index((where, name)), chunk])
    tally = Tally()
    for _ in range(count):
        tally.add(fault(name, random))
    return tally


def run_campaign(faults: int, seed: int) -> tuple[int, Iterator[tuple[str, str, Tally]]]:
    """Simulate at least `faults` faults, as many of each class.

    Returns
    -------
    int
        How many tallies there will be.
    iterator
        Where, class and tally, to merge as they come.

    Raises
    ------
    BuildError
        The RTL cannot be compiled.
    """
    for kind in range(len(KINDS)):
        bench(kind, seed, True)  # compiles, before the processes start, which then have it, too
    chunks = -(-faults // (CHUNK * len(FAULT_CLASSES)))
    jobs = [(where, name, chunk, CHUNK, seed) for chunk in range(chunks) for where, name in FAULT_CLASSES]
    return len(jobs), _tallies(jobs)


def _tallies(jobs: Sequence[tuple[str, str, int, int, int]]) -> Iterator[tuple[str, str, Tally]]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for job, tally in zip(jobs, pool.map(run_chunk, *zip(*jobs, strict=True)), strict=True):
            yield job[0], job[1], tally
