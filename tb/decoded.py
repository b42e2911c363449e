"""Packets as they run between the blocks of the decoder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from hdl.layouts import CLOSING, PACKET_INFO, SETTINGS, TAG_BITS
from hdl.run_expander import WORD_INFO
from model.golden.crc32c import crc32c
from model.golden.gap_counter import GapCounter
from tb.bench import Bench, Item, Monitor, Packing, Stream
from tb.words import DENSITIES, Epoch, Row, marked_words, random_row


@dataclass(frozen=True)
class CodedPacket:
    """What the blocks behind the depacketizer know of a packet; its gaps lead `beyond` it if it is a bad one."""

    sequence: int
    keyframe: bool
    step_index: int
    rows: list[Row]
    beyond: tuple[int, ...]

    @property
    def tag(self) -> int:
        """Low bits of the sequence number."""
        return self.sequence % (1 << TAG_BITS)

    @property
    def info(self) -> Item:
        """The packet as `hdl.layouts.PACKET_INFO` shapes it, structures within it as numbers."""
        closing = CLOSING.const({"steps": len(self.rows), "check": self.sequence * 7919 % (1 << 16)})
        settings = SETTINGS.const({"seed": self.sequence % (1 << 16), "epoch_steps": len(self.rows)})
        return {
            "tag": self.tag,
            "keyframe": int(self.keyframe),
            "continues": 1,
            "step_index": self.step_index,
            "closing": closing.as_value().value,
            "settings": settings.as_value().value,
        }

    @property
    def gaps(self) -> list[int]:
        """The gaps before its errors, and then those that lead beyond it."""
        counter = GapCounter()
        gaps = [gap for row in self.rows for error in row if (gap := counter.push(error)) is not None]
        return gaps + [counter.gap + gap for gap in self.beyond[:1]] + list(self.beyond[1:])

    @property
    def gaps_within(self) -> list[int]:
        """The gaps before its errors."""
        return self.gaps[: sum(map(sum, self.rows))]

    def words(self, rows: list[Row], lanes: int) -> Iterator[tuple[Item, Item]]:
        """Yield the words of its `rows`, and what is told about each, as `hdl.run_expander.WORD_INFO` shapes it."""
        packet, step = Packing(PACKET_INFO).pack(self.info), 0
        for place, item in enumerate(marked_words(Epoch(rows, self.keyframe, 0), lanes)):
            bad = int(item["epoch_last"] and bool(self.beyond))
            about = {"epoch_first": int(place == 0), "step_index": self.step_index + step, "bad": bad}
            yield item, {"packet": packet} | about
            step += item["row_last"]

    def tokens(self) -> Iterator[Item]:
        """Yield the packet's tokens, as `hdl.layouts.decoded_token` shapes them."""
        for gap in self.gaps:
            yield {"tag": self.tag, "gap": gap, "error": 1, "end": 0, "bad": 0}
        yield {"tag": self.tag, "gap": 0, "error": 0, "end": 1, "bad": 0}


def random_packets(source: random.Random, channels: int, count: int, steps_max: int) -> list[CodedPacket]:
    """Return packets of 1 to `steps_max` steps, each row of its own density; one in ten is a bad one."""
    packets, step_index = [], 0
    for sequence in range(count):
        densities = (source.choice((0, 0.001)), *DENSITIES)
        steps = source.randint(1, steps_max)
        rows = [random_row(source, channels, source.choice(densities)) for _ in range(steps)]
        beyond = tuple(source.randrange(5000) for _ in range(source.choice((0,) * 9 + (3,))))
        packets.append(CodedPacket(sequence, source.random() < 0.3, step_index, rows, beyond))
        step_index += len(rows)
    return packets


def watch_words(bench: Bench, o: Stream, told: list[tuple[Item, Item]]) -> Monitor:
    """Compare words, and what `about` tells of the one taken last, with those of `CodedPacket.words`."""
    packing = Packing(WORD_INFO)
    output = bench.watch(o, [item for item, _ in told])

    def check_about(_: Item) -> None:
        taken = len(output.cycles) - 1
        expected = packing.pack(told[taken - 1][1])
        assert taken == 0 or bench.dut.about.value == expected, f"about word {taken - 1}"

    output.listeners.append(check_about)
    return output


def with_checksum(body: bytes) -> bytes:
    """Return a packet of which everything but its checksum is given."""
    return body + crc32c(body).to_bytes(4, "little")
