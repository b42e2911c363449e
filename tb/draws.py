"""What the whole encoder is tried with: rasters, settings, ends of epochs and pauses, in drawn combinations."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdl.layouts import words_per_row
from model.golden.settings import ALPHA_Q8_MAX, CODER_IDS, SEED_MAX, SHARPNESS_MAX, CoderName, Settings
from tb.bench import PAUSES
from tb.words import Row, random_row

WORDS = 20_000
"""About how many words a draw has at most."""
STEPS_MIN = 60
"""How many steps it has at least, where they fit into so many words."""

RASTERS = ("silent", "0.1 %", "1 %", "30 %", "all ones", "one channel", "bursts")
"""Kinds of raster, as `random_rows` makes them."""

FACTORS: dict[str, Sequence[Any]] = {
    "geometry": [(channels, lanes) for channels in (1, 7, 64, 1000) for lanes in (1, 4, 8, 32) if lanes <= channels],
    "alpha_q8": (0, 1, 3, 64, 256),
    "sharpness": (0, 7, 15),
    "coder": tuple(CODER_IDS),
    "epoch_steps": (1, 20, 1000),
    "keyframe_interval": (1, 50),
    "raster": RASTERS,
    "ends": ("with epochs", "with the raster", "anywhere"),
    "changes": (False, True),
    "pauses": tuple(PAUSES),
}
"""What is varied, and over which values. `ends` says where `tlast` is: nowhere unless the raster ends within an epoch,
in its last word, or in any words of any rows; `changes` whether each keyframe asks for other settings."""


@dataclass(frozen=True)
class Draw:
    """One recording: everything that the encoder is given follows from this."""

    geometry: tuple[int, int]
    alpha_q8: int
    sharpness: int
    coder: CoderName
    epoch_steps: int
    keyframe_interval: int
    raster: str
    ends: str
    changes: bool
    pauses: str
    seed: int
    words: int = WORDS

    @property
    def channels(self) -> int:
        """Channels of the raster."""
        return self.geometry[0]

    @property
    def lanes(self) -> int:
        """Bins of a word."""
        return self.geometry[1]

    @property
    def settings(self) -> Settings:
        """Settings of the first keyframe."""
        return Settings(
            alpha_q8=self.alpha_q8,
            sharpness=self.sharpness,
            seed=random.Random(self.seed).randint(0, SEED_MAX),
            coder=self.coder,
            epoch_steps=self.epoch_steps,
            keyframe_interval=self.keyframe_interval,
        )

    @property
    def steps(self) -> int:
        """Steps of the raster: into the second keyframe interval, but about `words` words at most."""
        wanted = max(STEPS_MIN, self.epoch_steps * (self.keyframe_interval + 1) + 1)
        steps = max(2, min(wanted, self.words // words_per_row(self.channels, self.lanes)))
        if self.ends == "with epochs" and steps > self.epoch_steps:
            return steps - steps % self.epoch_steps
        return steps

    def rows(self) -> list[Row]:
        """Return the raster."""
        return random_rows(self.raster, random.Random(self.seed), self.channels, self.steps)

    def flushed(self) -> list[bool]:
        """Return whether `tlast` comes in each row."""
        source = random.Random(self.seed)
        flushed = [self.ends == "anywhere" and source.random() < 0.1 for _ in range(self.steps)]
        flushed[-1] |= self.ends != "with epochs" or self.changes or self.steps % self.epoch_steps != 0
        return flushed


def random_rows(kind: str, source: random.Random, channels: int, steps: int) -> list[Row]:
    """Return a raster of one of the `RASTERS`."""
    if kind == "one channel":
        active = source.randrange(channels)
        return [[int(channel == active) for channel in range(channels)] for _ in range(steps)]
    if kind == "bursts":
        phases = [source.choice((0, 0, 0.6)) for _ in range(steps // 5 + 1)]
        return [random_row(source, channels, phases[step // 5]) for step in range(steps)]
    density = {"silent": 0, "0.1 %": 0.001, "1 %": 0.01, "30 %": 0.3, "all ones": 1}[kind]
    return [random_row(source, channels, density) for _ in range(steps)]


def every_pair(factors: Mapping[str, Sequence[Any]], source: random.Random) -> Iterator[dict[str, Any]]:
    """Yield combinations until every two values of two factors have met; each one settles as many pairs as it can."""
    due = {
        frozenset({(one, x), (other, y)})
        for one, other in itertools.combinations(factors, 2)
        for x in factors[one]
        for y in factors[other]
    }
    while due:
        drawn = dict(min(due, key=repr))
        names = [name for name in factors if name not in drawn]
        source.shuffle(names)
        for name in names:
            values = source.sample(factors[name], len(factors[name]))
            drawn[name] = max(
                values, key=lambda value: sum(frozenset({(name, value), pair}) in due for pair in drawn.items())
            )
        due -= {frozenset(pair) for pair in itertools.combinations(drawn.items(), 2)}
        yield drawn


def paired_draws(seed: int = 1) -> list[Draw]:
    """Return draws in which every two values of two factors meet."""
    combinations = every_pair(FACTORS, random.Random(seed))
    return [Draw(**drawn, seed=number) for number, drawn in enumerate(combinations)]


def random_draws(count: int, seed: int) -> list[Draw]:
    """Return draws of any combinations, and of any values where there are more than the usual ones."""
    draws = []
    for number in range(count):
        source = random.Random(f"{seed} {number}")
        drawn = {name: source.choice(values) for name, values in FACTORS.items()}
        drawn |= {"alpha_q8": source.randint(0, ALPHA_Q8_MAX), "sharpness": source.randint(0, SHARPNESS_MAX)}
        draws.append(Draw(**drawn, seed=source.getrandbits(32)))
    return draws


def long_draws() -> list[Draw]:
    """Return draws in which an epoch of 1000 steps of many channels comes to its end, too long for the others."""
    return [
        Draw(
            geometry=(channels, lanes),
            alpha_q8=1,
            sharpness=15,
            coder="rice",
            epoch_steps=1000,
            keyframe_interval=50,
            raster="1 %",
            ends="with the raster",
            changes=False,
            pauses="none",
            seed=1,
            words=1005 * words_per_row(channels, lanes),
        )
        for channels, lanes in FACTORS["geometry"]
        if words_per_row(channels, lanes) * 1000 > WORDS
    ]


def coverage(draws: Sequence[Draw]) -> str:
    """Return how often each value of each factor is drawn, a line a factor."""
    lines = []
    for name, values in FACTORS.items():
        counts = {value: sum(getattr(draw, name) == value for draw in draws) for value in values}
        lines.append(f"{name}: " + ", ".join(f"{value} x{count}" for value, count in counts.items()))
    return "\n".join(lines)
