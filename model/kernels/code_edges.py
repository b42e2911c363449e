"""Where in a waveform an ADC's codes begin and end: widths that repeat, so that no list of all codes is needed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.bit_length import bit_length
from model.kernels.jit import kernel, part
from model.kernels.wide import wide


class Edges(NamedTuple):
    """Edges of codes, numbered from 0 on, in units of the waveform.

    Attributes
    ----------
    least, greatest : int
        The lower edge of the first code, and the upper one of the last.
    n_codes : int
        How many codes there are.
    period_bits : int
        Widths repeat after `1 << period_bits` codes.
    span : int
        The width of so many codes together.
    starts : NDArray of int64, shape (1 << period_bits,)
        Lower edges of the first of them, above that of the first code.
    """

    least: int
    greatest: int
    n_codes: int
    period_bits: int
    span: int
    starts: NDArray[np.int64]


@part
def edge_of(edges: Edges, code: int) -> int:
    """Return the lower edge of a code, 0..n_codes: that of the code behind the last is the greatest edge."""
    within: int = edges.starts[code & (1 << edges.period_bits) - 1]
    return edges.least + (code >> edges.period_bits) * edges.span + within


@kernel
def edges_around(centre: int, n_codes: int, widths: NDArray[np.int64]) -> Edges:
    """Return the edges of codes whose widths, a power of two of them, repeat; 0 is the middle of code `centre`."""
    starts, span = np.empty_like(widths), wide(0)
    for code in range(widths.size):
        starts[code] = span
        span += widths[code]
    edges = Edges(wide(0), wide(0), n_codes, bit_length(widths.size - 1), span, starts)
    middle = edge_of(edges, centre) + edge_of(edges, centre + 1) >> 1
    return Edges(-middle, edge_of(edges, n_codes) - middle, n_codes, edges.period_bits, span, starts)


@kernel
def store_middles(edges: Edges, codes: NDArray[np.int32], row: NDArray[np.int32]) -> None:
    """Store the middle between each code's edges, rounded down; `row` is as long as `codes`."""
    for index in range(codes.size):
        code = wide(codes[index])
        row[index] = edge_of(edges, code) + edge_of(edges, code + 1) >> 1
