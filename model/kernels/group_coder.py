"""GroupCoder: every bin with a probability that depends on how many channels of its group spike in the same step.

The first channel of a group is the reference of the others. What is coded of them is more than the difference from it:
each channel also sees those of its group that are coded before it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.golden.group_coder import CONTEXTS, COUNT_MAX, COUNTED, STEP_BITS
from model.golden.range_coder import HALF, PROBABILITY_MAX
from model.kernels import range_coder
from model.kernels.bit_length import bit_length
from model.kernels.jit import kernel, part
from model.kernels.range_coder import RangeCoder

STEPS = (1 << STEP_BITS + 1) // (2 * np.arange(COUNT_MAX + 1) + 3)
"""By how many times a context was met: what share of the way its probability goes to what is met now."""
DECISION_BYTES = 5
"""Most that coding a bit adds."""

PROBABILITY, COUNT = range(2)
"""Columns of `contexts`."""


class Groups(NamedTuple):
    """Channels in the order in which a step is coded, and for each place in it whether a group starts there."""

    order: NDArray[np.int64]
    starts: NDArray[np.bool_]


def _new_contexts(channels: int, first: int) -> NDArray[np.int64]:
    """Return contexts of which those without a spike in the group start at a probability of `first`."""
    contexts = np.empty((channels, CONTEXTS, 2), dtype=np.int64)
    contexts[:, :, PROBABILITY] = HALF
    contexts[:, 0, PROBABILITY] = first
    contexts[:, :, COUNT] = 1
    return contexts


@part
def _context_of(spikes: int) -> int:
    return spikes if spikes < COUNTED else min(COUNTED + bit_length(spikes // COUNTED) - 1, CONTEXTS - 1)


@part
def _learn(context: NDArray[np.int64], spike: bool) -> None:
    target = PROBABILITY_MAX if spike else 1
    context[PROBABILITY] += (target - context[PROBABILITY]) * STEPS[context[COUNT]] >> STEP_BITS
    context[PROBABILITY] = min(max(context[PROBABILITY], 1), PROBABILITY_MAX)
    context[COUNT] = min(context[COUNT] + 1, COUNT_MAX)


@kernel
def _code(
    coder: RangeCoder,
    groups: Groups,
    contexts: NDArray[np.int64],
    given: NDArray[np.uint8],
    decoded: NDArray[np.int8],
) -> bool:
    """Code all rows, from `given` or to `decoded`, all zeros so far; return False where an encoder has no room left."""
    channels = groups.order.size
    for step in range(max(given.shape[0], decoded.shape[0])):
        if not coder.decoding and coder.state[range_coder.AT] + DECISION_BYTES * channels > coder.data.size:
            return False
        spikes = 0
        for place in range(channels):
            channel = groups.order[place]
            if groups.starts[place]:
                spikes = 0
            context = contexts[channel, _context_of(spikes)]
            given_spike = not coder.decoding and given[step, channel] != 0
            spike = range_coder.code(coder, given_spike, context[PROBABILITY])
            _learn(context, spike)
            if spike:
                spikes += 1
                if coder.decoding:
                    decoded[step, channel] = 1
    return True


@kernel
def _measure(
    groups: Groups, rows: NDArray[np.uint8], counts: NDArray[np.int64], differences: NDArray[np.int64]
) -> None:
    for step in range(rows.shape[0]):
        spikes = 0
        reference = False
        for place in range(groups.order.size):
            channel = groups.order[place]
            spike = rows[step, channel] != 0
            if groups.starts[place]:
                spikes = 0
                reference = spike
            counts[channel, _context_of(spikes), int(spike)] += 1
            differences[channel] += int(spike != reference)
            spikes += int(spike)


def measure(groups: Groups, rows: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count what the coder would meet.

    Returns
    -------
    counts : NDArray, shape (channels, CONTEXTS, 2)
        Bins without and with a spike in each context.
    differences : NDArray, shape (channels,)
        Bins in which a channel differs from its group's reference.
    """
    counts = np.zeros((rows.shape[1], CONTEXTS, 2), dtype=np.int64)
    differences = np.zeros(rows.shape[1], dtype=np.int64)
    _measure(groups, _read_only(rows), counts, differences)
    return counts, differences


def encode(rows: NDArray[np.int8], groups: Groups, first: int) -> bytes | None:
    """Return the bytes of a chunk, or None if they are more than a bit a bin.

    Parameters
    ----------
    rows : NDArray of int8, shape (steps, channels)
        Zeros and ones, at least one bin.
    groups : Groups
        All channels.
    first : int
        Probability, of 2**32, from which those of channels without a spike in their group start.
    """
    coder = range_coder.new_encoder(rows.size // 8 + DECISION_BYTES * rows.shape[1] + range_coder.RANGE_BYTES)
    nothing = np.empty((0, 0), dtype=np.int8)
    coded = _code(coder, groups, _new_contexts(rows.shape[1], first), _read_only(rows), nothing)
    return range_coder.encoded(coder) if coded else None


def decode(data: NDArray[np.uint8], groups: Groups, first: int, rows: NDArray[np.int8]) -> None:
    """Decode the bytes of a chunk into its rows, all zeros so far.

    Raises
    ------
    CodecError
        They are not what `encode` returns.
    """
    coder = range_coder.new_decoder(data)
    nothing = _read_only(np.empty((0, 0), dtype=np.int8))
    _code(coder, groups, _new_contexts(rows.shape[1], first), nothing, rows)
    if not range_coder.is_finished(coder):
        raise CodecError("payload does not end with its last bin")


def _read_only(rows: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return a view: Numba would compile kernels once for arrays that can be written and once more for others."""
    view = rows.view(np.uint8)
    view.flags.writeable = False
    return view
