"""How long bins wait for their bytes: the golden model tells which byte ends each error's codeword."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.golden.depacketizer import Depacketizer, Format
from model.golden.isi_decoder import IsiDecoder
from model.golden.isi_encoder import CODERS
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES
from sim.stimulus import Capture


@dataclass(frozen=True)
class Codewords:
    """Every codeword of a recording, in order.

    Attributes
    ----------
    bins : ndarray of int
        The error's bin, counted in scan order from the start of the recording.
    last_bytes : ndarray of int
        The byte of the output that holds the codeword's last bit.
    filled_bytes : ndarray of int
        The last byte of the output that this codeword fills to its end, -1 where it fills none.
    """

    bins: NDArray[np.int64]
    last_bytes: NDArray[np.int64]
    filled_bytes: NDArray[np.int64]


def find_codewords(packets: Sequence[bytes]) -> Codewords:
    """Return where the codewords of a recording are.

    Raises
    ------
    CodecError
        A packet cannot be decoded.
    """
    depacketizer = Depacketizer()
    found: list[tuple[int, int, int]] = []
    first_bin = first_byte = 0
    format: Format | None = None
    for data in packets:
        packet = depacketizer.packet(data)
        if packet.format is not None:
            format = packet.format
            decoder, coder = IsiDecoder(format.settings.coder), CODERS[format.settings.coder]()
        assert format is not None
        decoder.start_epoch()
        coder.start_epoch()
        payload_byte = first_byte + HEADER_BYTES + (SETTINGS_BYTES if packet.format else 0)
        last_bin, end_bit = -1, 0
        for bin in decoder.decode(packet.payload, packet.steps * format.channels):
            codeword = coder.encode(bin - last_bin - 1)
            start_bit, end_bit = end_bit, end_bit + codeword.zeros + codeword.width
            filled = payload_byte + end_bit // 8 - 1 if end_bit // 8 > start_bit // 8 else -1
            found.append((first_bin + bin, payload_byte + (end_bit - 1) // 8, filled))
            last_bin = bin
        first_bin += packet.steps * format.channels
        first_byte += len(data)
    return Codewords(*np.array(found, np.int64).reshape(-1, 3).T)


@dataclass(frozen=True)
class Waits:
    """Clock cycles, each the longest of a recording; None where it has no such event.

    Attributes
    ----------
    bin_to_byte : int or None
        From the word with an error to the byte with the last bit of its codeword. This includes the time until further
        errors, or the end of the epoch, fill that byte.
    in_encoder : int or None
        From the word with the error whose codeword fills a byte to that byte: what the circuit itself takes.
    """

    bin_to_byte: int | None
    in_encoder: int | None


def longest_waits(capture: Capture, codewords: Codewords, channels: int, lanes: int) -> Waits:
    """Return the longest waits of a recording."""
    steps, channel = np.divmod(codewords.bins, channels)
    taken = capture.word_cycles[steps * -(-channels // lanes) + channel // lanes]
    fills = codewords.filled_bytes >= 0
    return Waits(
        bin_to_byte=_longest(capture.byte_cycles[codewords.last_bytes] - taken),
        in_encoder=_longest(capture.byte_cycles[codewords.filled_bytes[fills]] - taken[fills]),
    )


def _longest(waits: NDArray[np.int64]) -> int | None:
    return int(waits.max()) if waits.size else None
