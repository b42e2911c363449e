"""Packetizer: header and trailer of a packet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.golden.packetizer import FLAG_KEYFRAME, MAGIC, VERSION
from model.golden.settings import PREDICTOR_ID
from model.kernels import crc32c, little_endian
from model.kernels.format import Format
from model.kernels.jit import part


@part
def write_header(
    out: NDArray[np.uint8], at: int, format: Format, keyframe: bool, sequence: int, step_index: int
) -> int:
    """Store the header of a packet that starts at byte `at`; return where its payload goes."""
    out[at] = MAGIC
    out[at + 1] = VERSION << 4 | (FLAG_KEYFRAME if keyframe else 0)
    at = little_endian.write(out, at + 2, sequence, 2)
    at = little_endian.write(out, at, step_index, 4)
    if keyframe:
        out[at] = PREDICTOR_ID << 4 | format.coder
        out[at + 1] = format.sharpness
        at += 2
        for field in (format.channels, format.epoch_steps, format.keyframe_interval, format.alpha_q8, format.seed):
            at = little_endian.write(out, at, field, 2)
    return at


@part
def write_trailer(out: NDArray[np.uint8], start: int, at: int, steps: int, check: int) -> int:
    """Store the trailer, at byte `at`, of a packet that starts at byte `start`; return where the next packet goes."""
    at = little_endian.write(out, at, steps, 2)
    at = little_endian.write(out, at, check, 2)
    return little_endian.write(out, at, crc32c.checksum(out, start, at), 4)
