"""ContextModel: how likely each channel is to spike next, learned from the spikes so far.

A point-process generalised linear model with history and coupling filters (Truccolo et al. 2005; Pillow et al. 2008),
fitted while it predicts: the logarithm of a channel's intensity is the sum of cells, one from each of its tables,
addressed by what happened lately. Once a context ends, its cells learn what was observed in it and not expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model.golden.intensity import LOG_BITS, intensity_of, probability_of
from model.golden.range_coder import PROBABILITY_BITS

RECENCY_BITS = 5
"""A channel's last spike is this class of steps ago: class k from `RECENCIES[k]` on, the last for ever."""
RECENCIES = (1, *(step for octave in range(1, 16) for step in (2 << octave - 1, 3 << octave - 1)), 1 << 16)
INTERVAL_CLASSES_MAX = 16
CONTEXT_BITS_MIN, CONTEXT_BITS_MAX = RECENCY_BITS, RECENCY_BITS + 4
"""Bits of the address of a channel's table of histories: recency, and above it the interval between its last spikes."""
LAGS = (0, 1, 4, 16, 64, 256, 1024)
"""A source's last spike is this class of steps ago: class k from `LAGS[k]` on, 0 if it is earlier in the row."""
SOURCES_MAX = 8

RESIDUAL_BITS = 24
"""Observed spikes less expected ones are in units of 2**-24."""
RESIDUAL_MAX = 64 << RESIDUAL_BITS
GAIN_BITS = 20
GAIN_OF_ONE = 1_512_775
"""A cell that has learned from n spikes goes up by log2(e) / n for each unexpected one, in units of 2**-20."""
RATE_SPIKES, HISTORY_SPIKES, POOLED_SPIKES = 1, 8, 4
"""Spikes that a cell behaves as if it had learned from when it is new."""
SPIKES_MAX = 300
"""A cell forgets: it never behaves as if it had learned from more."""
GAIN_MIN = GAIN_OF_ONE // SPIKES_MAX
FALL_MAX = 1 << LOG_BITS
"""Most that a context without a spike takes from a cell: it halves the intensity."""


@dataclass
class Cell:
    """A summand of a logarithm, and how fast it learns.

    Attributes
    ----------
    value : int
        To base 2, in units of 2**-24.
    gain : int
        What an unexpected spike adds, in units of 2**-20.
    """

    value: int
    gain: int

    def learn(self, residual: int, spikes: int) -> None:
        """Take in spikes less expected ones, and what of the spikes was not expected, which makes it learn slower."""
        self.value += max(residual * self.gain >> RESIDUAL_BITS + GAIN_BITS - LOG_BITS, -FALL_MAX)
        self.gain = max(slower(self.gain, spikes), GAIN_MIN)


def slower(gain: int, spikes: int) -> int:
    """Return the gain of a cell that has learned from so many more spikes, in units of 2**-24."""
    return gain * GAIN_OF_ONE // (GAIN_OF_ONE + (gain * spikes >> RESIDUAL_BITS))


