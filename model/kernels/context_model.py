"""ContextModel: how likely each channel is to spike next, recomputed only where a context changes.

Between its own spikes and those of its sources a channel's context changes ever more rarely. A calendar says when, so
that the work is in proportion to the spikes and not to the bins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.golden import context_model
from model.golden.context_model import (
    FALL_MAX,
    GAIN_BITS,
    GAIN_MIN,
    GAIN_OF_ONE,
    HISTORY_SPIKES,
    INTERVAL_CLASSES_MAX,
    POOLED_SPIKES,
    RATE_SPIKES,
    RECENCY_BITS,
    RESIDUAL_BITS,
    RESIDUAL_MAX,
)
from model.golden.intensity import LOG_BITS
from model.golden.range_coder import PROBABILITY_BITS
from model.kernels import calendar, sum_tree
from model.kernels.bit_length import bit_length
from model.kernels.calendar import Calendar
from model.kernels.intensity import intensity_of, probability_of
from model.kernels.jit import part

RECENCIES = np.array(context_model.RECENCIES)
LAGS = np.array(context_model.LAGS)
RECENCY_SLOTS = 1 << 15
LAG_SLOTS = 1 << 10
"""Slots of the calendars: no context lasts longer before the next one but the last, which lasts for ever."""
NEVER = -1

VALUE, GAIN = range(2)
"""Columns of `cells`."""
RATE_TERM, RECENCY_TERM, HISTORY_TERM = range(3)
"""First columns of `context`; without a table of histories the couplings start at `HISTORY_TERM`."""
SINCE, LAST_SPIKE, PROBABILITY, RECENCY, INTERVAL_CLASS, LAG, TERMS, FIRST_CELL = range(8)
"""Columns of `state`: step from which on nothing has been learned yet, step of the last spike, what is expected of a
bin, classes of the context (`LAG` is that in which the channel is for its followers), terms in use, first own cell."""

_slower = part(context_model.slower)


class Channels(NamedTuple):
    """State of the channels, a row each: what is used together lies together.

    `context` holds the cells of the channel's context. `followers` lists for each channel, from `first_follower` on,
    those whose source it is, and which of their terms (`follower_terms`) it moves.
    """

    state: NDArray[np.int64]
    context: NDArray[np.int32]
    first_follower: NDArray[np.int64]
    followers: NDArray[np.int32]
    follower_terms: NDArray[np.int32]


class ContextModel(NamedTuple):
    """State of the model; the first of the `cells` are the pooled ones."""

    interval_classes: int
    cells: NDArray[np.int32]
    pooled_residual: NDArray[np.int64]
    pooled_spikes: NDArray[np.int64]
    channels: Channels
    intensities: NDArray[np.int64]
    recencies_due: Calendar
    lags_due: Calendar


def cells_of(context_bits: int, source_counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many cells each channel has, given how many sources each has."""
    histories = (1 << context_bits) if context_bits > RECENCY_BITS else 0
    return 1 + len(RECENCIES) + histories + len(LAGS) * source_counts


def new(context_bits: int, rate_log: int, source_counts: NDArray[np.int64], sources: NDArray[np.int64]) -> ContextModel:
    """Return the model at its first step.

    Parameters
    ----------
    context_bits, rate_log : int
        As for the golden model.
    source_counts : NDArray, shape (channels,)
        How many sources each channel has.
    sources : NDArray
        All sources, channel after channel.
    """
    n_channels, pooled = source_counts.size, len(RECENCIES)
    sizes = cells_of(context_bits, source_counts)
    first_cell = pooled + np.cumsum(sizes) - sizes
    cells = np.zeros((pooled + int(sizes.sum()), 2), dtype=np.int32)
    cells[:, GAIN] = GAIN_OF_ONE // HISTORY_SPIKES
    cells[:pooled, GAIN] = GAIN_OF_ONE // POOLED_SPIKES
    cells[first_cell] = rate_log, GAIN_OF_ONE // RATE_SPIKES
    return ContextModel(
        interval_classes=1 << context_bits - RECENCY_BITS,
        cells=cells,
        pooled_residual=np.zeros(pooled, dtype=np.int64),
        pooled_spikes=np.zeros(pooled, dtype=np.int64),
        channels=_new_channels(context_bits, first_cell, first_cell + sizes, source_counts, sources),
        intensities=sum_tree.new(n_channels),
        recencies_due=calendar.new(RECENCY_SLOTS, n_channels),
        lags_due=calendar.new(LAG_SLOTS, n_channels),
    )


