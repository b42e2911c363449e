"""Gap tokens, as they run from the gap counter to the coders."""

from __future__ import annotations

import random
from collections.abc import Iterable

from hdl.layouts import gap_bits
from model.golden.settings import EPOCH_STEPS_MAX
from tb.bench import Item


def random_tokens(source: random.Random, channels: int, count: int) -> list[Item]:
    """Return tokens whose gaps are of one scale for some time, then of another, up to the longest that there is."""
    longest = channels * EPOCH_STEPS_MAX - 1
    tokens: list[Item] = []
    keyframe = True
    while len(tokens) < count:
        scale = 1 << source.randint(0, gap_bits(channels))
        for _ in range(source.randint(1, 40)):
            tokens.append(_token(source, min(source.randrange(scale), longest), keyframe))
            keyframe = source.random() < 0.2 if tokens[-1]["end"] else keyframe
    tokens[-1]["end"] = 1
    return tokens


def coded_tokens(tokens: Iterable[Item]) -> list[Item]:
    """Return the tokens as they come to the coder."""
    return [
        {name: token[name] for name in ("gap", "error", "end", "keyframe")} | {"leb128": token["coder"]}
        for token in tokens
    ]


def _token(source: random.Random, gap: int, keyframe: bool) -> Item:
    end = source.random() < 0.01
    return {
        "gap": gap,
        "error": int(not end or source.random() < 0.5),
        "end": int(end),
        "keyframe": int(keyframe),
        "coder": source.randrange(2),
    }
