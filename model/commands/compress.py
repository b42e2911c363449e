"""`corticodec compress`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.commands import options
from model.commands.show import print_facts, print_note, progress
from model.files import SUFFIX
from model.files.hints import Hints

if TYPE_CHECKING:
    from model.formats.chunk import ChunkCoder


@options.with_hints
def compress(
    source: options.Source,
    hints: Hints,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=f"The compressed file.  [default: SOURCE{SUFFIX}]")
    ] = None,
    max_error: Annotated[
        float | None, typer.Option(help="Let samples change by up to so many units.  [default: none changes]")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Of samples: `fast`, or `best`, a tenth as fast and smaller.  [default: fast]")
    ] = None,
    codec: Annotated[str | None, typer.Option(help="Of spikes: a codec by its name.  [default: isi]")] = None,
    force: options.Force = False,
    workers: options.Workers = options.WORKERS,
    as_json: options.Json = False,
) -> None:
    """Compress a recording to a file, without loss unless `--max-error` allows one.

    Arrays and files of bytes that are all 0 or 1 are taken for rasters of spikes, and everything else for samples.
    The output is whole or absent: it gets its name once all is on the disk.

    **Examples**

    `corticodec compress recording.npy`

    `corticodec compress recording.dat --channels 384 --fs 30000 --gain 0.195 -o recording.ctcz`

    `corticodec compress implant.wav --max-error 2`

    `corticodec compress kilosort_folder --codec predictive`
    """
    from model.files import compress as files
    from model.files.open import check_hints, is_raster, is_spike_folder, open_recording
    from model.files.spike_folder import SpikeFolder
    from model.formats.chunk import SpikeCoder, WaveformCoder

    check_hints(hints, source)
    started = time.monotonic()
    output = output or source.parent / f"{source.resolve().name}{SUFFIX}"
    options.check_new(output, force)
    if output.resolve() == source.resolve():
        raise ValueError(f"output {output} must not be the source")
    waveform_coder = WaveformCoder("lossless" if max_error is None else "bounded", preset or "fast", max_error)
    spike_coder = SpikeCoder(codec or "isi")
    if is_spike_folder(source):
        options.check_left_out(f"{source} holds spikes", max_error=max_error, preset=preset)
        folder = SpikeFolder.read(source)
        with progress(f"compressing {source.name}", folder.raster(hints.sampling_hz).signal.bytes) as advance:
            contents = files.compress_spikes(folder, output, spike_coder, workers, advance, hints.sampling_hz)
    else:
        recording = open_recording(source, hints)
        print_note(recording)
        if is_raster(recording):
            options.check_left_out(f"{source} holds spikes", max_error=max_error, preset=preset)
            coder: ChunkCoder = spike_coder
        else:
            options.check_left_out(f"{source} holds samples, no raster of bytes 0 and 1", codec=codec)
            coder = waveform_coder
        with progress(f"compressing {source.name}", recording.signal.bytes) as advance:
            contents = files.compress(recording, output, coder, workers, advance)
    seconds, size, written = time.monotonic() - started, contents.source["bytes"], output.stat().st_size
    print_facts(
        {
            "output": str(output),
            "steps": contents.steps,
            "channels": contents.channels,
            "dtype": contents.dtype,
            "coder": str(contents.coder["name"]),
            "lossless": contents.lossless,
            "worst_error": None if contents.lossless else contents.worst_error,
            "rms_error": None if contents.lossless else contents.rms_error,
            "source_bytes": size,
            "compressed_bytes": written,
            "ratio": size / written,
            "seconds": round(seconds, 3),
            "mb_per_s": size / 1e6 / seconds,
        },
        as_json,
    )
