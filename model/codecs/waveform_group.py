"""The payload of a group of channels over a chunk of time: what each channel's decoder must know, then all samples.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.codecs.waveform_best import EFFORT_ON_CODES, BestDecoder, BestEncoder
from model.codecs.waveform_channel import read_channels, write_channels
from model.codecs.waveform_fast import FastDecoder, FastEncoder
from model.codecs.waveform_rows import RowsEncoder
from model.errors import CodecError
from model.kernels.rans_symbol import STATE_BITS

Preset = tuple[type[BestEncoder | FastEncoder], type[BestDecoder | FastDecoder]]
PRESETS: dict[str, Preset] = {
    "fast": (FastEncoder, FastDecoder),
    "best": (BestEncoder, BestDecoder),
}
STATE_BYTES = STATE_BITS // 8 + 1
WORD = np.dtype("<u4")
INT32 = -(1 << 31), (1 << 31) - 1
"""The widest range of samples."""
WORDS_A_SAMPLE = 2
SLACK_WORDS = 4


def encode_group(
    samples: NDArray[np.int32], preset: str, max_error: int, sample_range: tuple[int, int]
) -> tuple[bytes, NDArray[np.int32]]:
    """Return the payload of a group.

    Parameters
    ----------
    samples : NDArray of int32, shape (channels, steps)
        Not empty.
    preset : {"fast", "best"}
        How.
    max_error : int
        Most that a sample may change by; 0 for none.
    sample_range : (int, int)
        Least and greatest value of a decoded sample.

    Returns
    -------
    payload : bytes
        What `decode_group` decodes.
    decoded : NDArray of int32, shape (channels, steps)
        What it decodes it to.
    """
    encoder = PRESETS[preset][0](samples, max_error)
    payload = _payload(encoder)
    return payload, _decoded(encoder, sample_range) if max_error else samples


def encode_codes(codes: NDArray[np.int32]) -> bytes:
    """Return the payload of what a predictor left, as that of a group of one channel by `best`, in less time."""
    return _payload(BestEncoder(codes[np.newaxis], 0, EFFORT_ON_CODES))


def decode_codes(payload: NDArray[np.uint8], count: int) -> NDArray[np.int32]:
    """Return so many codes that `encode_codes` encoded; `CodecError` if the payload is not one of them."""
    codes = np.empty((1, count), dtype=np.int32)
    decode_group(payload, "best", True, INT32, codes)
    return codes.reshape(-1)


def _payload(encoder: RowsEncoder) -> bytes:
    words = np.empty(WORDS_A_SAMPLE * encoder.codes[0].size + SLACK_WORDS, dtype=np.uint32)
    state, parts = 1, []
    for index in range(len(encoder.codes) - 1, -1, -1):
        state, at = encoder.put(index, state, words, words.size)
        parts.append(words[at:].astype(WORD).tobytes())
    side = write_channels(encoder.channels)
    return side + state.to_bytes(STATE_BYTES, "little") + b"".join(reversed(parts))


def _decoded(encoder: RowsEncoder, sample_range: tuple[int, int]) -> NDArray[np.int32]:
    decoded = np.empty((len(encoder.codes), encoder.codes[0].size), dtype=np.int32)
    for row, channel, codes in zip(decoded, encoder.channels, encoder.codes, strict=True):
        row[:] = channel.grid.samples_of(codes.astype(np.int64)).clip(*sample_range)
    return decoded


def decode_group(
    payload: NDArray[np.uint8],
    preset: str,
    lossless: bool,
    sample_range: tuple[int, int],
    out: NDArray[np.int32],
) -> None:
    """Store the samples of a group.

    Parameters
    ----------
    payload : NDArray of uint8
        What `encode_group` returned.
    preset : {"fast", "best"}
        As it was encoded.
    lossless : bool
        Whether `max_error` was 0.
    sample_range : (int, int)
        Least and greatest value of a sample.
    out : NDArray of int32, shape (channels, steps)
        The samples.

    Raises
    ------
    CodecError
        The payload is not one of so many channels and steps.
    """
    n_channels, steps = out.shape
    channels, at = read_channels(payload, n_channels, with_tables=preset == "fast")
    body = payload[at + STATE_BYTES :].tobytes()
    if payload.size < at + STATE_BYTES or len(body) % WORD.itemsize:
        raise CodecError("waveform payload is cut off")
    state = int.from_bytes(payload[at : at + STATE_BYTES].tobytes(), "little")
    if not 0 < state < 1 << STATE_BITS:
        raise CodecError("waveform payload starts with an impossible state")
    decoder = PRESETS[preset][1](state, np.frombuffer(body, dtype=WORD).astype(np.uint32), n_channels, steps)
    low, high = sample_range
    for index, channel in enumerate(channels):
        codes = decoder.take(index, channel)
        if codes.min() < channel.grid.first or codes.max() > channel.grid.last:
            raise CodecError("waveform payload has a code beyond its channel's range")
        samples = channel.grid.samples_of(codes)
        if lossless and (samples.min() < low or samples.max() > high):
            raise CodecError(f"waveform payload has a sample outside {low}..{high}")
        out[index] = samples if lossless else samples.clip(low, high)
    decoder.finish()
