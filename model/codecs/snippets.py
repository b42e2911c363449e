"""The waveforms of a group's spikes over a chunk of time, as templates and what is left of each spike.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.number_lists import NumberLists, encoded_list
from model.codecs.step_sizes import LEVEL_MAX, level_below, step_size
from model.codecs.waveform_group import decode_codes, encode_codes
from model.errors import CodecError
from model.kernels import snippet_coder
from model.kernels.snippet_coder import GAIN_BITS, GAIN_MAX, REACH, WIDTH, Events, no_templates

MARGIN_DB = 1.0
"""By so much the snippets are better than asked for: the spikes' band is measured a little differently here."""
ENERGY_SIGMA = 100.0
"""No snippet has more say in that, on a channel, than one whose energy is the square of so many times the noise."""
COARSER, FINER = 4, 2
"""Levels by which the quantiser's step is changed to look for one that fits."""
MAIN = 1 << REACH
"""The bit of a mask that is always set."""
MASK_MAX = (1 << WIDTH) - 1


@dataclass(frozen=True)
class Snippets:
    """Spikes' waveforms, encoded.

    Attributes
    ----------
    payload : bytes
        What `decode_snippets` decodes.
    waveform : NDArray of int32, shape (steps, channels)
        What it decodes it to.
    n_templates : int
        Templates that were learnt.
    """

    payload: bytes
    waveform: NDArray[np.int32]
    n_templates: int


@dataclass(frozen=True)
class _Attempt:
    """Spikes quantised by the steps of one level."""

    level: int
    waveform: NDArray[np.int32]
    choices: NDArray[np.int64]
    gains: NDArray[np.int64]
    codes: NDArray[np.int32]


def encode_snippets(
    events: Events,
    target: NDArray[np.int32],
    max_templates: int,
    snr_db: float,
    noise: float,
    taps: NDArray[np.float32],
) -> Snippets:
    """Encode the waveforms of spikes as coarsely as a signal-to-error ratio allows.

    Parameters
    ----------
    events : Events
        Where the spikes are.
    target : NDArray of int32, shape (steps, channels)
        The waveform without its slow part.
    max_templates : int
        Most templates at a time.
    snr_db : float
        Energy of the snippets over that of their errors, at least, in the spikes' band.
    noise : float
        Of a usual channel, in that band.
    taps : NDArray of float32
        The low-pass filter that makes that band.
    """
    nothing = np.zeros_like(target)
    if events.steps.size == 0:
        return Snippets(b"", nothing, 0)
    energy = snippet_coder.band_energy(events, target, nothing, taps, (ENERGY_SIGMA * noise) ** 2)
    allowed = energy / 10 ** ((snr_db + MARGIN_DB) / 10)
    attempt = _coarsest(events, target, max_templates, allowed, taps)
    lists: list[ArrayLike] = [[attempt.level], events.masks ^ MAIN, attempt.choices, attempt.gains - (1 << GAIN_BITS)]
    payload = b"".join(map(encoded_list, lists)) + encode_codes(attempt.codes)
    learnt = min(int(np.count_nonzero(attempt.choices == 0)), max_templates)
    return Snippets(payload, attempt.waveform, learnt)


def _coarsest(
    events: Events, target: NDArray[np.int32], max_templates: int, allowed: float, taps: NDArray[np.float32]
) -> _Attempt:
    """Return the attempt of the largest steps that were tried whose errors' energy is at most `allowed`."""
    n_codes = snippet_coder.count_levels(events, *target.shape)
    white = math.sqrt(12 * allowed / (n_codes * float(np.square(taps).sum())))
    level = level_below(white)
    attempt = _attempt(events, target, max_templates, level, n_codes)
    if _error(events, target, attempt, taps) <= allowed:
        while level + COARSER <= LEVEL_MAX and attempt.codes.any():
            level += COARSER
            coarser = _attempt(events, target, max_templates, level, n_codes)
            if _error(events, target, coarser, taps) > allowed:
                break
            attempt = coarser
        return attempt
    while level > 0 and _error(events, target, attempt, taps) > allowed:
        level = max(0, level - FINER)
        attempt = _attempt(events, target, max_templates, level, n_codes)
    return attempt


def _attempt(events: Events, target: NDArray[np.int32], max_templates: int, level: int, n_codes: int) -> _Attempt:
    n_events = events.steps.size
    attempt = _Attempt(
        level,
        np.zeros_like(target),
        np.empty(n_events, dtype=np.int64),
        np.empty(n_events, dtype=np.int64),
        np.empty(n_codes, dtype=np.int32),
    )
    snippet_coder.encode(
        events,
        target,
        step_size(level),
        no_templates(max_templates, events.samples),
        attempt.waveform,
        attempt.choices,
        attempt.gains,
        attempt.codes,
    )
    return attempt


def _error(events: Events, target: NDArray[np.int32], attempt: _Attempt, taps: NDArray[np.float32]) -> float:
    return snippet_coder.band_energy(events, target, attempt.waveform, taps, math.inf)


def decode_snippets(
    payload: NDArray[np.uint8], events: Events, max_templates: int, shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return the waveform of spikes alone, shape (steps, channels).

    Parameters
    ----------
    payload : NDArray of uint8
        What `encode_snippets` made.
    events : Events
        Where the spikes are; `masks` are filled in.
    max_templates : int
        As it was encoded.
    shape : (int, int)
        Steps and channels.

    Raises
    ------
    CodecError
        The payload is not one of such spikes.
    """
    n_events = events.steps.size
    waveform = np.zeros(shape, dtype=np.int32)
    if n_events == 0:
        if payload.size:
            raise CodecError("waveform payload has snippets of no spike")
        return waveform
    lists = NumberLists(payload)
    (level,) = lists.take("snippet step", 1, 0, LEVEL_MAX).tolist()
    events.masks[:] = lists.take("masks", n_events, 0, MASK_MAX) ^ MAIN
    choices = lists.take("templates", n_events, 0, max_templates)
    unity = 1 << GAIN_BITS
    gains = lists.take("gains", n_events, -unity, GAIN_MAX - unity) + unity
    n_codes = snippet_coder.count_levels(events, *shape)
    # The encoder has no sample in the masks of two spikes as their trough.
    seen = sum(int(np.count_nonzero(events.masks >> place & 1)) for place in range(WIDTH))
    if n_codes <= 0 or seen > waveform.size or np.any(events.masks & MAIN == 0):
        raise CodecError("waveform payload has a snippet on no channel, or on one that there is not")
    codes = decode_codes(payload[lists.at :], n_codes)
    templates = no_templates(max_templates, events.samples)
    snippet_coder.decode(events, choices, gains, codes, step_size(level), templates, waveform)
    return waveform
