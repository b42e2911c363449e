"""Packets as they run between the blocks of the decoder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from hdl.layouts import CLOSING, SETTINGS, TAG_BITS
from model.golden.gap_counter import GapCounter
from tb.bench import Item
from tb.words import DENSITIES, Row, random_row


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

    def tokens(self) -> Iterator[Item]:
        """Yield the packet's tokens, as `hdl.layouts.decoded_token` shapes them."""
        counter = GapCounter()
        gaps = [gap for row in self.rows for error in row if (gap := counter.push(error)) is not None]
        for gap in gaps + [counter.gap + gap for gap in self.beyond[:1]] + list(self.beyond[1:]):
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
