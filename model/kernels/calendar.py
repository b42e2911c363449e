"""Calendar: which items are due at a step, each in one entry at most."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import part

NONE = -1


class Calendar(NamedTuple):
    """A wheel of slots, a power of 2 of them, each with a doubly linked list of items.

    `first` is the head of each slot's list; `after` and `before` are the items' neighbours; `slot` is where an item is.
    """

    first: NDArray[np.int32]
    after: NDArray[np.int32]
    before: NDArray[np.int32]
    slot: NDArray[np.int32]


def new(slots: int, items: int) -> Calendar:
    """Return an empty calendar for steps less than `slots` ahead."""
    return Calendar(*(np.full(size, NONE, dtype=np.int32) for size in (slots, items, items, items)))


@part
def insert(calendar: Calendar, item: int, step: int) -> None:
    """Enter an item that has no entry, to be due at `step`."""
    slot = step & calendar.first.size - 1
    head = calendar.first[slot]
    calendar.after[item] = head
    calendar.before[item] = NONE
    if head != NONE:
        calendar.before[head] = item
    calendar.first[slot] = item
    calendar.slot[item] = slot


@part
def remove(calendar: Calendar, item: int) -> None:
    """Delete the entry of an item, if it has one."""
    slot = calendar.slot[item]
    if slot == NONE:
        return
    after, before = calendar.after[item], calendar.before[item]
    if before == NONE:
        calendar.first[slot] = after
    else:
        calendar.after[before] = after
    if after != NONE:
        calendar.before[after] = before
    calendar.slot[item] = NONE


@part
def pop(calendar: Calendar, step: int) -> int:
    """Return an item that is due at `step` and delete its entry, or return `NONE`."""
    item = int(calendar.first[step & calendar.first.size - 1])
    if item != NONE:
        remove(calendar, item)
    return item
