"""Spikes' snippets, closed loop: predicted from templates that are learnt from what was decoded, then quantised.

Waveforms are of shape (steps, channels). A spike is coded on the channels of its mask, bit `REACH` of which is the
channel where it is deepest. Everything that the decoder repeats is integer arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel, part
from model.kernels.wide import wide

REACH = 3
"""Channels on either side of the deepest."""
WIDTH = 2 * REACH + 1
GAIN_BITS = 5
"""A gain of 1 is `1 << GAIN_BITS`."""
GAIN_MAX = 127
LEARN_GAIN_MIN = 8
"""A template learns nothing from spikes of a smaller gain."""
LEARN_SHIFT_MAX = 3
"""It moves by an eighth of the difference, by more at first."""
ROUNDING_PARTS = 12
ROUNDING = 5
"""Quantising rounds up from 7 of 12 parts of a step on: zeros are cheap."""
EXPLAINED = 0.5
"""A template that leaves more of a spike than this share of its energy is none of it; it becomes a new one."""


class Events(NamedTuple):
    """Where snippets are, in order of time, then of channel.

    Attributes
    ----------
    steps, channels : NDArray of int64, shape (n,)
        The trough of each.
    masks : NDArray of int64, shape (n,)
        The channels it is coded on.
    before, samples : int
        Steps of a snippet before its trough, and in all; fewer at the ends of the waveform.
    """

    steps: NDArray[np.int64]
    channels: NDArray[np.int64]
    masks: NDArray[np.int64]
    before: int
    samples: int


class Templates(NamedTuple):
    """What is learnt so far.

    Attributes
    ----------
    shapes : NDArray of int64, shape (n, WIDTH, samples)
        Each template's waveform.
    uses : NDArray of int64, shape (n,)
        How many spikes each was made of; 0 for one that is free.
    used_last : NDArray of int64, shape (n,)
        The last of these.
    """

    shapes: NDArray[np.int64]
    uses: NDArray[np.int64]
    used_last: NDArray[np.int64]


def no_templates(count: int, samples: int) -> Templates:
    """Return so many templates that are free."""
    return Templates(
        np.zeros((count, WIDTH, samples), dtype=np.int64), np.zeros(count, np.int64), np.full(count, -1, np.int64)
    )


@part
def _window(events: Events, event: int, steps: int) -> tuple[int, int, int]:
    """Return the first sample, the one after the last, and where the snippet starts, if only outside."""
    start = events.steps[event] - events.before
    return max(start, 0), min(start + events.samples, steps), start


@part
def _predicted(templates: Templates, choice: int, place: int, sample: int, gain: int) -> int:
    if choice == 0:
        return 0
    predicted: int = templates.shapes[choice - 1, place, sample] * gain + (1 << GAIN_BITS - 1) >> GAIN_BITS
    return predicted


@part
def _oldest(templates: Templates) -> int:
    oldest = 0
    for index in range(templates.used_last.size):
        if templates.used_last[index] < templates.used_last[oldest]:
            oldest = index
    return oldest


@part
def _learn(templates: Templates, event: int, choice: int, mask: int, gain: int, snippet: NDArray[np.int64]) -> None:
    """Make a template of a decoded snippet, or move one towards it."""
    if choice == 0:
        new = _oldest(templates)
        templates.shapes[new] = snippet
        templates.uses[new] = 1
        templates.used_last[new] = event
        return
    used = choice - 1
    templates.used_last[used] = event
    if gain < LEARN_GAIN_MIN:
        return
    shift = min(templates.uses[used], LEARN_SHIFT_MAX)
    templates.uses[used] += 1
    for place in range(WIDTH):
        if mask >> place & 1:
            for sample in range(snippet.shape[1]):
                seen = (snippet[place, sample] << GAIN_BITS) // gain
                templates.shapes[used, place, sample] += seen - templates.shapes[used, place, sample] >> shift


@kernel
def decode(
    events: Events,
    choices: NDArray[np.int64],
    gains: NDArray[np.int64],
    levels: NDArray[np.int32],
    step_size: int,
    templates: Templates,
    waveform: NDArray[np.int32],
) -> None:
    """Add snippets to a waveform.

    Parameters
    ----------
    events : Events
        Where.
    choices : NDArray, shape (n,)
        0 for a spike that is a template of its own from now on, or one more than the index of the template that
        predicts it.
    gains : NDArray, shape (n,)
        Of the template.
    levels : NDArray
        Of what is left, in units of `step_size`: for each event and each channel, in order, all samples.
    step_size : int
        Of the quantiser.
    templates : Templates
        All free.
    waveform : NDArray, shape (steps, channels)
        What is added to.
    """
    at = 0
    snippet = np.empty((WIDTH, events.samples), dtype=np.int64)
    for event in range(events.steps.size):
        first, end, start = _window(events, event, len(waveform))
        choice, gain, mask = choices[event], gains[event], events.masks[event]
        snippet[:] = 0
        for place in range(WIDTH):
            if mask >> place & 1:
                channel = events.channels[event] + place - REACH
                for step in range(first, end):
                    value = _predicted(templates, choice, place, step - start, gain) + wide(levels[at]) * step_size
                    snippet[place, step - start] = value
                    waveform[step, channel] += value
                    at += 1
        _learn(templates, event, choice, mask, gain, snippet)


@kernel
def encode(
    events: Events,
    target: NDArray[np.int32],
    step_size: int,
    templates: Templates,
    waveform: NDArray[np.int32],
    choices: NDArray[np.int64],
    gains: NDArray[np.int64],
    levels: NDArray[np.int32],
) -> None:
    """Store what `decode` takes, and the waveform that it makes of it, to be as near to a target as `step_size` allows.

    `target` and `waveform` are of shape (steps, channels); `waveform` is 0.
    """
    at = 0
    snippet = np.empty((WIDTH, events.samples), dtype=np.int64)
    for event in range(events.steps.size):
        first, end, start = _window(events, event, len(target))
        mask = events.masks[event]
        choice, gain = _choose(events, event, target, waveform, templates)
        choices[event], gains[event] = choice, gain
        snippet[:] = 0
        for place in range(WIDTH):
            if mask >> place & 1:
                channel = events.channels[event] + place - REACH
                for step in range(first, end):
                    predicted = _predicted(templates, choice, place, step - start, gain)
                    level = _quantised(wide(target[step, channel]) - waveform[step, channel] - predicted, step_size)
                    levels[at] = level
                    value = predicted + level * step_size
                    snippet[place, step - start] = value
                    waveform[step, channel] += value
                    at += 1
        _learn(templates, event, choice, mask, gain, snippet)


@part
def _quantised(value: int, step_size: int) -> int:
    size = (abs(value) * ROUNDING_PARTS + ROUNDING * step_size) // (ROUNDING_PARTS * step_size)
    return size if value >= 0 else -size


@part
def _choose(
    events: Events, event: int, target: NDArray[np.int32], waveform: NDArray[np.int32], templates: Templates
) -> tuple[int, int]:
    """Return the template that leaves least, plus one, and its gain; 0 and a gain of 1 where all leave too much."""
    first, end, start = _window(events, event, len(target))
    mask = events.masks[event]
    energy = 0.0
    products, energies = np.zeros((2, templates.uses.size))
    for place in range(WIDTH):
        if mask >> place & 1:
            channel = events.channels[event] + place - REACH
            for step in range(first, end):
                value = float(target[step, channel] - waveform[step, channel])
                energy += value * value
                for index in range(templates.uses.size):
                    shape = float(templates.shapes[index, place, step - start])
                    products[index] += value * shape
                    energies[index] += shape * shape
    best, best_gain, least = 0, 1 << GAIN_BITS, EXPLAINED * energy
    for index in range(templates.uses.size):
        if products[index] <= 0:
            continue
        units = min(round(products[index] / energies[index] * (1 << GAIN_BITS)), GAIN_MAX)
        gain = units / (1 << GAIN_BITS)
        left = energy - 2 * gain * products[index] + gain * gain * energies[index]
        if left < least:
            best, best_gain, least = index + 1, units, left
    return best, best_gain


@kernel
def count_levels(events: Events, steps: int, channels: int) -> int:
    """Return how many levels snippets have; -1 where one is on a channel that there is not."""
    total = 0
    for event in range(events.steps.size):
        first, end, _ = _window(events, event, steps)
        for place in range(WIDTH):
            if events.masks[event] >> place & 1:
                channel = events.channels[event] + place - REACH
                if channel < 0 or channel >= channels:
                    return -1
                total += end - first
    return total


@kernel
def band_energy(
    events: Events, samples: NDArray[np.int32], decoded: NDArray[np.int32], taps: NDArray[np.float32], most: float
) -> float:
    """Return the energy of what `decoded` lacks of samples, smoothed, in all snippets.

    More than `most` in one, on one channel, counts as that. Waveforms are of shape (steps, channels), `taps` symmetric
    and odd in number.
    """
    steps = len(samples)
    reach = taps.size // 2
    total = 0.0
    for event in range(events.steps.size):
        first, end, _ = _window(events, event, steps)
        for place in range(WIDTH):
            if events.masks[event] >> place & 1:
                channel = events.channels[event] + place - REACH
                energy = 0.0
                for step in range(first, end):
                    value = 0.0
                    for index in range(taps.size):
                        near = min(max(step + index - reach, 0), steps - 1)
                        value += taps[index] * (samples[near, channel] - decoded[near, channel])
                    energy += value * value
                total += min(energy, most)
    return total
