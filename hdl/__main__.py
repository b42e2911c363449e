"""Command line of the hardware: `python -m hdl generate`, `python -m hdl registers`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from amaranth.lib import wiring

from hdl.generate import TOP_NAME, write_component_verilog
from hdl.isi_encoder import CODERS
from hdl.register_page import register_page
from hdl.spike_decoder_soc import SpikeDecoderSoc
from hdl.spike_decoder_top import SpikeDecoderTop
from hdl.spike_encoder_soc import SpikeEncoderSoc
from hdl.spike_encoder_top import SpikeEncoderTop
from model.command_line import BAD_INPUT, run

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="markdown")


class Top(Enum):
    """What can be generated."""

    ENCODER = "encoder"
    ENCODER_SOC = "encoder-soc"
    DECODER = "decoder"
    DECODER_SOC = "decoder-soc"


ENCODERS: dict[Top, tuple[str, Callable[..., wiring.Component]]] = {
    Top.ENCODER: (TOP_NAME, SpikeEncoderTop),
    Top.ENCODER_SOC: ("spike_encoder_soc", SpikeEncoderSoc),
}
"""Module and component of the tops that have coders to choose."""

DECODERS: dict[Top, tuple[str, Callable[..., wiring.Component]]] = {
    Top.DECODER: ("spike_decoder", SpikeDecoderTop),
    Top.DECODER_SOC: ("spike_decoder_soc", SpikeDecoderSoc),
}
"""Those of the tops that decode every coder."""


@contextmanager
def _errors_shown(output: Path | None) -> Iterator[None]:
    """Show what is wrong with the arguments or with the file to write in one line, and end with status 2."""
    try:
        if output is not None and output.is_dir():
            raise ValueError(f"output must be a file, not the folder {output}")
        yield
    except ValueError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"output {output} cannot be written: {error.strerror}")


def _fail(sentence: str) -> None:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(BAD_INPUT) from None


@app.callback()
def main() -> None:
    """Hardware of the Corticodec spike encoder, written in Amaranth."""


@app.command()
def generate(
    channels: Annotated[int, typer.Option(help="Channels of the raster, 1..4096.")] = 1024,
    lanes: Annotated[int, typer.Option(help="Bins taken in a clock cycle, 1..channels.")] = 8,
    coder: Annotated[
        list[str] | None,
        typer.Option(help=f"Interval coder to build; repeatable, encoders only. Default: {', '.join(CODERS)}."),
    ] = None,
    top: Annotated[
        Top, typer.Option(help="Encoder or decoder, with plain ports or, in a system on chip, AXI4-Lite registers.")
    ] = Top.ENCODER,
    voted: Annotated[
        bool, typer.Option("--voted", help="Keep control registers in three copies, against upsets; a third more LUTs.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Verilog file to write. Default: the module's name, and .v.")
    ] = None,
) -> None:
    """Write the encoder or the decoder as one Verilog file.

    Its top module is `spike_encoder`, `spike_encoder_soc`, `spike_decoder` or `spike_decoder_soc`. `lanes` changes
    speed and area, never a byte of the stream. Channels need not be a multiple of lanes.

    **Examples**

    `python -m hdl generate --channels 1024 --lanes 8 -o spike_encoder.v`

    `python -m hdl generate --channels 384 --lanes 4 --coder rice -o probe.v`

    `python -m hdl generate --top decoder-soc --channels 384 --lanes 4`
    """
    with _errors_shown(output):
        name, component = _component(top, channels, lanes, coder)
        output = output or Path(f"{name}.v")
        write_component_verilog(component, name, output, voted=voted)
    typer.echo(f"{output}: module {name}, {channels} channels, {lanes} lanes")


def _component(top: Top, channels: int, lanes: int, coder: list[str] | None) -> tuple[str, wiring.Component]:
    """Return the name of a top module and what it holds."""
    if top in ENCODERS:
        name, component = ENCODERS[top]
        return name, component(channels, lanes, tuple(coder or CODERS))
    if coder:
        raise ValueError(f"coder must be left out for the decoder, which decodes every coder, not {', '.join(coder)}")
    name, component = DECODERS[top]
    return name, component(channels, lanes)


@app.command()
def registers(
    output: Annotated[Path, typer.Option("--output", "-o", help="Markdown file to write.")] = Path("registers.md"),
) -> None:
    """Write the documentation of the registers of `spike_encoder_soc` and `spike_decoder_soc`.

    **Example**

    `python -m hdl registers -o docs/registers.md`
    """
    with _errors_shown(output):
        output.write_text(register_page())
    typer.echo(f"{output}: written")


if __name__ == "__main__":
    run(app, "python -m hdl")
