"""The command line: python -m board."""

import json
from pathlib import Path
from typing import Annotated

import typer

from board.build import build, figures
from board.icebreaker import CHANNELS_MAX, CLOCK_HZ, LANES

app = typer.Typer(add_completion=False)


@app.command()
def main(
    channels: Annotated[int, typer.Option(min=LANES, max=CHANNELS_MAX, help="Channels of the raster.")] = 1024,
    output: Annotated[
        Path | None, typer.Option("--figures", help="File for clock and cells, such as docs/board.json.")
    ] = None,
) -> None:
    """Build the bitstream of the encoder on an iCEBreaker (iCE40 UP5K), by Yosys, nextpnr and icepack."""
    try:
        built = build(channels)
    except RuntimeError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    used = ", ".join(f"{number} {name}" for name, number in built.timing["utilization"].items())
    typer.echo(
        f"{built.path}: {built.path.stat().st_size:,} bytes; {built.timing['megahertz']} MHz reached, ", nl=False
    )
    typer.echo(f"{CLOCK_HZ / 1e6:g} MHz needed; {used}")
    if output is not None:
        output.write_text(json.dumps(figures(built, channels), indent=1) + "\n")


if __name__ == "__main__":
    app()
