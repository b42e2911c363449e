"""DeltaSpikeCodec: channels that spike together, coded as what each adds to those of its group before it."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs import grouping, intervals
from model.codecs.base import ChunkDecoder, Common, RasterCodec
from model.codecs.results import DeltaResult
from model.codecs.stream import Header, Reader, write_leb128
from model.errors import CodecError
from model.golden.group_coder import CHANNELS_MAX
from model.golden.range_coder import HALF, PROBABILITY_BITS
from model.golden.settings import check_int
from model.kernels import group_coder

INTERVALS, GROUPS = 0, 1
"""First byte of a payload: what follows."""
RARITY_MAX = PROBABILITY_BITS - 1
GROUP_SIZE_MAX = 1 << 20


class DeltaSpikeCodec(RasterCodec[DeltaResult]):
    """Coding by differences between channels, for probes with several electrodes near each neuron.

    Channels that spike in the same steps are found by what their coincidences save, and form groups. Each channel is
    coded given how many of its group, coded before it, spike in the same step; the first is the reference of all.
    A channel that saves nothing is coded alone, and a raster without such channels, or with more than 524,288, by its
    intervals.

    Parameters
    ----------
    group_size : int
        Most channels of a group, 2..2**20.
    positions : array_like, shape (channels, dimensions), optional
        Where the electrodes are, in any unit: only near ones are joined. Not needed to decode.

    Raises
    ------
    ValueError
        An argument is of the wrong type or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> spikes = np.repeat(rng.random((1000, 4)) < 0.02, 8, axis=1)
    >>> data, result = DeltaSpikeCodec(group_size=8).compress(spikes)
    >>> np.array_equal(DeltaSpikeCodec().decompress(data), spikes)
    True
    """

    name: ClassVar[str] = "delta"
    chunk_bins: ClassVar[int] = 1 << 25

    def __init__(self, group_size: int = 8, positions: ArrayLike | None = None) -> None:
        check_int("group_size", group_size, 2, GROUP_SIZE_MAX)
        self.group_size = group_size
        self.positions = None if positions is None else _checked_positions(positions)

    def _encoder(self, channels: int) -> _Encoder:
        if self.positions is not None and len(self.positions) != channels:
            raise ValueError(f"positions must have a row for each of {channels} channels, not {len(self.positions)}")
        return _Encoder(self.group_size, self.positions)

    @classmethod
    def _decoder(cls, header: Header) -> ChunkDecoder:
        if header.parameters:
            raise CodecError(f"stream has {len(header.parameters)} bytes of parameters; there are none")
        return _decode


def _checked_positions(positions: ArrayLike) -> NDArray[np.float64]:
    try:
        array = np.asarray(positions, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"positions must be numbers of shape (channels, dimensions): {error}") from None
    if array.ndim != 2 or array.shape[1] < 1:
        raise ValueError(f"positions must have shape (channels, dimensions), not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("positions must be finite")
    return array


class _Encoder:
    def __init__(self, group_size: int, positions: NDArray[np.float64] | None) -> None:
        self._group_size = group_size
        self._positions = positions
        self._groups = 0
        self._delta_channels = 0
        self._differences = 0
        self._delta_bins = 0

    def encode(self, rows: NDArray[np.int8]) -> bytes:
        plain = bytes([INTERVALS]) + intervals.encode(rows)
        if rows.shape[1] > CHANNELS_MAX:
            return plain
        labels = grouping.choose(rows, self._group_size, self._positions)
        if not labels.any():
            return plain
        groups = grouping.groups_of(labels)
        rarity = min(round(-math.log2(np.count_nonzero(rows) / rows.size)), RARITY_MAX)
        coded = group_coder.encode(rows, groups, _first(rarity))
        grouped = bytes([GROUPS, rarity]) + write_leb128(int(labels.max())) + grouping.write(labels) + (coded or b"")
        if coded is None or len(grouped) >= len(plain):
            return plain
        self._count(rows, labels, groups)
        return grouped

    def _count(self, rows: NDArray[np.int8], labels: NDArray[np.int64], groups: group_coder.Groups) -> None:
        _, differences = group_coder.measure(groups, rows)
        is_delta = np.zeros(labels.size, dtype=np.bool_)
        is_delta[groups.order[~groups.starts]] = True
        n_delta = int(np.count_nonzero(is_delta))
        self._groups = max(self._groups, int(labels.max()))
        self._delta_channels = max(self._delta_channels, n_delta)
        self._differences += int(differences[is_delta].sum())
        self._delta_bins += n_delta * rows.shape[0]

    def parameters(self) -> bytes:
        return b""

    def result(self, common: Common) -> DeltaResult:
        return DeltaResult(
            codec="delta",
            **common,
            mean_delta_sparsity=1 - self._differences / self._delta_bins if self._delta_bins else math.nan,
            n_groups=self._groups,
            n_delta_channels=self._delta_channels,
        )


def _decode(payload: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
    reader = Reader(payload.data)
    kind = reader.byte()
    if kind == INTERVALS:
        intervals.decode(payload[1:], rows)
        return
    if kind != GROUPS:
        raise CodecError(f"payload is of the unknown kind {kind}")
    rarity, n_groups = reader.byte(), reader.leb128()
    if rarity > RARITY_MAX or not 1 <= n_groups <= rows.shape[1] // 2:
        raise CodecError(f"payload claims a rarity of {rarity} and {n_groups} groups of {rows.shape[1]} channels")
    if rows.shape[1] > CHANNELS_MAX:
        raise CodecError(f"payload has groups of {rows.shape[1]} channels, more than {CHANNELS_MAX}")
    labels, used = grouping.read(payload[reader.at :].data, rows.shape[1], n_groups)
    group_coder.decode(payload[reader.at + used :], grouping.groups_of(labels), _first(rarity), rows)


def _first(rarity: int) -> int:
    """Return the probability 2**-rarity, at most a half, in units of 2**-32."""
    return min(HALF, 1 << PROBABILITY_BITS - rarity)
