"""Recordings to sharded Zarr on Dask: resumable, verified, with a manifest. Needs the extra `archive`.

An archive is a folder with a Zarr group of format 3, a group in it for each recording, and `manifest.json`. One task
of Dask is one shard, which is one file. The folder, and the sources, must be where all workers reach them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import CodecError
from model.files.compress import Advance
from model.files.extras import need
from model.files.flat import FlatFile
from model.files.hints import Hints
from model.files.open import is_raster, open_recording
from model.files.recording import Recording, Rows
from model.files.whole import whole_file
from model.formats.chunk import ChunkCoder, SpikeCoder, WaveformCoder

MANIFEST = "manifest.json"
JOURNAL = "journal.jsonl"
"""What is done, a line each, until the manifest is written."""
SAMPLES = "samples"
RETRIES = 3
"""How often a shard is tried again where its worker is lost or fails."""
VERSION = 1


@dataclass(frozen=True)
class Plan:
    """How a recording is archived; equal plans resume each other.

    Attributes
    ----------
    name : str
        Of its group.
    source : str
        Absolute path.
    hints : Hints
        What the source does not tell.
    source_bytes, steps, channels, dtype
        Of the source.
    chunk_steps, shard_steps : int
        Steps that are decoded at a time, and steps of a file.
    coder : str
        Name of the codec.
    arguments : dict
        Of the codec.
    """

    name: str
    source: str
    hints: Hints
    source_bytes: int
    steps: int
    channels: int
    dtype: str
    chunk_steps: int
    shard_steps: int
    coder: str
    arguments: dict[str, Any]

    @property
    def n_shards(self) -> int:
        """Files of the recording's samples."""
        return -(-self.steps // self.shard_steps)


@dataclass(frozen=True)
class Shard:
    """A shard that is written and verified.

    Attributes
    ----------
    name : str
        Of the recording.
    index : int
        Which shard.
    steps : int
        Steps in it.
    bytes : int
        Size of its file; 0 where all samples are 0, and there is no file.
    sha256 : str
        Digest of the file.
    samples_sha256 : str
        Digest of its samples as they are decoded, step by step.
    """

    name: str
    index: int
    steps: int
    bytes: int
    sha256: str
    samples_sha256: str


def plan(source: Path, hints: Hints, coder: WaveformCoder, chunk_seconds: float, shard_bytes: int) -> Plan:
    """Return how to archive a recording.

    Parameters
    ----------
    source : Path
        Samples, or a raster of spikes.
    hints : Hints
        What it does not tell.
    coder : WaveformCoder
        How samples are coded.
    chunk_seconds : float
        What is decoded at a time; 2**15 steps where the sampling rate is not known.
    shard_bytes : int
        Most bytes of samples in a file; at least one chunk is.
    """
    recording = open_recording(source, hints)
    signal = recording.signal
    if not signal.steps or not signal.channels:
        raise ValueError(f"{source} is empty: there is nothing to archive")
    chunk_steps = max(1, round(chunk_seconds * signal.sampling_hz)) if signal.sampling_hz else 1 << 15
    row_bytes = signal.channels * signal.dtype.itemsize
    chunks = max(1, min(shard_bytes // (chunk_steps * row_bytes), -(-signal.steps // chunk_steps)))
    used: ChunkCoder = SpikeCoder() if is_raster(recording) else coder
    return Plan(
        source.stem,
        str(source.resolve()),
        hints,
        signal.bytes,
        signal.steps,
        signal.channels,
        signal.dtype.str,
        chunk_steps,
        chunks * chunk_steps,
        used.name,
        asdict(used),
    )


def archive(plans: list[Plan], folder: Path, client: Any, advance: Advance) -> dict[str, Any]:  # noqa: ANN401
    """Archive recordings, and return the manifest.

    What an earlier run that was cut off has done is checked and kept.

    Parameters
    ----------
    plans : list of Plan
        What to archive.
    folder : Path
        The archive.
    client : distributed.Client
        Where the work is done.
    advance
        Is told how many bytes of samples are done since it was told last.

    Raises
    ------
    ValueError
        The folder holds something else, or a shard cannot be written.
    """
    distributed = need("distributed", "archive", "archiving")
    names = [one.name for one in plans]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"sources must have different names, but several are called {', '.join(repeated)}")
    done = _begin(plans, folder)
    tasks = [(one, index) for one in plans for index in range(one.n_shards)]
    futures = [
        client.submit(store_shard, one, folder, index, done.get((one.name, index)), pure=False, retries=RETRIES)
        for one, index in tasks
    ]
    shards: dict[tuple[str, int], Shard] = {}
    row_bytes = {one.name: one.channels * np.dtype(one.dtype).itemsize for one in plans}
    with (folder / JOURNAL).open("a") as journal:
        for future, shard in distributed.as_completed(futures, with_results=True):
            shards[shard.name, shard.index] = shard
            if done.get((shard.name, shard.index)) != shard:
                journal.write(json.dumps(asdict(shard)) + "\n")
                journal.flush()
                os.fsync(journal.fileno())
            advance(shard.steps * row_bytes[shard.name])
            future.release()
    return _finish(plans, folder, shards)


def store_shard(one: Plan, folder: Path, index: int, recorded: Shard | None) -> Shard:
    """Write a shard and verify what was written, unless it is there as recorded."""
    if recorded is not None and _digest_of_file(_shard_path(folder, one, index)) == (recorded.sha256, recorded.bytes):
        return recorded
    recording = open_recording(Path(one.source), one.hints)
    start, stop = index * one.shard_steps, min((index + 1) * one.shard_steps, one.steps)
    rows = recording.rows(start, stop)
    samples = _open_samples(folder, one)
    samples[start:stop] = rows
    digest = hashlib.sha256()
    for piece_start, piece in _pieces(_open_samples(folder, one), one, start, stop):
        _check_same(one, index, piece, rows[piece_start - start :][: len(piece)])
        digest.update(np.ascontiguousarray(piece).data)
    sha256, size = _digest_of_file(_shard_path(folder, one, index))
    return Shard(one.name, index, stop - start, size, sha256, digest.hexdigest())


def verify_archive(folder: Path, advance: Advance) -> dict[str, Any]:
    """Check every file of an archive against its manifest, decode all of it, and return the manifest.

    Raises
    ------
    CodecError
        Something is missing, damaged or different.
    """
    manifest = _read_manifest(folder)
    for entry in manifest["recordings"]:
        one = _plan_of(entry["plan"])
        samples = _open_samples(folder, one)
        for fields in entry["shards"]:
            shard = Shard(**fields)
            if _digest_of_file(_shard_path(folder, one, shard.index)) != (shard.sha256, shard.bytes):
                raise CodecError(f"archive {folder} is damaged: shard {shard.index} of {one.name} differs")
            digest, start = hashlib.sha256(), shard.index * one.shard_steps
            for _, piece in _pieces(samples, one, start, start + shard.steps):
                digest.update(np.ascontiguousarray(piece).data)
                advance(piece.nbytes)
            if digest.hexdigest() != shard.samples_sha256:
                raise CodecError(f"archive {folder} is damaged: samples of shard {shard.index} of {one.name} differ")
    return manifest


def archived_bytes(folder: Path) -> int:
    """Return the bytes of all samples of an archive."""
    return sum(recording["plan"]["source_bytes"] for recording in _read_manifest(folder)["recordings"])


def _begin(plans: list[Plan], folder: Path) -> dict[tuple[str, int], Shard]:
    """Make the archive's groups and arrays, or return what is done of them."""
    zarr = _zarr()
    header = {"version": VERSION, "plans": [asdict(one) for one in plans]}
    journal = folder / JOURNAL
    if journal.is_file():
        first, *lines = journal.read_text().splitlines()
        if json.loads(first) != header:
            raise ValueError(
                f"archive {folder} was begun with other sources or options; give the same, or another folder"
            )
        shards = [Shard(**fields) for line in lines if (fields := _parsed(line)) is not None]
        return {(shard.name, shard.index): shard for shard in shards}
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"archive {folder} must be a new folder, an empty one, or one whose archiving was cut off")
    folder.mkdir(parents=True, exist_ok=True)
    root = zarr.create_group(folder)
    for one in plans:
        _create(root.create_group(one.name), one)
    with whole_file(journal) as file:
        file.write(json.dumps(header).encode() + b"\n")
    return {}


def _parsed(line: str) -> dict[str, Any] | None:
    """Return a line of the journal, or None where it was cut off."""
    try:
        fields: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return fields


def _create(group: Any, one: Plan) -> None:  # noqa: ANN401 - a group of Zarr
    recording = open_recording(Path(one.source), one.hints)
    signal = recording.signal
    group.create_array(
        SAMPLES,
        shape=(one.steps, one.channels),
        dtype=one.dtype,
        chunks=(one.chunk_steps, one.channels),
        shards=(one.shard_steps, one.channels),
        serializer={"name": one.coder, "configuration": one.arguments},
        compressors=None,
        dimension_names=("step", "channel"),
        attributes={
            "source": Path(one.source).name,
            "source_kind": recording.kind,
            "sampling_hz": signal.sampling_hz,
            "gain_microvolts": signal.gain_microvolts,
            "offset_microvolts": signal.offset_microvolts,
            "channel_names": signal.channel_names,
        },
    )
    for name, values in _beside(recording).items():
        group.create_array(name, data=values, serializer={"name": WaveformCoder.name}, compressors=None)


def _beside(recording: Recording) -> dict[str, Rows]:
    """Return what else a recording has: times, the bytes before and after the samples, what describes it."""
    found = {"times": recording.times()}
    if isinstance(recording, FlatFile):
        parts = {"head": recording.head, "tail": recording.tail, "meta": recording.meta or b""}
        found |= {name: np.frombuffer(data, np.uint8) for name, data in parts.items()}
    return {name: values for name, values in found.items() if values is not None and values.size}


def _finish(plans: list[Plan], folder: Path, shards: dict[tuple[str, int], Shard]) -> dict[str, Any]:
    recordings = []
    for one in plans:
        of_one = [shards[one.name, index] for index in range(one.n_shards)]
        stored = sum(shard.bytes for shard in of_one)
        recordings.append(
            {
                "plan": asdict(one),
                "stored_bytes": stored,
                "ratio": one.source_bytes / stored if stored else None,
                "shards": [asdict(shard) for shard in of_one],
            }
        )
    manifest = {"version": VERSION, "recordings": recordings}
    with whole_file(folder / MANIFEST) as file:
        file.write(json.dumps(manifest, indent=1).encode())
    (folder / JOURNAL).unlink()
    return manifest


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise CodecError(f"{folder} is no archive, or was not finished: {error}") from None
    return manifest


def _plan_of(fields: dict[str, Any]) -> Plan:
    return Plan(**{**fields, "hints": Hints(**fields["hints"])})


def _zarr() -> Any:  # noqa: ANN401 - a module
    zarr = need("zarr", "archive", "archiving")
    if int(zarr.__version__.split(".")[0]) < 3:
        raise ValueError(f"archiving needs zarr 3.1 or newer for its shards, and zarr {zarr.__version__} is installed")
    return zarr


def _open_samples(folder: Path, one: Plan) -> Any:  # noqa: ANN401 - an array of Zarr
    return _zarr().open_array(folder / one.name / SAMPLES, mode="r+")


def _pieces(samples: Any, one: Plan, start: int, stop: int) -> Iterator[tuple[int, Rows]]:  # noqa: ANN401
    """Yield chunks of an array, with the first step of each."""
    for at in range(start, stop, one.chunk_steps):
        yield at, np.asarray(samples[at : min(at + one.chunk_steps, stop)])


def _check_same(one: Plan, index: int, found: Rows, wanted: Rows) -> None:
    max_error = one.arguments.get("max_error")
    if max_error is None:
        same = np.array_equal(found.view(np.uint8), np.ascontiguousarray(wanted).view(np.uint8))
    else:
        same = bool(np.abs(np.subtract(found, wanted, dtype=np.float64)).max() <= max_error)
    if not same:
        raise CodecError(f"shard {index} of {one.name} was written, but other samples were read back")


def _shard_path(folder: Path, one: Plan, index: int) -> Path:
    return folder / one.name / SAMPLES / "c" / str(index) / "0"


def _digest_of_file(path: Path) -> tuple[str, int]:
    """Return SHA-256 and size; of no bytes where there is no file, as for shards that are all zeros."""
    if not path.is_file():
        return hashlib.sha256().hexdigest(), 0
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
