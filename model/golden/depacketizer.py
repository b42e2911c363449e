"""Depacketizer: the fields of a packet, every one of them checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from model.errors import CodecError
from model.golden.crc32c import crc32c
from model.golden.packetizer import FLAG_KEYFRAME, HEADER_BYTES, MAGIC, SETTINGS_BYTES, TRAILER_BYTES, VERSION
from model.golden.settings import CHANNELS_MAX, CODER_IDS, PREDICTOR_ID, Settings

CODER_NAMES = {number: name for name, number in CODER_IDS.items()}


class Format(NamedTuple):
    """What a keyframe says of the packets from it to the next."""

    channels: int
    settings: Settings


class Packet(NamedTuple):
    """A packet taken apart. `format` is None where the packet is no keyframe."""

    sequence: int
    step_index: int
    format: Format | None
    payload: bytes
    steps: int
    check: int


class Depacketizer:
    """Takes packets apart; stateless, it judges each packet by itself.

    Parameters
    ----------
    checksum : callable
        CRC-32C of bytes: this one, or a faster one that equals it.
    """

    def __init__(self, checksum: Callable[[bytes], int] = crc32c) -> None:
        self._checksum = checksum

    def packet(self, data: bytes) -> Packet:
        """Return the fields of one packet.

        Raises
        ------
        CodecError
            The packet is too short, its checksum is wrong, or a field has a value that this version does not know.
        """
        if len(data) < HEADER_BYTES + TRAILER_BYTES:
            raise CodecError(f"packet has {len(data)} bytes; the shortest has {HEADER_BYTES + TRAILER_BYTES}")
        if self._checksum(data[:-4]) != int.from_bytes(data[-4:], "little"):
            raise CodecError("packet checksum does not match")
        if data[0] != MAGIC:
            raise CodecError(f"packet starts with 0x{data[0]:02X}, not 0x{MAGIC:02X}")
        if data[1] >> 4 != VERSION:
            raise CodecError(f"packet is of format version {data[1] >> 4}; this decoder knows version {VERSION}")
        flags = data[1] & 0x0F
        if flags & ~FLAG_KEYFRAME:
            raise CodecError(f"packet has unknown flags 0x{flags:X}")
        steps = int.from_bytes(data[-8:-6], "little")
        if steps == 0:
            raise CodecError("packet has 0 steps; at least 1 is required")
        body = data[HEADER_BYTES:-TRAILER_BYTES]
        format = self._format(body) if flags & FLAG_KEYFRAME else None
        return Packet(
            sequence=int.from_bytes(data[2:4], "little"),
            step_index=int.from_bytes(data[4:8], "little"),
            format=format,
            payload=body[SETTINGS_BYTES:] if format else body,
            steps=steps,
            check=int.from_bytes(data[-6:-4], "little"),
        )

    def _format(self, body: bytes) -> Format:
        if len(body) < SETTINGS_BYTES:
            raise CodecError("keyframe is too short for its settings")
        kinds, sharpness = body[0], body[1]
        predictor, coder = kinds >> 4, kinds & 0x0F
        if predictor != PREDICTOR_ID:
            raise CodecError(f"keyframe has unknown predictor {predictor}; known: {PREDICTOR_ID}")
        if coder not in CODER_NAMES:
            raise CodecError(f"keyframe has unknown coder {coder}; known: {', '.join(map(str, CODER_NAMES))}")
        channels, epoch_steps, keyframe_interval, alpha_q8, seed = (
            int.from_bytes(body[start : start + 2], "little") for start in range(2, SETTINGS_BYTES, 2)
        )
        if not 1 <= channels <= CHANNELS_MAX:
            raise CodecError(f"keyframe has {channels} channels; 1..{CHANNELS_MAX} are allowed")
        try:
            settings = Settings(
                alpha_q8=alpha_q8,
                sharpness=sharpness,
                seed=seed,
                coder=CODER_NAMES[coder],  # type: ignore[arg-type]
                epoch_steps=epoch_steps,
                keyframe_interval=keyframe_interval,
            )
        except ValueError as error:
            raise CodecError(f"keyframe setting {error}") from None
        return Format(channels, settings)
