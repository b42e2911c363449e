"""The spikes of a raster as a list of events, which every format of packets writes and reads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.spikes import Spikes
from model.errors import CodecError
from model.golden.settings import check_int
from model.raster import MAX_BINS

CHUNK_BINS = 1 << 22
"""Bins of a raster that are looked at at a time, so that memory follows the events."""


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """The spikes of a raster, ordered by step, and by channel within a step.

    Attributes
    ----------
    steps, channels : NDArray of int64, shape (events,)
        Where each spike is.
    n_steps, n_channels : int
        Shape of the raster.
    """

    steps: NDArray[np.int64]
    channels: NDArray[np.int64]
    n_steps: int
    n_channels: int

    def by_step(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield each step that has events, and the channels of these."""
        if self.steps.size:
            starts = np.flatnonzero(np.diff(self.steps, prepend=-1))
            for start, channels in zip(starts, np.split(self.channels, starts[1:]), strict=True):
                yield int(self.steps[start]), channels


def events_of(spikes: ArrayLike) -> Events:
    """Return the events of a raster.

    Parameters
    ----------
    spikes : array_like, shape (steps, channels)
        As for the codecs' `compress`.

    Raises
    ------
    ValueError
        `spikes` has another shape, type or value.
    """
    checked = Spikes(spikes)
    chunk_steps = max(1, CHUNK_BINS // max(1, checked.channels))
    found = [np.nonzero(rows) for rows in checked.chunks(chunk_steps)]
    counts = [steps.size for steps, _ in found]
    origins = np.repeat(np.arange(len(found)) * chunk_steps, counts)
    nothing = np.empty(0, dtype=np.int64)
    steps = np.concatenate([nothing, *(steps for steps, _ in found)]) + origins
    channels = np.concatenate([nothing, *(channels for _, channels in found)])
    return Events(steps, channels, checked.steps, checked.channels)


def check_shape(T: int, N: int, max_bins: int) -> None:  # noqa: N803 - the codecs' names of steps and channels
    """Raise `ValueError` unless a raster of `T` steps and `N` channels may be made."""
    check_int("T", T, 0, sys.maxsize)
    check_int("N", N, 0, sys.maxsize)
    check_int("max_bins", max_bins, 1, sys.maxsize)
    n_bins = T * N
    if n_bins > max_bins:
        raise ValueError(f"T x N must be at most max_bins, {max_bins}, not {T} x {N}")


def raster_of(
    times: NDArray[np.int64],
    neurons: NDArray[np.int64],
    T: int,  # noqa: N803
    N: int,  # noqa: N803
    max_bins: int = MAX_BINS,
) -> NDArray[np.int8]:
    """Return the raster of events that came from outside.

    Parameters
    ----------
    times, neurons : NDArray of int64, shape (events,)
        Step and channel of each event, in any order.
    T, N : int
        Steps and channels of the raster.
    max_bins : int, default 2**32
        Most bins (steps x channels), each a byte of the result.

    Raises
    ------
    CodecError
        An event is outside the raster, or comes twice.
    ValueError
        `T` or `N` is negative, no integer, or makes a raster of more than `max_bins`.
    """
    check_shape(T, N, max_bins)
    for name, values, count in (("step", times, T), ("neuron", neurons, N)):
        outside = (values < 0) | (values >= count)
        if outside.any():
            at = int(np.argmax(outside))
            raise CodecError(f"event {at} has {name} {values[at]}; the raster has {name}s 0..{count - 1}")
    raster = np.zeros((T, N), dtype=np.int8)
    raster[times, neurons] = 1
    if np.count_nonzero(raster) != times.size:
        repeated = times.size - np.count_nonzero(raster)
        raise CodecError(f"{repeated} events repeat an earlier one; a bin of a raster holds a single spike")
    return raster
