"""The payload of a group: what is known of its channels, the state of the range coder, and its words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.kernels import channel_lists
from model.kernels.bit_unpacker import SLACK_BYTES
from model.kernels.channel_lists import SENTENCES, Channels
from model.kernels.rans_symbol import STATE_BITS

STATE_BYTES = STATE_BITS // 8 + 1
WORD = np.dtype("<u4")


def payload_of(side: bytes, state: int, words: list[NDArray[np.uint32]]) -> bytes:
    """Return the payload of what the decoder must know first, a state, and words in parts."""
    return b"".join(
        [side, state.to_bytes(STATE_BYTES, "little"), *(part.astype(WORD, copy=False).data for part in words)]
    )


def read_side(payload: NDArray[np.uint8], n_channels: int, *, with_tables: bool) -> tuple[Channels, int]:
    """Return what is known of the channels, and where the bytes after it start.

    Parameters
    ----------
    payload : NDArray of uint8
        Of a group.
    n_channels : int
        Channels of the group.
    with_tables : bool
        Whether the preset is `fast`.

    Raises
    ------
    CodecError
        A number is out of range.
    """
    channels, at = channel_lists.load(
        np.concatenate([payload, np.zeros(SLACK_BYTES, dtype=np.uint8)]), n_channels, with_tables
    )
    if at < 0:
        raise CodecError(SENTENCES[-1 - at])
    return channels, at


def body_of(payload: NDArray[np.uint8], at: int) -> tuple[int, NDArray[np.uint32]]:
    """Return state and words, which start at byte `at`; `CodecError` if there are none such."""
    words = payload[at + STATE_BYTES :].copy()
    if payload.size < at + STATE_BYTES or words.size % WORD.itemsize:
        raise CodecError("waveform payload is cut off")
    state = int.from_bytes(payload[at : at + STATE_BYTES].tobytes(), "little")
    if not 0 < state < 1 << STATE_BITS:
        raise CodecError("waveform payload starts with an impossible state")
    return state, words.view(WORD).astype(np.uint32, copy=False)


def check_end(state: int, at: int, words: NDArray[np.uint32]) -> None:
    """Raise `CodecError` unless all words are used up, and the state is what the encoder started with."""
    if state != 1 or at != words.size:
        raise CodecError("waveform payload does not end where its samples do")
