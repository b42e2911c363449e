"""RiceCoder: gaps to adaptive Golomb-Rice codewords of limited length, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.golden.rice_coder import ESCAPE, GAP_BITS
from model.kernels import bit_packer, bit_unpacker, rice_parameter
from model.kernels.bit_length import bit_length
from model.kernels.bit_packer import PUSH_BITS_MAX, BitPacker
from model.kernels.bit_unpacker import WINDOW_BITS
from model.kernels.jit import part
from model.kernels.outcome import CUT_OFF, END, LEADING_ZEROS, PADDING
from model.kernels.rice_parameter import RiceParameter

ZEROS_MAX = ESCAPE + GAP_BITS
"""Leading zeros of the longest codeword."""


@part
def _push_long(packer: BitPacker, out: NDArray[np.uint8], zeros: int, value: int, width: int) -> BitPacker:
    while zeros > 0:
        packer = bit_packer.push(packer, out, 0, min(zeros, PUSH_BITS_MAX))
        zeros -= PUSH_BITS_MAX
    if width > PUSH_BITS_MAX:
        packer = bit_packer.push(packer, out, value >> PUSH_BITS_MAX, width - PUSH_BITS_MAX)
        value, width = value & (1 << PUSH_BITS_MAX) - 1, PUSH_BITS_MAX
    return bit_packer.push(packer, out, value, width)


@part
def encode(
    parameter: RiceParameter, packer: BitPacker, out: NDArray[np.uint8], gap: int
) -> tuple[RiceParameter, BitPacker]:
    """Append the codeword of the next gap."""
    k = rice_parameter.choose_k(parameter)
    quotient, remainder = gap >> k, gap & (1 << k) - 1
    if quotient < ESCAPE:
        zeros, value, width = quotient, 1 << k | remainder, 1 + k
    else:
        beyond = quotient - ESCAPE + 1
        n = bit_length(beyond) - 1
        zeros, value, width = ESCAPE + n, beyond << k | remainder, 1 + n + k
    if zeros + width <= PUSH_BITS_MAX:
        packer = bit_packer.push(packer, out, value, zeros + width)
    else:
        packer = _push_long(packer, out, zeros, value, width)
    return rice_parameter.update(parameter, k, gap), packer


@part
def decode(
    parameter: RiceParameter, data: NDArray[np.uint8], position: int, end: int
) -> tuple[int, int, RiceParameter]:
    """Read the next gap.

    Returns
    -------
    gap : int
        The gap, or one of the negative numbers of `model.kernels.outcome`.
    position : int
        The first bit after its codeword.
    parameter : RiceParameter
        What follows from it for the next one.
    """
    zeros, window = 0, 0
    while window == 0:
        window = bit_unpacker.peek(data, position)
        run = min(WINDOW_BITS - bit_length(window), end - position)
        zeros += run
        position += run
        if zeros > ZEROS_MAX:
            return LEADING_ZEROS, position, parameter
        if position == end:
            return END if zeros < 8 else PADDING, position, parameter
    position += 1
    k = rice_parameter.choose_k(parameter)
    n = max(0, zeros - ESCAPE)
    width = n + k
    if width > end - position:
        return CUT_OFF, position, parameter
    body = bit_unpacker.peek(data, position) >> WINDOW_BITS - width
    gap = ((min(zeros, ESCAPE) + (1 << n) - 1) << k) + body
    return gap, position + width, rice_parameter.update(parameter, k, gap)
