"""Predictor: the LFSRs, rates and comparators of every channel."""

from __future__ import annotations

from collections.abc import Sequence

from model.golden.comparator import Comparator
from model.golden.lfsr import Lfsr
from model.golden.rate_updater import RateUpdater
from model.golden.settings import Settings


class Predictor:
    """Predicts a row of the raster from the rows before it. Encoder and decoder run one each, in lock-step.

    Parameters
    ----------
    channels : int
        Channels of the raster.
    settings : Settings
        `alpha_q8`, `sharpness` and `seed` are used.
    """

    def __init__(self, channels: int, settings: Settings) -> None:
        self.lfsrs = [Lfsr(settings.seed, channel) for channel in range(channels)]
        self.updaters = [RateUpdater(settings.alpha_q8) for _ in range(channels)]
        self.comparator = Comparator(settings.sharpness)

    def predict(self) -> list[int]:
        """Return the expected row. Changes nothing."""
        pairs = zip(self.lfsrs, self.updaters, strict=True)
        return [self.comparator.predict(lfsr.state, updater.rate) for lfsr, updater in pairs]

    def learn(self, spikes: Sequence[int]) -> None:
        """Take in the row that really came, and move on by one step."""
        for lfsr, updater, spike in zip(self.lfsrs, self.updaters, spikes, strict=True):
            updater.update(spike)
            lfsr.step()
