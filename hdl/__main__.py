"""Command line of the hardware: `python -m hdl generate`."""

from pathlib import Path
from typing import Annotated

import typer

from hdl.generate import write_verilog
from hdl.isi_encoder import CODERS

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="markdown")


@app.callback()
def main() -> None:
    """Hardware of the Corticodec spike encoder, written in Amaranth."""


@app.command()
def generate(
    channels: Annotated[int, typer.Option(help="Channels of the raster, 1..4096.")] = 1024,
    lanes: Annotated[int, typer.Option(help="Bins taken in a clock cycle, 1..channels.")] = 8,
    coder: Annotated[
        list[str] | None, typer.Option(help=f"Interval coder to build; repeatable. Default: {', '.join(CODERS)}.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Verilog file to write.")] = Path("spike_encoder.v"),
) -> None:
    """Write the encoder as one Verilog file with the top module `spike_encoder`.

    `lanes` changes speed and area, never a byte of the output. Channels need not be a multiple of lanes.

    **Examples**

    `python -m hdl generate --channels 1024 --lanes 8 -o spike_encoder.v`

    `python -m hdl generate --channels 384 --lanes 4 --coder rice -o probe.v`
    """
    try:
        write_verilog(output, channels=channels, lanes=lanes, coders=tuple(coder or CODERS))
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{output}: module spike_encoder, {channels} channels, {lanes} lanes")


if __name__ == "__main__":
    app()
