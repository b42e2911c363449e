"""Lists of events as bits: the step and address of each as one difference to the event before, in Golomb-Rice codes.

Each `GROUP` events share the Golomb parameter that makes them smallest, stored before them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import bit_packer, bit_unpacker
from model.kernels.bit_length import bit_length
from model.kernels.bit_packer import PUSH_BITS_MAX, BitPacker
from model.kernels.bit_unpacker import WINDOW_BITS
from model.kernels.jit import kernel, part
from model.kernels.outcome import BEYOND, CUT_OFF, END, PADDING
from model.kernels.spike_scan import BLOCK, find_gaps

GROUP = 256
"""Events that share a Golomb parameter."""
K_BITS = 5
K_MAX = 26
"""Largest Golomb parameter: no difference within a chunk is longer than so many bits."""
LEAST_BITS = 1 << 62


def bits_max(bins: int, events: int) -> int:
    """Return the most bits of a list: at k = 0 an event takes as many as it has bins behind the one before."""
    return bins + K_BITS * -(-events // GROUP)


@part
def _group_bits(gaps: NDArray[np.int32], first: int, count: int, k: int) -> int:
    bits = count * (k + 1)
    for gap in gaps[first : first + count]:
        bits += gap >> k
    return bits


@part
def _best_k(gaps: NDArray[np.int32], first: int, count: int) -> int:
    """Return the Golomb parameter of a group; 0 is always among those tried, and bounds its size."""
    total = 0
    for gap in gaps[first : first + count]:
        total += gap
    likely = bit_length(total // count)
    best, least = 0, total + count
    for k in range(max(1, likely - 2), likely + 1):
        bits = _group_bits(gaps, first, count, k)
        if bits < least:
            best, least = k, bits
    return best


@part
def _push_group(
    packer: BitPacker, out: NDArray[np.uint8], gaps: NDArray[np.int32], first: int, count: int
) -> BitPacker:
    k = _best_k(gaps, first, count)
    packer = bit_packer.push(packer, out, k, K_BITS)
    for gap in gaps[first : first + count]:
        zeros = gap >> k
        while zeros + 1 + k > PUSH_BITS_MAX:
            run = min(zeros, PUSH_BITS_MAX)
            packer = bit_packer.push(packer, out, 0, run)
            zeros -= run
        packer = bit_packer.push(packer, out, 1 << k | gap & (1 << k) - 1, zeros + 1 + k)
    return packer


@kernel
def encode(bins: NDArray[np.uint8], silent: bool, out: NDArray[np.uint8]) -> int:
    """Store the list of the events among `bins`; return how many bytes it takes.

    Parameters
    ----------
    bins : NDArray, contiguous
        Zeros and ones in scan order.
    silent : bool
        Whether the zeros are the events, and not the ones.
    out : NDArray
        Room for `bits_max` bits and four bytes.
    """
    packer = bit_packer.start(0)
    gaps = np.empty(16 * GROUP + BLOCK, dtype=np.int32)
    held, at, last = 0, 0, -1
    while at < bins.size:
        found, at, last = find_gaps(bins, at, last, silent, gaps[held:])
        held += found
        first = 0
        while held - first >= GROUP:
            packer = _push_group(packer, out, gaps, first, GROUP)
            first += GROUP
        gaps[: held - first] = gaps[first:held].copy()
        held -= first
    if held > 0:
        packer = _push_group(packer, out, gaps, 0, held)
    return bit_packer.finish(packer, out)


@part
def _read_zeros(data: NDArray[np.uint8], position: int, end: int) -> int:
    """Return the first bit from `position` on that is 1, or `end`."""
    while position < end:
        window = bit_unpacker.peek(data, position)
        if window != 0:
            return min(end, position + WINDOW_BITS - bit_length(window))
        position += WINDOW_BITS
    return end


@kernel
def decode(data: NDArray[np.uint8], start: int, end: int, event: int, bins: NDArray[np.int8]) -> int:
    """Store `event` in each bin of the list in bytes `start` to `end`, exclusive.

    Returns
    -------
    int
        `END`, or another number of `model.kernels.outcome` if it is no list for so many bins.
    """
    position, end_bit = 8 * start, 8 * end
    bin, count, k = -1, 0, 0
    while True:
        codeword = position
        if count == 0 and end_bit - position >= K_BITS:
            k = bit_unpacker.peek(data, position) >> WINDOW_BITS - K_BITS
            position += K_BITS
            count = GROUP
        one = _read_zeros(data, position, end_bit)
        if one == end_bit:
            return END if end_bit - codeword < 8 and (codeword == position or k == 0) else PADDING
        zeros, position = one - position, one + 1
        if k > K_MAX or k > end_bit - position:
            return CUT_OFF
        low = bit_unpacker.peek(data, position) >> WINDOW_BITS - k
        position += k
        bin += 1 + (zeros << k | low)
        if bin >= bins.size:
            return BEYOND
        bins[bin] = event
        count -= 1
