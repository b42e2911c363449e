"""SpikeEncoder: a raster to packets, in pieces of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.bounds import packet_bytes_max
from model.golden.settings import Settings
from model.kernels import bit_packer, gap_counter, isi_encoder, packetizer, predictor, rice_parameter, spike_check
from model.kernels.copy import copy
from model.kernels.format import Format, from_settings
from model.kernels.gap_counter import WORD
from model.kernels.jit import kernel, part
from model.kernels.predictor import Predictor
from model.kernels.rice_parameter import RiceParameter

PIECE_BYTES = 1 << 22
"""Packets are handed out together up to this size; a single larger one is handed out alone."""
PIECE_PACKETS = 1 << 16
"""Most packets that are handed out together."""


class Progress(NamedTuple):
    """What lasts from one packet to the next besides the predictor."""

    step: int
    packets: int
    parameter: RiceParameter


class Workspace(NamedTuple):
    """Memory of the encoder: its predictor, the errors of a row (as `row` and as `words`), the gaps between them."""

    predictor: Predictor
    check_weights: NDArray[np.int32]
    row: NDArray[np.int8]
    words: NDArray[np.int64]
    gaps: NDArray[np.int64]


def _workspace(channels: int) -> Workspace:
    row = np.zeros(-(-channels // WORD) * WORD, dtype=np.int8)
    gaps = np.empty(row.size + 1, dtype=np.int64)
    return Workspace(predictor.new(channels), spike_check.weights(), row, row.view(np.int64), gaps)


@part
def _encode_payload(
    format: Format,
    workspace: Workspace,
    parameter: RiceParameter,
    raster: NDArray[np.int8],
    out: NDArray[np.uint8],
    at: int,
) -> tuple[RiceParameter, int, int]:
    """Store the payload of an epoch; return where it ends, and the check of its spikes."""
    check = 0
    packer = bit_packer.start(at)
    errors = workspace.row[: format.channels]
    gap = gap_counter.start_epoch()
    for step in range(raster.shape[0]):
        if format.alpha_q8 > 0:
            predictor.encode_row(workspace.predictor, format.alpha_q8, format.sharpness, raster[step], errors)
        else:
            copy(raster[step], errors)
        check ^= spike_check.of_row(raster[step], raster[step:].size, workspace.check_weights)
        found, gap = gap_counter.find_gaps(workspace.row, workspace.words, format.channels, gap, workspace.gaps)
        parameter, packer = isi_encoder.encode_gaps(format.coder, parameter, packer, out, workspace.gaps, found)
    return parameter, bit_packer.finish(packer, out), check


@kernel
def _encode_piece(
    format: Format,
    workspace: Workspace,
    progress: Progress,
    raster: NDArray[np.int8],
    packet_bytes_max: int,
    out: NDArray[np.uint8],
    ends: NDArray[np.int64],
) -> tuple[Progress, int]:
    """Encode packets as long as another one surely fits; return how many, and store where each ends."""
    step, packets, parameter = progress
    at, found = 0, 0
    while step < raster.shape[0] and found < ends.size and at + packet_bytes_max <= out.size:
        keyframe = packets % format.keyframe_interval == 0
        if keyframe:
            predictor.reset(workspace.predictor, format.seed)
            parameter = rice_parameter.reset()
        else:
            parameter = rice_parameter.start_epoch(parameter)
        epoch = raster[step : step + format.epoch_steps]
        payload = packetizer.write_header(out, at, format, keyframe, packets, step)
        parameter, trailer, check = _encode_payload(format, workspace, parameter, epoch, out, payload)
        at = packetizer.write_trailer(out, at, trailer, epoch.shape[0], check)
        ends[found] = at
        found += 1
        packets += 1
        step += epoch.shape[0]
    return Progress(step, packets, parameter), found


def encode(raster: NDArray[np.int8], settings: Settings) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield the packets of a raster in pieces: packets that lie end to end, and where each ends.

    The arrays are used again for the next piece.
    """
    steps, channels = raster.shape
    format = from_settings(channels, settings)
    longest = packet_bytes_max(channels * min(steps, settings.epoch_steps), settings.coder)
    packets = -(-steps // settings.epoch_steps)
    out = np.empty(max(longest, min(PIECE_BYTES, packets * longest)), dtype=np.uint8)
    ends = np.empty(min(PIECE_PACKETS, packets), dtype=np.int64)
    workspace = _workspace(channels)
    progress = Progress(0, 0, RiceParameter(0, 0, 0))
    while progress.step < steps:
        progress, found = _encode_piece(format, workspace, progress, raster, longest, out, ends)
        yield out[: ends[found - 1]], ends[:found]
