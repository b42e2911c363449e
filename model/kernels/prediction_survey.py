"""What the hardware's predictor would do with a raster, without coding it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import predictor
from model.kernels.jit import kernel
from model.kernels.predictor import Predictor


@kernel
def count_errors(
    raster: NDArray[np.int8],
    alpha_q8: int,
    sharpness: int,
    seed: int,
    keyframe_steps: int,
    state: Predictor,
    errors: NDArray[np.int8],
) -> tuple[int, int]:
    """Predict all bins, starting anew every `keyframe_steps` steps.

    Parameters
    ----------
    state, errors
        Memory for a row: `predictor.new(channels)`, and an array as long.

    Returns
    -------
    wrong : int
        Bins predicted wrongly.
    expected : int
        Bins in which a spike was expected.
    """
    wrong, expected = 0, 0
    for step in range(raster.shape[0]):
        if step % keyframe_steps == 0:
            predictor.reset(state, seed)
        row = raster[step]
        predictor.encode_row(state, alpha_q8, sharpness, row, errors)
        for channel in range(row.size):
            wrong += errors[channel]
            expected += errors[channel] ^ row[channel]
    return wrong, expected
