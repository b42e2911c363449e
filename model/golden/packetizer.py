"""Packetizer: header, payload and trailer of a packet."""

from __future__ import annotations

from model.golden.crc32c import crc32c
from model.golden.settings import CODER_IDS, PREDICTOR_ID, Settings

MAGIC = 0xC7
"""First byte of every packet."""
VERSION = 1
"""Version of the wire format: the high half of the second byte."""
FLAG_KEYFRAME = 0x01
"""The one flag of this version; the other low bits of the second byte are 0."""

HEADER_BYTES = 8
"""Header of every packet: magic, version and flags, sequence number (2), step index (4)."""
SETTINGS_BYTES = 12
"""What a keyframe's header adds: kinds, sharpness, channels (2), epoch (2), interval (2), alpha (2), seed (2)."""
TRAILER_BYTES = 8
"""Steps of this packet (2), check of its spikes (2) and CRC-32C (4)."""


class Packetizer:
    """Numbers the packets of a recording and puts them together. All numbers are little-endian.

    Parameters
    ----------
    channels : int
        Channels of the raster.
    settings : Settings
        Sent in every keyframe.
    """

    def __init__(self, channels: int, settings: Settings) -> None:
        self.channels = channels
        self.settings = settings
        self.sequence = 0
        self.step_index = 0

    def packet(self, keyframe: bool, payload: bytes, steps: int, check: int) -> bytes:
        """Return the packet of the `steps` steps that `payload` codes and whose spikes have this `check`; count it."""
        body = self._header(keyframe) + payload + steps.to_bytes(2, "little") + check.to_bytes(2, "little")
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.step_index = (self.step_index + steps) & 0xFFFFFFFF
        return body + crc32c(body).to_bytes(4, "little")

    def _header(self, keyframe: bool) -> bytes:
        header = bytes([MAGIC, VERSION << 4 | (FLAG_KEYFRAME if keyframe else 0)])
        header += self.sequence.to_bytes(2, "little") + self.step_index.to_bytes(4, "little")
        if keyframe:
            header += self._settings()
        return header

    def _settings(self) -> bytes:
        settings = self.settings
        fields = (self.channels, settings.epoch_steps, settings.keyframe_interval, settings.alpha_q8, settings.seed)
        kinds = bytes([PREDICTOR_ID << 4 | CODER_IDS[settings.coder], settings.sharpness])
        return kinds + b"".join(field.to_bytes(2, "little") for field in fields)
