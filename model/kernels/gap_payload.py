"""Gaps in the two interval coders of the hardware, `rice` and `leb128`, as one payload of a keyframe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import isi_decoder, leb128_coder, rice_coder, rice_parameter
from model.kernels.bit_packer import BitPacker
from model.kernels.format import RICE
from model.kernels.jit import kernel
from model.kernels.outcome import END
from model.kernels.rice_parameter import RiceParameter


@kernel
def encode(
    coder: int, gaps: NDArray[np.int32], parameter: RiceParameter, packer: BitPacker, out: NDArray[np.uint8]
) -> tuple[RiceParameter, BitPacker]:
    """Append the codewords of gaps."""
    for gap in gaps:
        if coder == RICE:
            parameter, packer = rice_coder.encode(parameter, packer, out, int(gap))
        else:
            packer = leb128_coder.encode(packer, out, int(gap))
    return parameter, packer


@kernel
def decode(coder: int, data: NDArray[np.uint8], start: int, end: int, bins: NDArray[np.uint8]) -> int:
    """Flip the bin behind each gap of `data[start:end]`; return `END` or what was wrong."""
    decoder = isi_decoder.start(coder, rice_parameter.reset(), data, start, end, bins.size)
    while 0 <= decoder.error < bins.size:
        bins[decoder.error] ^= 1
        decoder = isi_decoder.next_error(decoder, coder, data, bins.size)
    return END if decoder.error >= 0 else decoder.error
