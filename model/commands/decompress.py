"""`corticodec decompress` and `corticodec verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.commands import options
from model.commands.show import print_facts, progress
from model.errors import CodecError
from model.golden.settings import check_int


def decompress(
    file: options.Compressed,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write.  [default: the source's name, beside FILE]"),
    ] = None,
    start: Annotated[int, typer.Option(help="First step.")] = 0,
    stop: Annotated[int | None, typer.Option(help="Last step, exclusive.  [default: the end]")] = None,
    force: options.Force = False,
    workers: options.Workers = options.WORKERS,
    as_json: options.Json = False,
) -> None:
    """Write a compressed recording back.

    Raw binary, `.npy` and WAV come back as the bytes that they were, what is before and after the samples included, if
    the output's name ends as theirs did. Any recording can be written as `.npy`, NWB, or raw binary (`.bin`, `.dat`,
    `.raw`). The output is whole or absent, and was checked against the SHA-256 of what was compressed.

    **Examples**

    `corticodec decompress recording.npy.ctcz -o again.npy`

    `corticodec decompress recording.dat.ctcz -o part.npy --start 30000 --stop 60000`

    `corticodec decompress recording.wav.ctcz -o recording.nwb`
    """
    from model.files import decompress as files
    from model.files.compressed import CompressedRecording

    recording = CompressedRecording(file)
    contents = recording.contents
    output = output or file.with_name(files.restored_name(recording))
    if files.is_spike_list(recording):
        options.check_left_out(f"{file} holds spike times, all of which are written", start=start or None, stop=stop)
    check_int("start", start, 0, contents.steps)
    stop = contents.steps if stop is None else check_int("stop", stop, start, contents.steps)
    for written in files.outputs(recording, output, start, stop):
        options.check_new(written, force)
    with progress(
        f"writing {output.name}", (stop - start) * contents.signal.bytes // max(1, contents.steps)
    ) as advance:
        if files.is_spike_list(recording):
            files.decompress_spikes(recording, output, workers, advance)
        else:
            files.decompress(recording, output, start, stop, workers, advance)
    print_facts({"output": str(output), "steps": stop - start, "channels": contents.channels}, as_json)


def verify(
    file: options.Compressed,
    against: Annotated[Path | None, typer.Option(help="The source, which must be as it was.")] = None,
    workers: options.Workers = options.WORKERS,
    as_json: options.Json = False,
) -> None:
    """Decode a compressed recording and compare with the SHA-256 of what was compressed; write nothing.

    FILE may also be an archive, a folder that `archive` made. Ends with status 2 if anything is damaged or differs.

    **Examples**

    `corticodec verify recording.npy.ctcz`

    `corticodec verify recording.dat.ctcz --against recording.dat`
    """
    from model.files import decompress as files
    from model.files.compress import file_sha256
    from model.files.compressed import CompressedRecording

    if file.is_dir():
        _verify_archive(file, as_json)
        return
    recording = CompressedRecording(file)
    contents = recording.contents
    with progress(f"verifying {file.name}", contents.signal.bytes) as advance:
        files.verify(recording, workers, advance)
    if against is not None:
        if "sha256" not in contents.source:
            raise ValueError(f"against must be left out: {file} does not know the SHA-256 of its source")
        if file_sha256(against) != contents.source["sha256"]:
            raise CodecError(f"{against} is not what {file} was made of: its SHA-256 differs")
    print_facts(
        {
            "file": str(file),
            "verified": True,
            "steps": contents.steps,
            "channels": contents.channels,
            "lossless": contents.lossless,
            "samples_sha256": contents.samples_sha256,
            "source_sha256": contents.source.get("sha256"),
        },
        as_json,
    )


def _verify_archive(folder: Path, as_json: bool) -> None:
    from model.integrations.archive import archived_bytes, verify_archive

    total = archived_bytes(folder)
    with progress(f"verifying {folder.name}", total) as advance:
        manifest = verify_archive(folder, advance)
    print_facts(
        {"archive": str(folder), "verified": True, "recordings": len(manifest["recordings"]), "bytes": total}, as_json
    )