def _new_channels(
    context_bits: int,
    first_cell: NDArray[np.int64],
    end_cell: NDArray[np.int64],
    source_counts: NDArray[np.int64],
    sources: NDArray[np.int64],
) -> Channels:
    first_coupling = HISTORY_TERM + int(context_bits > RECENCY_BITS)
    followers = np.repeat(np.arange(source_counts.size), source_counts)
    place = np.arange(followers.size) - np.repeat(np.cumsum(source_counts) - source_counts, source_counts)

    state = np.zeros((source_counts.size, 8), dtype=np.int64)
    state[:, LAST_SPIKE] = NEVER
    state[:, RECENCY] = len(RECENCIES) - 1
    state[:, INTERVAL_CLASS] = (1 << context_bits - RECENCY_BITS) - 1
    state[:, LAG] = len(LAGS) - 1
    state[:, TERMS] = first_coupling + source_counts
    state[:, FIRST_CELL] = first_cell

    context = np.zeros((source_counts.size, int(state[:, TERMS].max())), dtype=np.int32)
    context[:, RATE_TERM] = first_cell
    context[:, RECENCY_TERM] = first_cell + len(RECENCIES)
    context[:, HISTORY_TERM:first_coupling] = (first_cell + len(RECENCIES) + (1 << context_bits))[:, np.newaxis]
    tables_behind = source_counts[followers] - place - 1
    context[followers, first_coupling + place] = end_cell[followers] - len(LAGS) * tables_behind - 1

    by_source = np.argsort(sources, kind="stable")
    return Channels(
        state=state,
        context=context,
        first_follower=np.searchsorted(sources[by_source], np.arange(source_counts.size + 1)),
        followers=followers[by_source].astype(np.int32),
        follower_terms=(first_coupling + place)[by_source].astype(np.int32),
    )


@part
def refresh(model: ContextModel, channel: int) -> None:
    """Compute the intensity of a channel whose context or cells have changed."""
    log = int(model.cells[model.channels.state[channel, RECENCY], VALUE])
    for term in range(model.channels.state[channel, TERMS]):
        log += model.cells[model.channels.context[channel, term], VALUE]
    intensity = intensity_of(log)
    model.channels.state[channel, PROBABILITY] = probability_of(intensity)
    sum_tree.store(model.intensities, channel, intensity)


@part
def _learn(model: ContextModel, cell: int, residual: int) -> None:
    change = residual * model.cells[cell, GAIN] >> RESIDUAL_BITS + GAIN_BITS - LOG_BITS
    model.cells[cell, VALUE] += max(change, -FALL_MAX)


@part
def _settle(model: ContextModel, channel: int, step: int) -> None:
    """Learn that nothing has happened before this step."""
    channels = model.channels
    steps = step - channels.state[channel, SINCE]
    channels.state[channel, SINCE] = step
    if steps == 0:
        return
    expected = min(steps * channels.state[channel, PROBABILITY] >> PROBABILITY_BITS - RESIDUAL_BITS, RESIDUAL_MAX)
    model.pooled_residual[channels.state[channel, RECENCY]] -= expected
    for term in range(channels.state[channel, TERMS]):
        _learn(model, channels.context[channel, term], -expected)


@part
def _learn_spike(model: ContextModel, channel: int) -> None:
    channels = model.channels
    missing = (1 << PROBABILITY_BITS) - channels.state[channel, PROBABILITY] >> PROBABILITY_BITS - RESIDUAL_BITS
    model.pooled_residual[channels.state[channel, RECENCY]] += missing
    model.pooled_spikes[channels.state[channel, RECENCY]] += missing
    for term in range(channels.state[channel, TERMS]):
        cell = channels.context[channel, term]
        _learn(model, cell, missing)
        model.cells[cell, GAIN] = max(_slower(model.cells[cell, GAIN], missing), GAIN_MIN)


@part
def _interval_class(steps: int, classes: int) -> int:
    return min(bit_length(steps), INTERVAL_CLASSES_MAX - 1) * classes // INTERVAL_CLASSES_MAX


