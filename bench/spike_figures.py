"""The figures of the spike codecs, and how they are kept: JSON to and fro."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from bench.coders import OURS
from bench.spike_limits import FirstResult, Latency, Limits, Scaling


@dataclass(frozen=True)
class Row:
    """One coder on one workload. Speeds are in Mbit of raster a second, a bit a bin; memory is beyond the input's."""

    coder: str
    kind: str
    bytes: int
    encode_mbit_s: float
    decode_mbit_s: float
    encode_peak_bytes: int | None
    decode_peak_bytes: int | None


@dataclass(frozen=True)
class Outcome:
    """What all coders make of a workload.

    Attributes
    ----------
    group, name : str
        Of the workload.
    steps, channels, spikes : int
        Of its raster.
    bound_bits : float
        log2 C(bins, spikes).
    rows : tuple of Row
        One a coder.
    """

    group: str
    name: str
    steps: int
    channels: int
    spikes: int
    bound_bits: float
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """Group and name."""
        return f"{self.group}, {self.name}" if self.name else self.group

    @property
    def bins(self) -> int:
        """Steps times channels."""
        return self.steps * self.channels

    def ratio(self, row: Row) -> float:
        """Return bits of the raster, one a bin, divided by those of a row."""
        return self.bins / (8 * row.bytes)

    def over_bound(self, row: Row) -> float:
        """Return by which share of the bound a row exceeds it."""
        return 8 * row.bytes / self.bound_bits - 1

    def bits_per_spike(self, row: Row) -> float:
        """Return bits of a row per spike."""
        return 8 * row.bytes / self.spikes

    def row(self, coder: str, kind: str = OURS) -> Row | None:
        """Return the row of a coder, if it is there."""
        return next((row for row in self.rows if (row.coder, row.kind) == (coder, kind)), None)

    def best(self, kind: str) -> Row | None:
        """Return the smallest row of a kind, if there is any."""
        return min((row for row in self.rows if row.kind == kind), key=lambda row: row.bytes, default=None)


@dataclass(frozen=True)
class Figures:
    """All figures of a run."""

    machine: str
    outcomes: tuple[Outcome, ...]
    limits: Limits | None

    def to_json(self) -> str:
        """Return the figures as text."""
        return json.dumps(asdict(self), indent=1) + "\n"


def from_json(text: str) -> Figures:
    """Return the figures that `Figures.to_json` wrote."""
    fields = json.loads(text)
    outcomes = tuple(
        Outcome(**(outcome | {"rows": tuple(Row(**row) for row in outcome["rows"])})) for outcome in fields["outcomes"]
    )
    limits = None if fields["limits"] is None else _limits(fields["limits"])
    return Figures(fields["machine"], outcomes, limits)


def _limits(fields: dict[str, list[dict[str, Any]]]) -> Limits:
    def with_tuples(entry: dict[str, Any]) -> dict[str, Any]:
        return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}

    return Limits(
        tuple(Scaling(**with_tuples(entry)) for entry in fields["scaling"]),
        tuple(FirstResult(**entry) for entry in fields["first_results"]),
        tuple(Latency(**entry) for entry in fields["latencies"]),
    )


def speed(mbit_s: float) -> str:
    """Return a speed with about two digits or more."""
    return f"{mbit_s:,.0f}" if mbit_s >= 10 else f"{mbit_s:.1f}"
