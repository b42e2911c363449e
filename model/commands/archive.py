"""`corticodec archive`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from model.commands import options
from model.commands.show import print_facts, print_note, progress
from model.files.extras import need
from model.files.hints import Hints

MEGABYTE = 1_000_000


@options.with_hints
def archive(
    sources: Annotated[list[Path], typer.Argument(metavar="SOURCE...", help="Recordings, as for `compress`.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="The archive, a folder.")],
    hints: Hints,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler.  [default: a cluster on this machine]")
    ] = None,
    max_error: Annotated[
        float | None, typer.Option(help="Let samples change by up to so many units.  [default: none changes]")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="`fast`, or `best`, a tenth as fast and smaller.  [default: fast]")
    ] = None,
    chunk_seconds: Annotated[float, typer.Option(help="What is decoded at a time.")] = 1.0,
    shard_mb: Annotated[int, typer.Option(min=1, help="Most megabytes of samples in a file.")] = 256,
    workers: Annotated[
        int | None, typer.Option(min=1, help=f"Processes on this machine.  [default: {options.WORKERS}]")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Archive recordings as sharded Zarr on Dask, verified as they are written.

    If it is cut off, the same command goes on where it was. `corticodec verify DEST` checks an archive. All workers
    must reach sources and DEST by the same paths.

    **Examples**

    `corticodec archive session1.dat session2.dat archive.zarr --channels 384 --fs 30000`

    `corticodec archive *.nwb archive.zarr --scheduler tcp://10.0.0.1:8786`
    """
    from model.files.open import check_hints, open_recording
    from model.formats.chunk import SpikeCoder, WaveformCoder
    from model.integrations import archive as archives

    if scheduler is not None:
        options.check_left_out("the scheduler has its own", workers=workers)
    check_hints(hints, *sources)
    coder = WaveformCoder("lossless" if max_error is None else "bounded", preset or "fast", max_error)
    if not 0 < chunk_seconds < float("inf"):
        raise ValueError(f"chunk_seconds must be a number above 0, not {chunk_seconds}")
    for source in sources:
        print_note(open_recording(source, hints))
    plans = [archives.plan(source, hints, coder, chunk_seconds, shard_mb * MEGABYTE) for source in sources]
    for one in plans:
        if one.coder == SpikeCoder.name:
            options.check_left_out(f"{one.source} holds spikes", max_error=max_error, preset=preset)
    total = sum(one.source_bytes for one in plans)
    with _client(scheduler, workers or options.WORKERS) as client:
        typer.echo(f"Dashboard: {client.dashboard_link}", err=True)
        with progress(f"archiving to {destination.name}", total) as advance:
            manifest = archives.archive(plans, destination, client, advance)
    stored = sum(recording["stored_bytes"] for recording in manifest["recordings"])
    print_facts(
        {
            "archive": str(destination),
            "recordings": len(plans),
            "shards": sum(one.n_shards for one in plans),
            "source_bytes": total,
            "stored_bytes": stored,
            "ratio": total / stored if stored else None,
        },
        as_json,
    )


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[Any]:
    distributed = need("distributed", "archive", "archiving")
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout=10)
        except (OSError, ValueError) as error:
            raise ValueError(f"scheduler {scheduler} cannot be reached: {error}") from None
        with client:
            yield client
        return
    with (
        distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
