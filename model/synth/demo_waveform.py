"""The published demonstration: white noise on many channels, with few spikes of three shapes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.synth.checks import check_counts

NOISE_RMS = 50
TEMPLATE_SAMPLES = 48
MARGIN = 100
"""No spike is nearer than this to either end."""
LEAST_STEPS = 2 * MARGIN + 4
"""Just long enough for the most spikes of a channel."""
TEMPLATE_RUNS = (
    ((18, 22, -250), (22, 26, 150), (26, 28, -40)),
    ((16, 22, -180), (22, 28, 120), (28, 32, -50), (32, 36, 20)),
    ((14, 18, 30), (18, 22, -220), (22, 26, 160), (26, 30, -80), (30, 34, 30)),
)
"""Each template as runs of one value: first sample, sample after the last, value."""


def demo_templates() -> NDArray[np.float64]:
    """Return the three spike shapes, shape (3, 48)."""
    templates = np.zeros((len(TEMPLATE_RUNS), TEMPLATE_SAMPLES))
    for template, runs in zip(templates, TEMPLATE_RUNS, strict=True):
        for start, stop, value in runs:
            template[start:stop] = value
    return templates


def demo_waveform(
    n_steps: int = 20_000, n_channels: int = 1024, seed: int = 42
) -> tuple[NDArray[np.float32], list[NDArray[np.int64]]]:
    """Return the published demonstration's recording, bit for bit with the default arguments.

    Parameters
    ----------
    n_steps : int
        Samples a channel, at 20 kHz; at least 204.
    n_channels : int
        1..4096.
    seed : int
        Seed of NumPy's legacy generator, 0..2**32 - 1.

    Returns
    -------
    waveform : NDArray of float32, shape (n_steps, n_channels)
        Noise of 50 rms with one to four spikes a channel.
    spike_samples : list of NDArray of int64
        For each channel the samples at which its spikes' templates are centred, in order.

    Raises
    ------
    ValueError
        An argument is out of range.
    """
    check_counts(n_steps, n_channels, seed)
    if n_steps < LEAST_STEPS:
        raise ValueError(f"n_steps must be at least {LEAST_STEPS}, not {n_steps}")
    rng = np.random.RandomState(seed)
    waveform = rng.randn(n_steps, n_channels).astype(np.float32) * NOISE_RMS
    templates = demo_templates()
    spike_samples = []
    for channel in range(n_channels):
        count = max(1, int(rng.uniform(0.5, 5.0)))
        template = templates[channel % len(templates)] * rng.uniform(0.7, 1.3)
        times = rng.choice(range(MARGIN, n_steps - MARGIN), count, replace=False)
        for time in times:
            waveform[time - TEMPLATE_SAMPLES // 2 : time + TEMPLATE_SAMPLES // 2, channel] += template
        spike_samples.append(np.sort(times).astype(np.int64))
    return waveform, spike_samples
