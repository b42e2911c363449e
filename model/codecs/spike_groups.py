"""Which spikes a group of channels holds: each is coded once, on all channels of the group that see it.

A spike that is deepest in another group, but is seen in this one, is an echo here: its snippet is coded, but it is not
counted as a spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.codecs.spike_detection import Troughs, find_owners
from model.kernels.snippet_coder import REACH


@dataclass(frozen=True)
class GroupSpikes:
    """Spikes and echoes of a group, in order of time, then of channel.

    Attributes
    ----------
    steps, channels : NDArray of int64, shape (n,)
        The deepest trough of each in the group; channels count from the group's first.
    masks : NDArray of int64, shape (n,)
        The channels that see it, bit `REACH` for the one of the deepest trough.
    echoes : NDArray of bool, shape (n,)
        Which are deeper in another group.
    """

    steps: NDArray[np.int64]
    channels: NDArray[np.int64]
    masks: NDArray[np.int64]
    echoes: NDArray[np.bool_]

    def spikes_only(self) -> GroupSpikes:
        """Return all but the echoes."""
        kept = ~self.echoes
        return GroupSpikes(self.steps[kept], self.channels[kept], self.masks[kept], self.echoes[kept])


def spikes_of_groups(
    troughs: Sequence[Troughs], groups: Sequence[tuple[int, int]], sampling_hz: float
) -> list[GroupSpikes]:
    """Return the spikes of each group.

    Parameters
    ----------
    troughs : sequence of Troughs
        Of each group, their channels counted from the group's first.
    groups : sequence of (int, int)
        First channel and the one after the last.
    sampling_hz : float
        Samples a second.
    """
    group_of = np.repeat(np.arange(len(groups)), [found.steps.size for found in troughs])
    firsts = np.array([first for first, _ in groups], dtype=np.int64)
    steps = np.concatenate([found.steps for found in troughs])
    channels = np.concatenate([found.channels for found in troughs]) + firsts[group_of]
    depths = np.concatenate([found.depths for found in troughs])
    order = np.lexsort((channels, steps))
    group_of = group_of[order]
    everything = Troughs(steps[order], channels[order], depths[order])
    owners = find_owners(everything, sampling_hz)
    return [
        _spikes_of_group(everything, owners, np.flatnonzero(group_of == group), first)
        for group, (first, _) in enumerate(groups)
    ]


def _spikes_of_group(
    troughs: Troughs, owners: NDArray[np.int64], of_group: NDArray[np.int64], first: int
) -> GroupSpikes:
    # Troughs of one spike next to each other, the deepest in front: that is the spike's own, where it is of this group.
    order = of_group[np.lexsort((of_group, -troughs.depths[of_group], owners[of_group]))]
    starts = np.flatnonzero(np.diff(owners[order], prepend=-1))
    deepest = order[starts]
    places = troughs.channels[order] - np.repeat(troughs.channels[deepest], np.diff(starts, append=order.size)) + REACH
    masks = np.bitwise_or.reduceat(1 << places, starts) if order.size else np.empty(0, dtype=np.int64)
    by_time = np.argsort(deepest, kind="stable")
    deepest = deepest[by_time]
    return GroupSpikes(
        troughs.steps[deepest], troughs.channels[deepest] - first, masks[by_time], owners[deepest] != deepest
    )
