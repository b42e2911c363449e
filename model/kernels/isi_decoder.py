"""IsiDecoder: the payload of a packet to its errors, a row at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels import leb128_coder, rice_coder
from model.kernels.format import RICE
from model.kernels.jit import part
from model.kernels.outcome import BEYOND, END
from model.kernels.rice_parameter import RiceParameter


class IsiDecoder(NamedTuple):
    """A payload up to bit `end`, read up to bit `position`.

    `error` is the bin of the packet's next error; the number of the packet's bins where none is left; or a negative
    number of `model.kernels.outcome` where the payload is not valid.
    """

    error: int
    position: int
    end: int
    parameter: RiceParameter


@part
def start(
    coder: int, parameter: RiceParameter, data: NDArray[np.uint8], payload_start: int, payload_end: int, bins: int
) -> IsiDecoder:
    """Begin a packet of `bins` bins whose payload is `data[payload_start:payload_end]`, and find its first error."""
    before_first = IsiDecoder(-1, 8 * payload_start, 8 * payload_end, parameter)
    return next_error(before_first, coder, data, bins)


@part
def next_error(decoder: IsiDecoder, coder: int, data: NDArray[np.uint8], bins: int) -> IsiDecoder:
    """Read on to the error after `decoder.error`."""
    error, position, end, parameter = decoder
    if coder == RICE:
        gap, position, parameter = rice_coder.decode(parameter, data, position, end)
    else:
        gap, position = leb128_coder.decode(data, position, end)
    if gap >= 0:
        error += 1 + gap
        if error >= bins:
            error = BEYOND
    else:
        error = bins if gap == END else gap
    return IsiDecoder(error, position, end, parameter)


@part
def decode_row(
    decoder: IsiDecoder, coder: int, data: NDArray[np.uint8], bins: int, row_start: int, row: NDArray[np.int8]
) -> IsiDecoder:
    """Set the errors of a row that starts at bin `row_start`, all zeros so far; stop where the payload is not valid."""
    while 0 <= decoder.error < min(bins, row_start + row.size):
        row[decoder.error - row_start] = 1
        decoder = next_error(decoder, coder, data, bins)
    return decoder
