"""Writes a compressed recording back: as the file that it was, or as another kind; or only checks it."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from model.errors import CodecError
from model.files.compress import Advance, file_sha256
from model.files.compressed import BLOCKS, CompressedRecording
from model.files.flat import META_SUFFIX, PACKED_BYTES, PACKED_DTYPE, RAW_SUFFIXES, FlatWriter, Layout
from model.files.nwb import write_nwb
from model.files.recording import Rows, Signal
from model.files.spike_folder import NAMES, SpikeList
from model.files.whole import whole_file
from model.parallel import in_order

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

SPIKE_DTYPES = {
    np.dtype(f"{order}{kind}{size}").str.encode() for order in "<>" for kind in "iu" for size in (1, 2, 4, 8)
}
"""Types that the two files of a folder of spikes may have."""


def restored_name(recording: CompressedRecording) -> str:
    """Return the name that the output has unless another is given."""
    contents = recording.contents
    name = Path(contents.source["name"]).name
    return name if contents.layout or is_spike_list(recording) else f"{Path(name).stem}.npy"


def is_spike_list(recording: CompressedRecording) -> bool:
    """Return whether a recording is a list of spikes, and not samples."""
    return recording.part("clusters") is not None


def outputs(recording: CompressedRecording, output: Path, start: int, stop: int) -> list[Path]:
    """Return all that is written where `output` is asked for: of SpikeGLX, the file that describes it, too."""
    beside = recording.part("meta") is not None and _is_source(recording, output, start, stop)
    return [output, *([output.with_suffix(META_SUFFIX)] if beside else [])]


def decompress(
    recording: CompressedRecording, output: Path, start: int, stop: int, workers: int, advance: Advance
) -> None:
    """Write steps `start` to `stop` of a recording to a file, which is whole or absent.

    All steps of a file that the compressed one knows all bytes of, written to a name that ends as it did, are that
    file, byte for byte. `.npy`, `.nwb` and raw binary (`.bin`, `.dat`, `.raw`) are written of any recording.

    Raises
    ------
    CodecError
        The recording is damaged, or is not what it says.
    ValueError
        It cannot be written so.
    """
    contents, suffix = recording.contents, output.suffix.lower()
    if _is_source(recording, output, start, stop):
        _write_original(recording, output, workers, advance)
        return
    signal = replace(contents.signal, steps=stop - start)
    pieces = _pieces(recording, start, stop, workers, advance)
    if suffix == ".nwb":
        times = recording.array("times")
        write_nwb(output, signal, pieces, None if times is None else times[start:stop])
    elif suffix == ".npy":
        with whole_file(output) as file:
            _write_npy_head(file, signal)
            _write_all(file, pieces)
    elif suffix in RAW_SUFFIXES:
        with whole_file(output) as file:
            _write_all(file, pieces)
    else:
        source_suffix = Path(contents.source["name"]).suffix.lower()
        restorable = _is_source(recording, output.with_suffix(source_suffix), start, stop)
        allowed = dict.fromkeys([*([source_suffix] if restorable else []), ".npy", ".nwb", *RAW_SUFFIXES])
        raise ValueError(f"output must end in {', '.join(allowed)}, not {output.name!r}")


def decompress_spikes(recording: CompressedRecording, folder: Path, workers: int, advance: Advance) -> None:
    """Write the two files of a list of spikes into a folder, which may be a new one; both are whole or absent."""
    if recording.contents.segments:
        raise ValueError(f"{recording.path} holds a sorting; model.integrations.sortings.open_sorting opens it")
    files = _spike_files(recording, workers, advance)
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        with ExitStack() as written:
            for name, data in files.items():
                written.enter_context(whole_file(folder / name)).write(data)
    except BaseException:
        if is_new:
            folder.rmdir()
        raise


def read_spikes(recording: CompressedRecording, workers: int, advance: Advance) -> SpikeList:
    """Return the spikes of a list, in the order in which they were."""
    if np.dtype(recording.contents.dtype) != np.int8:
        raise CodecError(f"{recording.path} holds {recording.contents.dtype}, and no list of spikes")
    samples, units, start = [], [], 0
    for rows in _pieces(recording, 0, recording.contents.steps, workers, advance):
        # NumPy finds what is not zero among flags ten times as fast as among integers.
        steps, channels = np.divmod(np.flatnonzero(rows.reshape(-1).view(np.bool_)), max(1, rows.shape[1]))
        samples.append(steps + start)
        units.append(channels)
        start += len(rows)
    empty = np.empty(0, np.int64)
    ordered = SpikeList(np.concatenate([empty, *samples]), np.concatenate([empty, *units]))
    return ordered.restored(*(_positions(recording, name) for name in ("moved", "places", "repeated")))


def verify(recording: CompressedRecording, workers: int, advance: Advance) -> None:
    """Decode everything, and raise `CodecError` where it is not what was compressed, or its source is not restored."""
    if is_spike_list(recording) and not recording.contents.segments:
        _spike_files(recording, workers, advance)
    elif is_spike_list(recording):
        read_spikes(recording, workers, advance)
    elif recording.contents.layout is not None:
        _verify_source(recording, workers, advance)
    else:
        for _ in _pieces(recording, 0, recording.contents.steps, workers, advance):
            pass
    for name in recording.sizes():
        if not name.startswith(BLOCKS):
            recording.part(name)


def _spike_files(recording: CompressedRecording, workers: int, advance: Advance) -> dict[str, bytes]:
    """Return the bytes of the two files of a list of spikes, by their names."""
    spikes = read_spikes(recording, workers, advance)
    clusters = recording.array("clusters")
    if clusters is None or (spikes.units.size and spikes.units.max() >= clusters.size):
        raise CodecError(f"{recording.path} has spikes of units that it does not name")
    files = {}
    for index, (name, values) in enumerate(zip(NAMES, (spikes.samples, clusters[spikes.units]), strict=True)):
        head, dtype = recording.part(f"head-{index}"), recording.part(f"type-{index}")
        if head is None or dtype not in SPIKE_DTYPES:
            raise CodecError(f"{recording.path} does not have head and type of {name}")
        files[name] = head + values.astype(dtype.decode()).tobytes()
    return files


def _positions(recording: CompressedRecording, name: str) -> NDArray[np.int64]:
    """Return a part that holds positions in a list of spikes."""
    positions = recording.array(name)
    if positions is None or positions.dtype != np.int64 or positions.ndim != 1:
        raise CodecError(f"{recording.path} does not tell the order of its spikes")
    return positions


def _pieces(recording: CompressedRecording, start: int, stop: int, workers: int, advance: Advance) -> Iterator[Rows]:
    """Yield the rows from `start` to `stop`."""
    blocks = recording.contents.blocks_of(start, stop)
    decoded = zip(blocks, in_order(recording.block, blocks, workers), strict=True)
    for kept in checked_pieces(recording, decoded, start, stop):
        yield kept
        advance(kept.nbytes)


def checked_pieces(
    recording: CompressedRecording, blocks: Iterable[tuple[int, Rows]], start: int, stop: int
) -> Iterator[Rows]:
    """Yield the rows from `start` to `stop` of blocks with their indices; check in the end those of all steps."""
    contents, digest = recording.contents, hashlib.sha256()
    for index, rows in blocks:
        block_start, _ = contents.block_range(index)
        kept = rows[max(0, start - block_start) : stop - block_start]
        digest.update(np.ascontiguousarray(kept).data)
        yield kept
        del rows, kept  # the next block takes their memory
    if (start, stop) == (0, contents.steps) and digest.hexdigest() != contents.samples_sha256:
        raise CodecError(f"{recording.path} does not hold the samples that were compressed: their SHA-256 differs")


class _Hashed(io.BytesIO):
    """A file that keeps nothing but the SHA-256 of what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.digest = hashlib.sha256()

    def write(self, data: ReadableBuffer) -> int:
        self.digest.update(data)
        return memoryview(data).nbytes