def new_cells(count: int, spikes: int, value: int = 0) -> list[Cell]:
    """Return cells that behave as if they had learned from so many spikes."""
    return [Cell(value, GAIN_OF_ONE // spikes) for _ in range(count)]


class PooledCell(Cell):
    """A cell of all channels: it collects what they teach it and learns at the end of a step, whatever their order."""

    def __init__(self) -> None:
        super().__init__(0, GAIN_OF_ONE // POOLED_SPIKES)
        self._residual = 0
        self._spikes = 0

    def learn(self, residual: int, spikes: int) -> None:
        """Take in what is learned at the end of the step."""
        self._residual += residual
        self._spikes += spikes

    def end_step(self) -> None:
        """Learn."""
        super().learn(max(-RESIDUAL_MAX, min(self._residual, RESIDUAL_MAX)), min(self._spikes, RESIDUAL_MAX))
        self._residual = self._spikes = 0


class Channel:
    """One channel: its tables, its context, and what follows from them.

    Parameters
    ----------
    context_bits : int
        Bits of the address of the table of histories.
    rate_log : int
        Logarithm of the intensity to start from.
    pooled : list of PooledCell
        Table of recencies that all channels share.
    sources : sequence of int
        Channels whose last spikes matter to this one.

    Attributes
    ----------
    intensity : int
        Expected spikes in the next bin, in units of 2**-32.
    """

    def __init__(self, context_bits: int, rate_log: int, pooled: list[PooledCell], sources: Sequence[int]) -> None:
        self.sources = sources
        self.last_spike = -1
        self._interval_class = (1 << context_bits - RECENCY_BITS) - 1
        self._interval_classes = self._interval_class + 1
        self._rate = new_cells(1, RATE_SPIKES, rate_log)
        self._pooled = pooled
        self._recencies = new_cells(1 << RECENCY_BITS, HISTORY_SPIKES)
        self._histories = new_cells(1 << context_bits, HISTORY_SPIKES) if context_bits > RECENCY_BITS else []
        self._couplings = [new_cells(len(LAGS), HISTORY_SPIKES) for _ in sources]
        self._since = 0
        self._cells: list[Cell] = []
        self._enter(0, [len(LAGS) - 1] * len(sources))

    def enter(self, step: int, lag_classes: Sequence[int]) -> None:
        """Come to a step with this context; if it is a new one, learn in the old one that nothing happened."""
        if self._context(step, lag_classes) != self._addresses:
            self._settle(step)
            self._enter(step, lag_classes)

    def spike(self, step: int) -> None:
        """Learn that there is a spike at this step."""
        self._settle(step)
        missing = (1 << PROBABILITY_BITS) - self._probability >> PROBABILITY_BITS - RESIDUAL_BITS
        for cell in self._cells:
            cell.learn(missing, missing)
        if self.last_spike >= 0:
            self._interval_class = interval_class(step - self.last_spike, self._interval_classes)
        self.last_spike = step
        self._enter(step + 1, self._addresses[2:])

    def _settle(self, step: int) -> None:
        expected = (step - self._since) * self._probability >> PROBABILITY_BITS - RESIDUAL_BITS
        for cell in self._cells:
            cell.learn(-min(expected, RESIDUAL_MAX), 0)

    def _context(self, step: int, lag_classes: Sequence[int]) -> list[int]:
        never = self.last_spike < 0
        recency = len(RECENCIES) - 1 if never else class_of(step - self.last_spike, RECENCIES)
        return [recency, self._interval_class << RECENCY_BITS | recency, *lag_classes]

    def _enter(self, step: int, lag_classes: Sequence[int]) -> None:
        self._since = step
        self._addresses = recency, history, *lags = self._context(step, lag_classes)
        self._cells = [*self._rate, self._pooled[recency], self._recencies[recency]]
        self._cells += [self._histories[history]] if self._histories else []
        self._cells += [table[lag] for table, lag in zip(self._couplings, lags, strict=True)]
        self.intensity = intensity_of(sum(cell.value for cell in self._cells))
        self._probability = probability_of(self.intensity)


def class_of(steps: int, starts: Sequence[int]) -> int:
    """Return the last class that starts at `steps` or before."""
    return max(index for index, start in enumerate(starts) if start <= steps)


def interval_class(steps: int, classes: int) -> int:
    """Return the class of an interval between two spikes: 16 octaves, or so many classes of several octaves each."""
    return min(steps.bit_length(), INTERVAL_CLASSES_MAX - 1) * classes // INTERVAL_CLASSES_MAX


class ContextModel:
    """All channels of a raster.

    Parameters
    ----------
    context_bits : int
        `CONTEXT_BITS_MIN`..`CONTEXT_BITS_MAX`.
    rate_log : int
        Logarithm of the intensity that every channel starts from.
    sources : sequence of sequences of int
        For each channel, the channels whose last spikes matter to it, `SOURCES_MAX` at most, itself not among them.
    """

    def __init__(self, context_bits: int, rate_log: int, sources: Sequence[Sequence[int]]) -> None:
        self._pooled = [PooledCell() for _ in RECENCIES]
        self._channels = [Channel(context_bits, rate_log, self._pooled, of_channel) for of_channel in sources]
        self._step = 0

    def intensity(self, channel: int) -> int:
        """Return the expected spikes of a channel in this step, in units of 2**-32."""
        return self._channels[channel].intensity

    def spike(self, channel: int) -> None:
        """Learn that a channel spikes in this step; channels behind it know at once."""
        self._channels[channel].spike(self._step)
        for index in range(channel + 1, len(self._channels)):
            if channel in self._channels[index].sources:
                self._enter(index)

    def end_step(self) -> None:
        """Go on to the next step."""
        for cell in self._pooled:
            cell.end_step()
        self._step += 1
        for index in range(len(self._channels)):
            self._enter(index)

    def _enter(self, index: int) -> None:
        channel = self._channels[index]
        last_spikes = [self._channels[source].last_spike for source in channel.sources]
        never = len(LAGS) - 1
        lags = [class_of(self._step - last, LAGS) if last >= 0 else never for last in last_spikes]
        channel.enter(self._step, lags)
