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
CODES_A_SAMPLE_MAX = 32
"""Snippets that overlap have at most so many codes for each sample of their group; those of 48 samples never have more,
as no channel has two spikes at neighbouring samples. Codes may take no bytes: it bounds a decoder's memory."""
MAIN = 1 << REACH
"""The bit of a mask that is always set."""
MASK_MAX = (1 << WIDTH) - 1


@dataclass(frozen=True)
class Snippets:
    """Spikes' waveforms, quantised.

    Attributes
    ----------
    level : int
        Of the quantiser's step.
    choices, gains : NDArray of int64, shape (n,)
        The template of each spike, 0 for none, and its gain.
    codes : NDArray of int32
        What is left, in steps.
    """

    level: int
    choices: NDArray[np.int64]
    gains: NDArray[np.int64]
    codes: NDArray[np.int32]

    @property
    def learnt(self) -> int:
        """Spikes that became templates."""
        return int(np.count_nonzero(self.choices == 0))

    def payload(self, events: Events) -> bytes:
        """Return what `decode_snippets` decodes; nothing where there is no spike."""
        if self.choices.size == 0:
            return b""
        lists: list[ArrayLike] = [[self.level], events.masks ^ MAIN, self.choices, self.gains - (1 << GAIN_BITS)]
        return b"".join(map(encoded_list, lists)) + encode_codes(self.codes)

    def add_to(self, waveform: NDArray[np.int32], events: Events, max_templates: int) -> None:
        """Add the snippets, as they are decoded, to a waveform of shape (steps, channels)."""
        templates = no_templates(max_templates, events.samples)
        snippet_coder.decode(events, self.choices, self.gains, self.codes, step_size(self.level), templates, waveform)


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

    Raises
    ------
    ValueError
        The snippets overlap too much.
    """
    # What an attempt decodes to: memory for one at a time, as that is as much as the samples take.
    waveform = np.zeros_like(target)
    if events.steps.size == 0:
        none = np.empty(0, dtype=np.int64)
        return Snippets(0, none, none, none.astype(np.int32))
    energy = snippet_coder.band_energy(events, target, waveform, taps, (ENERGY_SIGMA * noise) ** 2)
    allowed = energy / 10 ** ((snr_db + MARGIN_DB) / 10)
    n_codes = snippet_coder.count_levels(events, *target.shape)
    if n_codes > CODES_A_SAMPLE_MAX * target.size:
        raise ValueError(
            f"snippet_samples must be less than {events.samples} for spikes as dense as these: "
            f"at most {CODES_A_SAMPLE_MAX} snippets may overlap on average"
        )

    def attempt(level: int) -> tuple[Snippets, bool]:
        """Return what the steps of a level give, and whether the energy of its errors is allowed."""
        snippets = _quantised(events, target, max_templates, level, n_codes, waveform)
        return snippets, snippet_coder.band_energy(events, target, waveform, taps, math.inf) <= allowed

    level = level_below(math.sqrt(12 * allowed / (n_codes * float(np.square(taps).sum()))))
    snippets, fits = attempt(level)
    while fits and level + COARSER <= LEVEL_MAX and snippets.codes.any():
        level += COARSER
        coarser, coarser_fits = attempt(level)
        if not coarser_fits:
            break
        snippets = coarser
    while not fits and level > 0:
        level = max(0, level - FINER)
        snippets, fits = attempt(level)
    return snippets


def _quantised(
    events: Events, target: NDArray[np.int32], max_templates: int, level: int, n_codes: int, waveform: NDArray[np.int32]
) -> Snippets:
    """Return snippets quantised by the steps of a level; `waveform` becomes what they are decoded to."""
    n_events = events.steps.size
    waveform[:] = 0
    snippets = Snippets(
        level,
        np.empty(n_events, dtype=np.int64),
        np.empty(n_events, dtype=np.int64),
        np.empty(n_codes, dtype=np.int32),
    )
    snippet_coder.encode(
        events,
        target,
        step_size(level),
        no_templates(max_templates, events.samples),
        waveform,
        snippets.choices,
        snippets.gains,
        snippets.codes,
    )
    return snippets


def decode_snippets(
    payload: NDArray[np.uint8], events: Events, max_templates: int, waveform: NDArray[np.int32]
) -> None:
    """Add the waveform of spikes to another one.

    Parameters
    ----------
    payload : NDArray of uint8
        What `encode_snippets` made.
    events : Events
        Where the spikes are; `masks` are filled in.
    max_templates : int
        As it was encoded.
    waveform : NDArray of int32, shape (steps, channels)
        What is added to.

    Raises
    ------
    CodecError
        The payload is not one of such spikes.
    """
    n_events = events.steps.size
    if n_events == 0:
        if payload.size:
            raise CodecError("waveform payload has snippets of no spike")
        return
    lists = NumberLists(payload)
    (level,) = lists.take("snippet step", 1, 0, LEVEL_MAX).tolist()
    events.masks[:] = lists.take("masks", n_events, 0, MASK_MAX) ^ MAIN
    choices = lists.take("templates", n_events, 0, max_templates)
    unity = 1 << GAIN_BITS
    gains = lists.take("gains", n_events, -unity, GAIN_MAX - unity) + unity
    n_codes = snippet_coder.count_levels(events, *waveform.shape)
    # The encoder has no sample in the masks of two spikes as their trough.
    seen = sum(int(np.count_nonzero(events.masks >> place & 1)) for place in range(WIDTH))
    if n_codes <= 0 or seen > waveform.size or np.any(events.masks & MAIN == 0):
        raise CodecError("waveform payload has a snippet on no channel, or on one that there is not")
    if n_codes > CODES_A_SAMPLE_MAX * waveform.size:
        raise CodecError("waveform payload has more of snippets than there may be")
    codes = decode_codes(payload[lists.at :], n_codes)
    Snippets(level, choices, gains, codes).add_to(waveform, events, max_templates)
