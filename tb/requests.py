"""Settings as the encoder is asked for them, and what they come to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict

from hdl.layouts import SETTINGS
from model.golden.settings import (
    ALPHA_Q8_MAX,
    CODER_IDS,
    EPOCH_STEPS_MAX,
    KEYFRAME_INTERVAL_MAX,
    SHARPNESS_MAX,
    Settings,
)
from tb.bench import Item

CODER_NAMES = {number: name for name, number in CODER_IDS.items()}

OUT_OF_RANGE = {
    "alpha_q8": (ALPHA_Q8_MAX + 1, 511),
    "coder": (len(CODER_IDS), 15),
    "epoch_steps": (0,),
    "keyframe_interval": (0,),
}
"""Values that a port can take and a setting cannot, the first and the last."""


def request(settings: Settings) -> Item:
    """Return the fields that ask for these settings."""
    return asdict(settings) | {"coder": CODER_IDS[settings.coder]}


def junk(source: random.Random) -> Item:
    """Return any values of the fields."""
    return {name: source.randrange(1 << field.width) for name, field in SETTINGS}


def in_range(requested: Item, coders: Sequence[str]) -> Settings:
    """Return the settings that a request comes to in an encoder with these coders."""
    coder = CODER_NAMES.get(requested["coder"])
    return Settings(
        alpha_q8=min(requested["alpha_q8"], ALPHA_Q8_MAX),
        sharpness=requested["sharpness"],
        seed=requested["seed"],
        coder=coder if coder in coders else coders[0],
        epoch_steps=max(requested["epoch_steps"], 1),
        keyframe_interval=max(requested["keyframe_interval"], 1),
    )


def random_settings(source: random.Random, coders: Sequence[str] = tuple(CODER_IDS)) -> Settings:
    """Return settings with short epochs and intervals, and any values of the others."""
    return Settings(
        alpha_q8=source.choice((0, 1, 3, 64, ALPHA_Q8_MAX, source.randint(0, ALPHA_Q8_MAX))),
        sharpness=source.randint(0, SHARPNESS_MAX),
        seed=source.randrange(1 << 16),
        coder=source.choice(coders),
        epoch_steps=source.choice((1, 2, source.randint(3, 9), EPOCH_STEPS_MAX)),
        keyframe_interval=source.choice((1, 2, source.randint(3, 9), KEYFRAME_INTERVAL_MAX)),
    )


def random_request(source: random.Random) -> Item:
    """Return a request in which some values may be out of range."""
    wild = {name: source.choice(values) for name, values in OUT_OF_RANGE.items() if source.random() < 0.2}
    return request(random_settings(source)) | wild
