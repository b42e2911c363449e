"""SpikeDecoder: packets to a raster, each packet judged before memory for the raster is taken."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.golden.depacketizer import Depacketizer
from model.kernels import depacketizer, isi_decoder, outcome, predictor, rice_parameter, spike_check
from model.kernels.bit_unpacker import SLACK_BYTES
from model.kernels.copy import copy
from model.kernels.crc32c import as_array, crc32c
from model.kernels.depacketizer import Packet
from model.kernels.format import Format
from model.kernels.jit import kernel, part
from model.kernels.predictor import Predictor
from model.kernels.rice_parameter import RiceParameter

TRUSTED_BINS = 1 << 26
TRUSTED_BINS_A_BYTE = 4096
"""A raster of more bins than these, in all and for each byte of its stream, gets its memory only after all checks."""

VALID = 0
INVALID_PACKET = 1
NO_KEYFRAME = 2
WRONG_SEQUENCE = 3
WRONG_STEP = 4
LONG_EPOCH = 5
OTHER_CHANNELS = 6

SENTENCES = {
    NO_KEYFRAME: "packet cannot be decoded before a keyframe",
    WRONG_SEQUENCE: "packet {found} comes where packet {due} is due",
    WRONG_STEP: "packet starts at step {found} where step {due} is due",
    LONG_EPOCH: "packet has {found} steps in an epoch of {due}",
    OTHER_CHANNELS: "recording changes from {due} to {found} channels",
}


class Workspace(NamedTuple):
    """Memory of the decoder: its predictor, the errors of a row (all zeros between rows), its spikes."""

    predictor: Predictor
    check_weights: NDArray[np.int32]
    errors: NDArray[np.int8]
    spikes: NDArray[np.int8]


class Survey(NamedTuple):
    """What the packets of a recording are, but for their payloads.

    Attributes
    ----------
    verdict : int
        `VALID`, or what is wrong with packet number `packet`.
    found, due : int
        The value that is wrong and the one in its place, where `verdict` is about one.
    steps, channels : int
        Shape of the raster.
    """

    verdict: int
    packet: int
    found: int
    due: int
    steps: int
    channels: int


def new_workspace(channels: int) -> Workspace:
    """Return the memory to decode packets of `channels` channels."""
    errors, spikes = np.zeros(channels, dtype=np.int8), np.empty(channels, dtype=np.int8)
    return Workspace(predictor.new(channels), spike_check.weights(), errors, spikes)


@kernel
def _survey(data: NDArray[np.uint8], bounds: NDArray[np.int64]) -> Survey:
    sequence, step_index, steps, channels, epoch_steps = 0, 0, 0, 0, 0
    for index in range(bounds.shape[0]):
        start, end = bounds[index, 0], bounds[index, 1]
        if not depacketizer.is_valid(data, start, end):
            return Survey(INVALID_PACKET, index, 0, 0, steps, channels)
        packet = depacketizer.read(data, start, end)
        if index == 0:
            sequence, step_index = packet.sequence, packet.step_index
        if packet.sequence != sequence:
            return Survey(WRONG_SEQUENCE, index, packet.sequence, sequence, steps, channels)
        if packet.step_index != step_index:
            return Survey(WRONG_STEP, index, packet.step_index, step_index, steps, channels)
        if packet.keyframe:
            format = depacketizer.read_format(data, start)
            if channels not in (0, format.channels):
                return Survey(OTHER_CHANNELS, index, format.channels, channels, steps, channels)
            channels, epoch_steps = format.channels, format.epoch_steps
        elif index == 0:
            return Survey(NO_KEYFRAME, index, 0, 0, steps, channels)
        if packet.steps > epoch_steps:
            return Survey(LONG_EPOCH, index, packet.steps, epoch_steps, steps, channels)
        sequence, step_index = (sequence + 1) & 0xFFFF, (step_index + packet.steps) & 0xFFFFFFFF
        steps += packet.steps
    return Survey(VALID, bounds.shape[0], 0, 0, steps, channels)


@part
def _decode_payload(
    format: Format,
    packet: Packet,
    workspace: Workspace,
    parameter: RiceParameter,
    data: NDArray[np.uint8],
    raster: NDArray[np.int8],
    keep: bool,
) -> tuple[RiceParameter, int]:
    """Decode, and if told to `keep` the rows store those with spikes in `raster`: silent ones take no memory."""
    bins = packet.steps * format.channels
    state, check_weights, errors, spikes = workspace
    check = 0
    decoder = isi_decoder.start(format.coder, parameter, data, packet.payload_start, packet.payload_end, bins)
    for step in range(packet.steps):
        any_error = any_spike = decoder.error < (step + 1) * format.channels
        decoder = isi_decoder.decode_row(decoder, format.coder, data, bins, step * format.channels, errors)
        if decoder.error < 0:
            errors[:] = 0
            break
        row = errors
        if format.alpha_q8 > 0:
            any_spike = predictor.decode_row(state, format.alpha_q8, format.sharpness, errors, spikes)
            row = spikes
        if any_spike:
            check ^= spike_check.of_row(row, bins - step * format.channels, check_weights)
            if keep:
                copy(row, raster[step])
        if any_error:
            errors[:] = 0
    if decoder.error >= 0 and check != packet.check:
        return decoder.parameter, outcome.MISMATCH
    return decoder.parameter, decoder.error


@part
def decode_packet(
    format: Format,
    packet: Packet,
    workspace: Workspace,
    parameter: RiceParameter,
    data: NDArray[np.uint8],
    raster: NDArray[np.int8],
    keep: bool,
) -> tuple[RiceParameter, int]:
    """Decode a packet that is due; if told to `keep` its rows, into `raster`, all zeros so far.

    Returns
    -------
    parameter : RiceParameter
        For the packet that follows.
    outcome : int
        Negative if the packet is not valid: one of `model.kernels.outcome`.
    """
    if packet.keyframe:
        predictor.reset(workspace.predictor, format.seed)
        parameter = rice_parameter.reset()
    else:
        parameter = rice_parameter.start_epoch(parameter)
    return _decode_payload(format, packet, workspace, parameter, data, raster, keep)


@kernel
def _decode_packets(
    data: NDArray[np.uint8], bounds: NDArray[np.int64], workspace: Workspace, raster: NDArray[np.int8], keep: bool
) -> tuple[int, int]:
    """Decode every packet, to `raster` if told to `keep`; return how many were valid, and what the next one was."""
    format = depacketizer.read_format(data, bounds[0, 0])
    parameter = rice_parameter.reset()
    step = 0
    for index in range(bounds.shape[0]):
        packet = depacketizer.read(data, bounds[index, 0], bounds[index, 1])
        if packet.keyframe:
            format = depacketizer.read_format(data, bounds[index, 0])
        rows = raster[step : step + packet.steps]
        parameter, error = decode_packet(format, packet, workspace, parameter, data, rows, keep)
        if error < 0:
            return index, error
        step += packet.steps
    return bounds.shape[0], outcome.END


def decode(data: bytes, bounds: NDArray[np.int64], max_bins: int) -> NDArray[np.int8]:
    """Return the raster of the packets that lie in `data`.

    Parameters
    ----------
    data : bytes
        Holds the packets.
    bounds : NDArray, shape (packets, 2)
        Start and end of each packet.
    max_bins : int
        Most bins to take memory for.

    Raises
    ------
    CodecError
        A packet cannot be decoded, is missing or out of order, the number of channels changes, or there are too many
        bins, or no packets, or not enough memory.
    """
    if len(bounds) == 0:
        raise CodecError("stream holds no packets")
    buffer = as_array(data, bytes(SLACK_BYTES))
    survey = _survey(buffer, bounds)
    if survey.verdict != VALID:
        start, end = bounds[survey.packet]
        raise _survey_error(survey, data[start:end])
    if survey.steps * survey.channels > max_bins:
        raise CodecError(f"stream holds {survey.steps} x {survey.channels} bins; max_bins allows {max_bins}")
    if survey.steps * survey.channels > max(TRUSTED_BINS, TRUSTED_BINS_A_BYTE * len(data)):
        _decode_into(np.empty((0, survey.channels), dtype=np.int8), buffer, bounds, keep=False)
    try:
        raster = np.zeros((survey.steps, survey.channels), dtype=np.int8)
    except MemoryError:
        raise CodecError(f"stream holds {survey.steps} x {survey.channels} bins, too many for this memory") from None
    _decode_into(raster, buffer, bounds, keep=True)
    return raster


def _decode_into(raster: NDArray[np.int8], data: NDArray[np.uint8], bounds: NDArray[np.int64], keep: bool) -> None:
    packet, error = _decode_packets(data, bounds, new_workspace(raster.shape[1]), raster, keep)
    if error != outcome.END:
        raise _error(outcome.SENTENCES[error], packet)


def _survey_error(survey: Survey, packet: bytes) -> CodecError:
    sentence = SENTENCES.get(survey.verdict, "").format(**survey._asdict())
    if survey.verdict == INVALID_PACKET:
        # The sentences about a packet's fields have one source, the golden model.
        try:
            Depacketizer(crc32c).packet(packet)
        except CodecError as error:
            sentence = str(error)
    return _error(sentence, survey.packet)


def _error(sentence: str, packet: int) -> CodecError:
    return CodecError(f"{sentence} (packet number {packet} of the stream, from 0)")
