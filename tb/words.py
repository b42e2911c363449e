"""Rasters as the words that run between the blocks."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.golden.settings import CODER_IDS
from tb.bench import Item

DENSITIES = (0, 0.001, 0.01, 0.3, 1)

Row = Sequence[int]


@dataclass(frozen=True)
class Epoch:
    """The rows of a packet, and what its words' marks say of it."""

    rows: Sequence[Row]
    keyframe: bool
    coder: int

    @property
    def bins(self) -> list[int]:
        """The bins in scan order."""
        return [spike for row in self.rows for spike in row]


def random_row(source: random.Random, channels: int, density: float) -> Row:
    """Return a row of a raster."""
    return [int(source.random() < density) for _ in range(channels)]


def random_epochs(
    source: random.Random, channels: int, count: int, steps_max: int, coders: Sequence[int] = tuple(CODER_IDS.values())
) -> list[Epoch]:
    """Return epochs of 1 to `steps_max` steps, each row of its own density; the coder changes at keyframes."""
    epochs = []
    keyframe = True
    for _ in range(count):
        if keyframe:
            coder = source.choice(coders)
        rows = [random_row(source, channels, source.choice(DENSITIES)) for _ in range(source.randint(1, steps_max))]
        epochs.append(Epoch(rows, keyframe, coder))
        keyframe = source.random() < 0.4
    return epochs


def row_words(row: Row, lanes: int) -> list[int]:
    """Return the words of a row; bit i is lane i."""
    starts = range(0, len(row), lanes)
    return [sum(spike << lane for lane, spike in enumerate(row[start : start + lanes])) for start in starts]


def marked_words(epoch: Epoch, lanes: int) -> Iterator[Item]:
    """Yield the words of an epoch as `hdl.layouts.word` shapes them."""
    for step, row in enumerate(epoch.rows):
        words = row_words(row, lanes)
        for place, bits in enumerate(words):
            row_last = place == len(words) - 1
            yield {
                "bits": bits,
                "row_first": int(place == 0),
                "row_last": int(row_last),
                "restart": int(epoch.keyframe and step == 0),
                "epoch_last": int(row_last and step == len(epoch.rows) - 1),
                "keyframe": int(epoch.keyframe),
                "coder": epoch.coder,
            }
