"""Scheduler: where epochs and keyframes begin and end."""

from __future__ import annotations

from model.golden.settings import Settings


class Scheduler:
    """Counts steps into epochs and epochs into keyframe intervals.

    Parameters
    ----------
    settings : Settings
        `epoch_steps` and `keyframe_interval` are used.

    Attributes
    ----------
    steps : int
        Steps of the current epoch so far; 0 between epochs.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.steps = 0
        self._packets = 0

    @property
    def starts_epoch(self) -> bool:
        """Whether the next step is the first of a packet."""
        return self.steps == 0

    @property
    def starts_keyframe(self) -> bool:
        """Whether the next step is the first of a keyframe."""
        return self.starts_epoch and self._packets == 0

    @property
    def in_keyframe(self) -> bool:
        """Whether the current packet is a keyframe."""
        return self._packets == 0

    def step(self) -> bool:
        """Count a step; return whether it completes the epoch."""
        self.steps += 1
        return self.steps == self.settings.epoch_steps

    def end_epoch(self) -> None:
        """Close the epoch, complete or not."""
        self.steps = 0
        self._packets = (self._packets + 1) % self.settings.keyframe_interval
