"""IsiEncoder: the gaps of a row to codewords."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import leb128_coder, rice_coder
from model.kernels.bit_packer import BitPacker
from model.kernels.format import RICE
from model.kernels.jit import part
from model.kernels.rice_parameter import RiceParameter


@part
def encode_gaps(
    coder: int, parameter: RiceParameter, packer: BitPacker, out: NDArray[np.uint8], gaps: NDArray[np.int64], found: int
) -> tuple[RiceParameter, BitPacker]:
    """Append the codewords of the first `found` gaps."""
    for index in range(found):
        if coder == RICE:
            parameter, packer = rice_coder.encode(parameter, packer, out, gaps[index])
        else:
            packer = leb128_coder.encode(packer, out, gaps[index])
    return parameter, packer