def _verify_source(recording: CompressedRecording, workers: int, advance: Advance) -> None:
    if not _read_layout(recording).by_channel:
        hashed = _Hashed()
        _write_source(recording, hashed, workers, advance)
        _check_source(recording, hashed.digest.hexdigest())
        return
    with tempfile.TemporaryFile() as file:  # its bytes do not come one after another
        _write_source(recording, file, workers, advance)
        file.seek(0)
        _check_source(recording, hashlib.file_digest(file, "sha256").hexdigest())


def _is_source(recording: CompressedRecording, output: Path, start: int, stop: int) -> bool:
    """Return whether the output is the file that was compressed: all of it, to a name that ends as its did."""
    contents = recording.contents
    same_kind = output.suffix.lower() == Path(contents.source["name"]).suffix.lower()
    return bool(contents.layout) and same_kind and (start, stop) == (0, contents.steps)


def _write_original(recording: CompressedRecording, output: Path, workers: int, advance: Advance) -> None:
    meta = recording.part("meta")
    with ExitStack() as written:
        if meta is not None:
            written.enter_context(whole_file(output.with_suffix(META_SUFFIX))).write(meta)
        file = written.enter_context(whole_file(output))
        _write_source(recording, file, workers, advance)
        file.flush()
        _check_source(recording, file_sha256(Path(file.name)))


def _write_source(recording: CompressedRecording, file: IO[bytes], workers: int, advance: Advance) -> None:
    """Write all bytes that the source had."""
    layout, head, tail = _read_layout(recording), recording.part("head"), recording.part("tail")
    if head is None or tail is None or len(head) != layout.offset:
        raise CodecError(f"{recording.path} does not have all bytes of its source")
    writer = FlatWriter(file, recording.contents.signal, layout, head)
    for rows in _pieces(recording, 0, recording.contents.steps, workers, advance):
        writer.write(rows)
    writer.finish(tail)


def _check_source(recording: CompressedRecording, sha256: str) -> None:
    if recording.contents.lossless and sha256 != recording.contents.source.get("sha256"):
        raise CodecError(f"{recording.path} does not give its source back: the SHA-256 differs")


def _read_layout(recording: CompressedRecording) -> Layout:
    """Return how the source was laid out."""
    try:
        layout = Layout(**(recording.contents.layout or {}))
    except TypeError as error:
        raise CodecError(f"{recording.path} does not tell how its source was laid out: {error}") from None
    dtype = np.dtype(recording.contents.dtype)
    sizes = (dtype.itemsize, PACKED_BYTES) if dtype == PACKED_DTYPE else (dtype.itemsize,)
    if type(layout.offset) is not int or type(layout.by_channel) is not bool or layout.sample_bytes not in sizes:
        raise CodecError(f"{recording.path} tells of a layout that its source cannot have had: {layout}")
    return layout


def _write_npy_head(file: IO[bytes], signal: Signal) -> None:
    shape = (signal.steps, signal.channels)
    npy.write_array_header_1_0(file, {"descr": signal.dtype.str, "fortran_order": False, "shape": shape})


def _write_all(file: IO[bytes], pieces: Iterator[Rows]) -> None:
    for rows in pieces:
        file.write(rows.tobytes())
