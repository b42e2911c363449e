"""Depacketizer: which packets are valid, and what their fields are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.golden.packetizer import FLAG_KEYFRAME, HEADER_BYTES, MAGIC, SETTINGS_BYTES, TRAILER_BYTES, VERSION
from model.golden.settings import (
    ALPHA_Q8_MAX,
    CHANNELS_MAX,
    EPOCH_STEPS_MAX,
    KEYFRAME_INTERVAL_MAX,
    PREDICTOR_ID,
    SHARPNESS_MAX,
)
from model.kernels import crc32c, little_endian
from model.kernels.format import LEB128, RICE, Format
from model.kernels.jit import part


class Packet(NamedTuple):
    """Fields of a packet, and where its payload lies."""

    keyframe: bool
    sequence: int
    step_index: int
    steps: int
    check: int
    payload_start: int
    payload_end: int


@part
def is_valid(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Return whether `data[start:end]` is a packet that the golden depacketizer takes."""
    if end - start < HEADER_BYTES + TRAILER_BYTES:
        return False
    if crc32c.checksum(data, start, end - 4) != little_endian.read(data, end - 4, 4):
        return False
    if data[start] != MAGIC or data[start + 1] >> 4 != VERSION or data[start + 1] & 0x0F & ~FLAG_KEYFRAME:
        return False
    packet = read(data, start, end)
    if packet.steps == 0:
        return False
    if not packet.keyframe:
        return True
    return packet.payload_start <= packet.payload_end and _is_valid_format(data, start)


@part
def _is_valid_format(data: NDArray[np.uint8], start: int) -> bool:
    format = read_format(data, start)
    return (
        data[start + HEADER_BYTES] >> 4 == PREDICTOR_ID
        and (format.coder == RICE or format.coder == LEB128)
        and format.sharpness <= SHARPNESS_MAX
        and 1 <= format.channels <= CHANNELS_MAX
        and 1 <= format.epoch_steps <= EPOCH_STEPS_MAX
        and 1 <= format.keyframe_interval <= KEYFRAME_INTERVAL_MAX
        and format.alpha_q8 <= ALPHA_Q8_MAX
    )


@part
def read(data: NDArray[np.uint8], start: int, end: int) -> Packet:
    """Return the fields of the packet `data[start:end]`."""
    keyframe = data[start + 1] & FLAG_KEYFRAME != 0
    return Packet(
        keyframe,
        little_endian.read(data, start + 2, 2),
        little_endian.read(data, start + 4, 4),
        little_endian.read(data, end - TRAILER_BYTES, 2),
        little_endian.read(data, end - TRAILER_BYTES + 2, 2),
        start + HEADER_BYTES + (SETTINGS_BYTES if keyframe else 0),
        end - TRAILER_BYTES,
    )


@part
def read_format(data: NDArray[np.uint8], start: int) -> Format:
    """Return what the keyframe that starts at byte `start` says of the packets that follow."""
    at = start + HEADER_BYTES
    return Format(
        little_endian.read(data, at, 1) & 0x0F,
        little_endian.read(data, at + 1, 1),
        little_endian.read(data, at + 2, 2),
        little_endian.read(data, at + 4, 2),
        little_endian.read(data, at + 6, 2),
        little_endian.read(data, at + 8, 2),
        little_endian.read(data, at + 10, 2),
    )
