"""What a row of the figures comes from, as a hash: it tells whether the row still holds."""

import hashlib
from dataclasses import replace

from synth import gates
from synth.designs import rtlil
from synth.devices import CELLS, DEVICES
from synth.results import Row
from synth.tools import READ


def digest(row: Row, *, placed: bool) -> str:
    """Return a hash of the netlist of a row's design and of what is done with it, but for the tools' versions.

    Parameters
    ----------
    row : Row
        At least `design`, `channels`, `lanes`, `device`.
    placed : bool
        Whether it has a clock.
    """
    size = row["design"], row["channels"], row["lanes"]
    netlists = [rtlil(*size, pins=pins) for pins in ([False, True] if placed else [False])]
    return hashlib.sha256(repr([*_done(row["device"]), *netlists]).encode()).hexdigest()[:20]


def _done(device: str) -> list[object]:
    if device == gates.DEVICE:
        return [gates.SCRIPT, gates.LIBRARY.read_text()]
    # Its name is for people.
    return [READ, CELLS, replace(DEVICES[device], name="")] if device in DEVICES else []
