"""The encoder and the decoder of the RTL, compiled, and what goes in and out of them as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdl.layouts import SETTINGS, words_per_row
from hdl.spike_decoder import SpikeDecoder
from hdl.spike_encoder import SpikeEncoder
from model.bounds import payload_bits_max
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES
from model.golden.settings import CODER_IDS, Settings
from sim.circuit import Circuit
from sim.stimulus import cut

LAST = 0x100
"""`last` of a byte of a packet; its value is in the bits below."""
DECODER_EVENTS = ("dropped", "rejected", "repeated", "hidden", "bad")


def encoder(channels: int, lanes: int, settings: Settings, *, voted: bool = False) -> Circuit:
    """Return the encoder, compiled; if `voted`, with control registers in three copies.

    Raises
    ------
    ValueError
        `channels` or `lanes` is out of range.
    BuildError
        It cannot be compiled.
    """
    values = SETTINGS.const(asdict(settings) | {"coder": CODER_IDS[settings.coder]})
    inputs = {"settings": values.as_value().value}
    return Circuit(SpikeEncoder(channels, lanes), f"spike_encoder_{channels}x{lanes}", inputs, voted=voted)


def decoder(channels: int, lanes: int, buffer_bytes: int, *, voted: bool = False) -> Circuit:
    """Return the decoder, compiled; if `voted`, with control registers in three copies.

    Raises
    ------
    ValueError
        `channels`, `lanes` or `buffer_bytes` is out of range.
    BuildError
        It cannot be compiled.
    """
    component = SpikeDecoder(channels, lanes, buffer_bytes)
    name = f"spike_decoder_{channels}x{lanes}_{buffer_bytes}"
    return Circuit(component, name, events=DECODER_EVENTS, voted=voted)


def buffer_bytes(channels: int, settings: Settings) -> int:
    """Return how large the decoder's packet buffer must be for every packet of an encoder, as a power of two."""
    payload_bits = payload_bits_max(channels * settings.epoch_steps, settings.coder)
    longest = HEADER_BYTES + SETTINGS_BYTES + -(-payload_bits // 8)
    return max(32, 1 << (longest - 1).bit_length())


def raster_words(raster: NDArray[np.int8], lanes: int) -> NDArray[np.uint32]:
    """Return a raster as payloads of the encoder's input; the last word ends the epoch."""
    steps, channels = raster.shape
    words = words_per_row(channels, lanes)
    rows = np.pad(raster, ((0, 0), (0, words * lanes - channels)))
    bits = np.zeros((steps * words, -(-(lanes + 1) // 32) * 32), np.uint8)
    bits[:, :lanes] = rows.reshape(-1, lanes)
    bits[-1, lanes] = 1
    return np.packbits(bits, axis=1, bitorder="little").view("<u4")


def packet_bytes(packets: Iterable[bytes]) -> NDArray[np.uint32]:
    """Return packets as payloads of the decoder's input."""
    packets = list(packets)
    stream = np.frombuffer(b"".join(packets), np.uint8).astype(np.uint32)
    stream[np.cumsum([len(packet) for packet in packets]) - 1] |= LAST
    return stream


def packets_of(output: NDArray[np.uint32]) -> list[bytes]:
    """Return the packets of the encoder's output, but for one that it did not end."""
    stream = output.ravel()
    return cut(stream.astype(np.uint8).tobytes(), np.flatnonzero(stream & LAST) + 1)


class Rows(NamedTuple):
    """What a decoder showed, row by row.

    Attributes
    ----------
    spikes : ndarray of int8, shape (rows, channels)
        -1 throughout in a row of too few or too many words, which only a broken decoder shows.
    steps : ndarray of int
        Step that the decoder says the row is.
    last, bad : ndarray of bool
        Whether a packet ends with the row, and whether it is marked as bad.
    """

    spikes: NDArray[np.int8]
    steps: NDArray[np.int64]
    last: NDArray[np.bool_]
    bad: NDArray[np.bool_]


def rows_of(output: NDArray[np.uint32], channels: int, lanes: int) -> Rows:
    """Return the rows of the decoder's output, but for one that it did not end."""
    bits = np.unpackbits(output.view(np.uint8), axis=1, bitorder="little")
    row_last, last, bad = bits[:, lanes : lanes + 3].T.astype(bool)
    steps = np.packbits(bits[:, lanes + 3 : lanes + 35], axis=1, bitorder="little").view("<u4")[:, 0]
    ends = np.flatnonzero(row_last)
    words = words_per_row(channels, lanes)
    spikes = np.full((len(ends), channels), -1, np.int8)
    whole = np.diff(ends, prepend=-1) == words
    places = ends[whole, None] + np.arange(1 - words, 1)
    spikes[whole] = bits[places, :lanes].reshape(-1, words * lanes)[:, :channels]
    return Rows(spikes, steps[ends].astype(np.int64), last[ends], bad[ends])
