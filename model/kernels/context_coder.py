"""ContextCoder: the rows of a chunk through a range coder, each channel with the probability that the model gives it.

One function writes and reads: what is coded is the same, only the direction differs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.golden.range_coder import PROBABILITY_BITS, PROBABILITY_MAX
from model.kernels import context_model, range_coder
from model.kernels.context_model import ContextModel
from model.kernels.intensity import probability_of
from model.kernels.jit import kernel, part
from model.kernels.range_coder import RangeCoder
from model.kernels.spike_scan import BLOCK, find_gaps

DECISION_BYTES = 5
"""Most that coding a bit adds: 32 bits, and what rounding may add."""


def room(rows: int, channels: int) -> int:
    """Return how many bytes an encoder needs, so that it gives up only where it takes more than a bit a bin."""
    return -(-rows * channels // 8) + _row_bytes_max(channels)


def _row_bytes_max(channels: int) -> int:
    return DECISION_BYTES * (2 * channels + 1) + range_coder.RANGE_BYTES


_row_room = part(_row_bytes_max)


@part
def _mark_row(marks: NDArray[np.int64], row: NDArray[np.uint8], gaps: NDArray[np.int32], mark: int) -> None:
    """Set `mark` in the nodes of a tree that have a spike below them."""
    found, _, _ = find_gaps(row, 0, -1, False, gaps)
    channel = -1
    for index in range(found):
        channel += 1 + gaps[index]
        node = marks.size // 2 + channel
        while node > 0 and marks[node] != mark:
            marks[node] = mark
            node >>= 1


@part
def _code_presence(coder: RangeCoder, sums: NDArray[np.int64], marks: NDArray[np.int64], node: int, mark: int) -> bool:
    """Code whether there is a spike below a node."""
    return range_coder.code(coder, marks[node] == mark, probability_of(sums[node]))


@part
def _descend(coder: RangeCoder, sums: NDArray[np.int64], marks: NDArray[np.int64], node: int, mark: int) -> int:
    """Code which is the first leaf with a spike below a node that has one; return it."""
    while node < sums.size // 2:
        left = 2 * node
        if sums[left + 1] == 0:
            # There is no channel on the right.
            node = left
            continue
        share = (probability_of(sums[left]) << PROBABILITY_BITS - 1) // probability_of(sums[node]) << 1
        spikes = range_coder.code(coder, marks[left] == mark, min(max(share, 1), PROBABILITY_MAX))
        node = left if spikes else left + 1
    return node


@part
def _code_row(
    coder: RangeCoder, model: ContextModel, marks: NDArray[np.int64], step: int, channels: NDArray[np.int32]
) -> int:
    """Code which channels spike, in rising order; store them and return how many.

    A tree is walked down to every leaf with a spike, always left before right. Of a node that is known to hold a spike,
    either its left child has one, or its right child must have it.
    """
    sums, mark = model.intensities, step + 1
    found = 0
    node = 1
    known = _code_presence(coder, sums, marks, node, mark)
    while True:
        if known:
            node = _descend(coder, sums, marks, node, mark)
            channels[found] = node - sums.size // 2
            context_model.spike(model, channels[found], step)
            found += 1
        while node & 1:
            node >>= 1
        if node == 0:
            return found
        node += 1
        known = sums[node] > 0 and _code_presence(coder, sums, marks, node, mark)


@kernel
def _code_chunk(
    coder: RangeCoder,
    model: ContextModel,
    marks: NDArray[np.int64],
    gaps: NDArray[np.int32],
    given: NDArray[np.uint8],
    decoded: NDArray[np.int8],
) -> bool:
    """Code all rows, from `given` or to `decoded`, all zeros so far; return False where an encoder has no room left."""
    context_model.start(model)
    for step in range(max(given.shape[0], decoded.shape[0])):
        context_model.start_step(model, step)
        if not coder.decoding:
            if coder.state[range_coder.AT] + _row_room(model.channels.state.shape[0]) > coder.data.size:
                return False
            _mark_row(marks, given[step], gaps, step + 1)
        found = _code_row(coder, model, marks, step, gaps)
        if coder.decoding:
            for index in range(found):
                decoded[step, gaps[index]] = 1
        context_model.end_step(model)
    return True


def encode(rows: NDArray[np.int8], model: ContextModel) -> bytes | None:
    """Return the bytes of a chunk of at least one bin, or None if they are more than a bit a bin."""
    coder = range_coder.new_encoder(room(*rows.shape))
    given = rows.view(np.uint8)
    # Numba would compile the coder once for arrays that can be written and once more for those that cannot.
    given.flags.writeable = False
    if not _code_chunk(coder, model, *_workspace(model), given, np.empty((0, 0), dtype=np.int8)):
        return None
    return range_coder.encoded(coder)


def decode(data: NDArray[np.uint8], model: ContextModel, rows: NDArray[np.int8]) -> None:
    """Decode the bytes of a chunk into its rows, all zeros so far.

    Raises
    ------
    CodecError
        They are not what `encode` returns.
    """
    coder = range_coder.new_decoder(data)
    given = np.empty((0, 0), dtype=np.uint8)
    given.flags.writeable = False
    _code_chunk(coder, model, *_workspace(model), given, rows)
    if not range_coder.is_finished(coder):
        raise CodecError("payload does not end with its last spike")


def _workspace(model: ContextModel) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return marks for the tree's nodes, and room for the gaps or channels of a row."""
    return np.zeros_like(model.intensities), np.empty(model.channels.state.shape[0] + BLOCK, dtype=np.int32)
