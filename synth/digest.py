"""What a row of the figures comes from, as a hash: it tells whether the row still holds."""

from dataclasses import replace

from synth import gates
from synth.designs import rtlil
from synth.devices import CELLS, DEVICES
from synth.results import Row
from synth.tools import READ, hash_of


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
    return hash_of(repr([*_done(row["device"]), *netlists]))


def _done(device: str) -> list[object]:
    if device == gates.DEVICE:
        return [gates.SCRIPT, gates.LIBRARY.read_text()]
    # Its name is for people.
    return [READ, CELLS, replace(DEVICES[device], name="")] if device in DEVICES else []
