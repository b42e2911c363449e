"""`corticodec report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.commands import options
from model.commands.show import print_facts
from model.files.hints import Hints

ZIP_MAGIC = b"PK"


@options.with_hints
def report(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `compress` wrote, or packets: serial framing or a container.")
    ],
    hints: Hints,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The page.  [default: FILE.html]")] = None,
    against: Annotated[
        Path | None, typer.Option(help="The source, to draw under what is decoded, and for the errors of lossy files.")
    ] = None,
    force: options.Force = False,
    step_ms: Annotated[
        float | None, typer.Option(min=0.001, help="Of packets: the length of a step.  [default: 1]")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Write a page that shows a recording: one HTML file that needs no other.

    Traces or raster, original over decoded; a histogram of errors; spectrum; bytes by part; bits over time; for
    packets, bits per epoch and losses.

    **Examples**

    `corticodec report recording.npy.ctcz`

    `corticodec report implant.wav.ctcz --against implant.wav -o report.html`

    `corticodec report captured.bin --step-ms 0.05 -o report.html`
    """
    from model.files.compressed import CompressedRecording
    from model.files.open import check_hints, open_recording
    from model.files.whole import whole_file
    from model.report import packets, recordings
    from model.sources import from_file

    output = output or file.with_name(f"{file.name}.html")
    options.check_new(output, force)
    with file.open("rb") as opened:
        is_recording = opened.read(len(ZIP_MAGIC)) == ZIP_MAGIC
    check_hints(hints, *([] if against is None else [against]))
    if is_recording:
        options.check_left_out(f"{file} is no stream of packets", step_ms=step_ms)
        source = None if against is None else open_recording(against, hints)
        page = recordings.report(CompressedRecording(file), source)
    else:
        options.check_left_out("packets tell all that there is", against=against)
        page = packets.report(from_file(str(file)), step_ms or 1.0)
    with whole_file(output) as written:
        written.write(page.html().encode())
    print_facts({"output": str(output), "figures": len(page.figures), "bytes": output.stat().st_size}, as_json)
