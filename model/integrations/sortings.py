"""Sortings of SpikeInterface as compressed recordings, and back. Needs the extra `spikeinterface`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from model.errors import CodecError
from model.files.compress import write_blocks
from model.files.compressed import CompressedRecording, CompressedWriter, Contents
from model.files.decompress import read_spikes
from model.files.extras import need
from model.files.spike_folder import SpikeList, SpikeRaster
from model.files.whole import whole_file
from model.formats.chunk import SpikeCoder, WaveformCoder

Sorting = Any
"""A `spikeinterface.BaseSorting`."""


def compress_sorting(sorting: Sorting, path: str | Path, codec: str = "isi", workers: int = 1) -> Contents:
    """Compress the spikes of a sorting to a file, exact to the sample.

    What is kept are the samples and units of all spikes, in their order, the ids of units, the segments and the
    sampling rate; properties of units are not.

    Parameters
    ----------
    sorting : spikeinterface.BaseSorting
        The sorting, of any number of segments.
    path : str or Path
        The file, which is whole or absent.
    codec : str
        A spike codec by its name.
    workers : int
        Threads.

    Returns
    -------
    Contents
        What the file says of itself.
    """
    vector = sorting.to_spike_vector()
    segments = [_steps(vector, index) for index in range(sorting.get_num_segments())]
    starts = np.cumsum([0, *segments])[:-1]
    samples = vector["sample_index"].astype(np.int64) + starts[vector["segment_index"]]
    spikes, restoring = SpikeList(samples, vector["unit_index"].astype(np.int64)).sorted()
    ids = np.asarray(sorting.unit_ids)
    path = Path(path)
    raster = SpikeRaster(path, spikes, ids.size, float(sorting.sampling_frequency), sum(segments))
    plain = WaveformCoder()
    with whole_file(path) as file, CompressedWriter(file) as writer:
        contents = write_blocks(raster, writer, SpikeCoder(codec), workers, lambda _: None)
        contents.segments = segments
        contents.source = {"name": path.stem, "kind": "sorting", "bytes": vector.nbytes}
        for name, values in {"clusters": ids, **restoring}.items():
            writer.add_part(name, plain.encode_chunk(values))
        writer.finish(contents)
    return contents


def open_sorting(path: str | Path, workers: int = 1) -> Sorting:
    """Return the sorting in a file that `compress_sorting` wrote.

    Returns
    -------
    spikeinterface.NumpySorting
        With the same units, segments, sampling rate, and the same spikes in the same order.

    Raises
    ------
    CodecError
        The file is damaged, or holds something else.
    """
    core = need("spikeinterface.core", "spikeinterface", "opening a sorting")
    recording = CompressedRecording(Path(path))
    contents, ids = recording.contents, recording.array("clusters")
    if ids is None or contents.sampling_hz is None or sum(contents.segments) != contents.steps:
        raise CodecError(f"{path} holds no sorting")
    spikes = read_spikes(recording, workers, lambda _: None)
    edges = np.cumsum([0, *contents.segments])
    segment = np.searchsorted(edges, spikes.samples, side="right") - 1
    vector = np.zeros(spikes.samples.size, core.base.minimum_spike_dtype)
    vector["sample_index"] = spikes.samples - edges[segment]
    vector["unit_index"], vector["segment_index"] = spikes.units, segment
    sorting = core.NumpySorting(vector, contents.sampling_hz, ids)
    # It makes segments up to that of the last spike.
    for index in range(sorting.get_num_segments(), len(contents.segments)):
        sorting.add_sorting_segment(type(sorting.segments[0])(vector, index, ids))
    return sorting


def _steps(vector: Any, index: int) -> int:  # noqa: ANN401 - spikes of SpikeInterface
    """Return the steps up to the last spike of a segment; one where it has none, so that segments differ."""
    samples = vector["sample_index"][vector["segment_index"] == index]
    return int(samples.max(initial=0)) + 1