@part
def _enter_recency(model: ContextModel, channel: int, recency: int) -> None:
    channels = model.channels
    channels.state[channel, RECENCY] = recency
    own = channels.state[channel, FIRST_CELL] + 1
    channels.context[channel, RECENCY_TERM] = own + recency
    if model.interval_classes > 1:
        history = channels.state[channel, INTERVAL_CLASS] << RECENCY_BITS | recency
        channels.context[channel, HISTORY_TERM] = own + RECENCIES.size + history
    if recency + 1 < RECENCIES.size:
        calendar.insert(model.recencies_due, channel, channels.state[channel, LAST_SPIKE] + RECENCIES[recency + 1])


@part
def _move_follower(model: ContextModel, entry: int, lag: int, step: int) -> None:
    channels = model.channels
    follower, term = channels.followers[entry], channels.follower_terms[entry]
    first_coupling, first_cell = HISTORY_TERM, channels.state[follower, FIRST_CELL] + 1 + RECENCIES.size
    if model.interval_classes > 1:
        first_coupling += 1
        first_cell += model.interval_classes << RECENCY_BITS
    cell = first_cell + LAGS.size * (term - first_coupling) + lag
    if channels.context[follower, term] != cell:
        _settle(model, follower, step)
        channels.context[follower, term] = cell
        refresh(model, follower)


@part
def _move_followers(model: ContextModel, source: int, step: int) -> None:
    channels = model.channels
    lag = channels.state[source, LAG] + 1
    channels.state[source, LAG] = lag
    for entry in range(channels.first_follower[source], channels.first_follower[source + 1]):
        _move_follower(model, entry, lag, step)
    if lag + 1 < LAGS.size:
        calendar.insert(model.lags_due, source, channels.state[source, LAST_SPIKE] + LAGS[lag + 1])


@part
def start(model: ContextModel) -> None:
    """Compute the intensities of the first step."""
    for channel in range(model.channels.state.shape[0]):
        refresh(model, channel)


@part
def start_step(model: ContextModel, step: int) -> None:
    """Change the contexts that time alone changes."""
    channel = calendar.pop(model.recencies_due, step)
    while channel != calendar.NONE:
        _settle(model, channel, step)
        _enter_recency(model, channel, model.channels.state[channel, RECENCY] + 1)
        refresh(model, channel)
        channel = calendar.pop(model.recencies_due, step)
    source = calendar.pop(model.lags_due, step)
    while source != calendar.NONE:
        _move_followers(model, source, step)
        source = calendar.pop(model.lags_due, step)


@part
def end_step(model: ContextModel) -> None:
    """Let the pooled cells learn."""
    for cell in range(model.pooled_residual.size):
        residual, spikes = model.pooled_residual[cell], model.pooled_spikes[cell]
        if residual != 0 or spikes != 0:
            _learn(model, cell, max(-RESIDUAL_MAX, min(residual, RESIDUAL_MAX)))
            model.cells[cell, GAIN] = max(_slower(model.cells[cell, GAIN], min(spikes, RESIDUAL_MAX)), GAIN_MIN)
            model.pooled_residual[cell] = 0
            model.pooled_spikes[cell] = 0


@part
def spike(model: ContextModel, channel: int, step: int) -> None:
    """Learn that a channel spikes in this step; its followers behind it know at once."""
    channels = model.channels
    _settle(model, channel, step)
    _learn_spike(model, channel)
    if channels.state[channel, LAST_SPIKE] != NEVER:
        interval = step - channels.state[channel, LAST_SPIKE]
        channels.state[channel, INTERVAL_CLASS] = _interval_class(interval, model.interval_classes)
    channels.state[channel, LAST_SPIKE] = step
    channels.state[channel, SINCE] = step + 1
    calendar.remove(model.recencies_due, channel)
    _enter_recency(model, channel, 0)
    refresh(model, channel)
    if channels.first_follower[channel] == channels.first_follower[channel + 1]:
        return
    for entry in range(channels.first_follower[channel], channels.first_follower[channel + 1]):
        if channels.followers[entry] > channel:
            _move_follower(model, entry, 0, step)
    channels.state[channel, LAG] = 0
    calendar.remove(model.lags_due, channel)
    calendar.insert(model.lags_due, channel, step + 1)
