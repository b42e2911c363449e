"""Hypothesis strategies: rasters, settings."""

import numpy as np
from hypothesis import strategies as st

from model import Settings
from model.golden.settings import CODER_IDS

DENSITIES = [0.0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 1.0]

all_settings = st.builds(
    Settings,
    alpha_q8=st.sampled_from([0, 1, 3, 64, 256]) | st.integers(0, 256),
    sharpness=st.integers(0, 15),
    seed=st.integers(0, 0xFFFF),
    coder=st.sampled_from(sorted(CODER_IDS)),
    epoch_steps=st.integers(1, 20) | st.just(0xFFFF),
    keyframe_interval=st.integers(1, 6) | st.just(0xFFFF),
)


@st.composite
def rasters(draw: st.DrawFn, max_steps: int = 60, max_channels: int = 70) -> np.ndarray:
    """0/1 rasters of many shapes and densities, with silent and with full channels and steps among them."""
    shape = draw(st.integers(1, max_steps)), draw(st.integers(1, max_channels))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    by_step = rng.choice(draw(st.lists(st.sampled_from(DENSITIES), min_size=1, max_size=3)), (shape[0], 1))
    by_channel = rng.choice(draw(st.lists(st.sampled_from(DENSITIES), min_size=1, max_size=3)), (1, shape[1]))
    return (rng.random(shape) < np.sqrt(by_step * by_channel)).astype(np.int8)
