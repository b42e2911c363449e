"""The whole encoder as the benches of the top drive it: what it is given, and what it must answer."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hdl.layouts import SETTINGS, words_per_row
from model.golden import Settings, SpikeEncoder
from tb.bench import PAUSES, Bench, Item, Joiner, Monitor, Stream
from tb.draws import Draw
from tb.requests import in_range, junk, random_request, request
from tb.words import Row, row_words


@dataclass(frozen=True)
class Recording:
    """What the encoder is given and what it must answer.

    Attributes
    ----------
    rows : sequence of rows
        The raster.
    flushed : sequence of bool
        Whether `tlast` comes in each row.
    requests : dict
        Settings asked for, by the row in which a keyframe begins.
    packets : list of bytes
        What the golden model answers.
    """

    rows: Sequence[Row]
    flushed: Sequence[bool]
    requests: Mapping[int, Item]
    packets: Sequence[bytes]

    @property
    def channels(self) -> int:
        """Channels of the raster."""
        return len(self.rows[0])


def record(rows: Sequence[Row], flushed: Sequence[bool], requests: Iterator[Item], coders: Sequence[str]) -> Recording:
    """Encode a raster with the golden model; each keyframe takes the next request."""
    golden = None
    taken, packets = {}, []
    for index, (row, flush) in enumerate(zip(rows, flushed, strict=True)):
        if golden is None or golden.scheduler.starts_keyframe:
            taken[index] = next(requests)
            golden = _with_settings(golden, len(row), in_range(taken[index], coders))
        packets += [golden.push_row(row), golden.flush() if flush else None]
    return Recording(rows, flushed, taken, [packet for packet in packets if packet is not None])


def _with_settings(golden: SpikeEncoder | None, channels: int, settings: Settings) -> SpikeEncoder:
    """Return an encoder at a keyframe that goes on counting where `golden` stands."""
    following = SpikeEncoder(channels, settings)
    if golden is not None:
        following.packetizer.sequence = golden.packetizer.sequence
        following.packetizer.step_index = golden.packetizer.step_index
    return following


def record_draw(draw: Draw, coders: Sequence[str]) -> Recording:
    """Return the recording of a draw."""
    first = request(draw.settings)
    source = random.Random(draw.seed)
    others = (random_request(source) for _ in itertools.count()) if draw.changes else itertools.repeat(first)
    return record(draw.rows(), draw.flushed(), itertools.chain([first], others), coders)


def input_words(recording: Recording, lanes: int, source: random.Random) -> Iterator[Item]:
    """Yield the words of a recording, with any bits where there is no channel, and `tlast` in any word of its row."""
    width = -(-lanes // 8) * 8
    count = words_per_row(recording.channels, lanes)
    for row, flush in zip(recording.rows, recording.flushed, strict=True):
        last_at = source.randrange(count) if flush else None
        for place, spikes in enumerate(row_words(row, lanes)):
            used = min(lanes, recording.channels - place * lanes)
            yield {"data": spikes | source.getrandbits(width - used) << used, "last": int(place == last_at)}


class EncoderBench(Bench):
    """The top with its two streams and its settings.

    Attributes
    ----------
    input, output : Monitor
        Those of `s_axis` and `m_axis`; there once `send` was called.
    packets : Joiner
        What came out.
    """

    input: Monitor
    output: Monitor
    packets: Joiner

    def send(self, recording: Recording, lanes: int, pauses: str = "none", seed: int = 1) -> None:
        """Send a recording, and expect its packets."""
        source = random.Random(seed)
        source_pauses, sink_pauses = PAUSES[pauses]
        s_axis, m_axis = Stream.of_axi(self.dut, "s_axis"), Stream.of_axi(self.dut, "m_axis")
        words = words_per_row(recording.channels, lanes)
        keyframes = {row * words: requested for row, requested in recording.requests.items()}

        def ask(index: int) -> None:
            """Ask for settings while the first word of a keyframe is next, and for anything else at other times."""
            if index in keyframes:
                self._ask(keyframes[index])
            elif index - 1 in keyframes:
                self._ask(junk(source))

        self.input = self.watch(s_axis)
        self.output, self.packets = self.watch_bytes(m_axis, "last", recording.packets)
        self.drive(s_axis, input_words(recording, lanes, source), source_pauses(seed), ask)
        self.drain(m_axis, sink_pauses(m_axis, seed + 1))

    def _ask(self, requested: Item) -> None:
        for name, _ in SETTINGS:
            getattr(self.dut, f"cfg_{name}").value = requested[name]
