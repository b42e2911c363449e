"""Framer: byte stuffing."""

from __future__ import annotations

from model.golden.framer import CHANGE, ESCAPE, FLAG

_FLAG, _ESCAPE = bytes([FLAG]), bytes([ESCAPE])
_STUFFED_FLAG, _STUFFED_ESCAPE = bytes([ESCAPE, FLAG ^ CHANGE]), bytes([ESCAPE, ESCAPE ^ CHANGE])


def frame(packet: bytes) -> bytes:
    """Return the bytes on the line for one packet."""
    return _FLAG + packet.replace(_ESCAPE, _STUFFED_ESCAPE).replace(_FLAG, _STUFFED_FLAG) + _FLAG
