"""Format: channels and settings as the numbers that kernels take."""

from __future__ import annotations

from typing import NamedTuple

from model.golden.settings import CODER_IDS, Settings

RICE = CODER_IDS["rice"]
LEB128 = CODER_IDS["leb128"]


class Format(NamedTuple):
    """What a keyframe says of the packets from it to the next, in the order of its bytes."""

    coder: int
    sharpness: int
    channels: int
    epoch_steps: int
    keyframe_interval: int
    alpha_q8: int
    seed: int


def from_settings(channels: int, settings: Settings) -> Format:
    """Return the format of a raster of `channels` channels."""
    return Format(
        coder=CODER_IDS[settings.coder],
        sharpness=settings.sharpness,
        channels=channels,
        epoch_steps=settings.epoch_steps,
        keyframe_interval=settings.keyframe_interval,
        alpha_q8=settings.alpha_q8,
        seed=settings.seed,
    )
