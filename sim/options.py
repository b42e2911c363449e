"""The options that the commands of `python -m sim` share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, NamedTuple, cast

import typer

from model.golden import Settings
from model.golden.settings import CHANNELS_MAX, CoderName, check_int
from model.synth import physiological_raster
from sim.loaders import Recording, Window, check_bins, load
from sim.stimulus import Stimulus

SYNTHETIC_CHANNELS = 256
SYNTHETIC_SECONDS = 2.0
SYNTHETIC_SEED = 42
DEFAULTS = Settings()

DATA, ENCODER, LINK = "Data", "Encoder settings, sent in every keyframe", "Hardware and link"


class Request(NamedTuple):
    """What a command is to send through the encoder, and how."""

    recording: Recording
    stimulus: Stimulus


def make_request(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A 0/1 raster (steps, channels) in .npy or .npz; a .csv with a header, whose columns named unit... "
            "are the channels; a folder with spike_times.npy and spike_clusters.npy; spike times in .h5 or .mat. "
            "Without it, a seeded raster with the habits of cortex.",
            rich_help_panel=DATA,
        ),
    ] = None,
    channels: Annotated[
        int | None,
        typer.Option(
            help="Keep so many channels, the first ones.  [default: all; synthetic 256]", rich_help_panel=DATA
        ),
    ] = None,
    bin_ms: Annotated[
        float, typer.Option(help="Length of a step; of a raster, what its rows have.", rich_help_panel=DATA)
    ] = 1.0,
    start: Annotated[float, typer.Option(help="Skip so many seconds.", rich_help_panel=DATA)] = 0.0,
    duration: Annotated[
        float | None,
        typer.Option(help="Keep so many seconds.  [default: to the end; synthetic 2]", rich_help_panel=DATA),
    ] = None,
    fs_hz: Annotated[
        float | None,
        typer.Option(help="Sample rate of the spike times in a folder.  [default: 30000]", rich_help_panel=DATA),
    ] = None,
    alpha_q8: Annotated[
        int, typer.Option(help="Adaptation rate in 1/256; 0 switches prediction off.", rich_help_panel=ENCODER)
    ] = DEFAULTS.alpha_q8,
    sharpness: Annotated[
        int, typer.Option(help="0: predict with probability rate; 15: where it is above 1/2.", rich_help_panel=ENCODER)
    ] = DEFAULTS.sharpness,
    seed: Annotated[int, typer.Option(help="Seed of channel 0's LFSR.", rich_help_panel=ENCODER)] = DEFAULTS.seed,
    coder: Annotated[
        str, typer.Option(help="Interval coder: rice or leb128.", rich_help_panel=ENCODER)
    ] = DEFAULTS.coder,
    epoch_steps: Annotated[
        int, typer.Option(help="Steps of a packet.", rich_help_panel=ENCODER)
    ] = DEFAULTS.epoch_steps,
    keyframe_interval: Annotated[
        int, typer.Option(help="Packets from one keyframe to the next.", rich_help_panel=ENCODER)
    ] = DEFAULTS.keyframe_interval,
    lanes: Annotated[int, typer.Option(help="Bins taken in a clock cycle; changes no byte.", rich_help_panel=LINK)] = 8,
    gaps: Annotated[
        float, typer.Option(help="Chance in each cycle that the source begins to pause.", rich_help_panel=LINK)
    ] = 0.0,
    stalls: Annotated[
        float, typer.Option(help="Chance in each cycle that the sink begins to be busy.", rich_help_panel=LINK)
    ] = 0.0,
    pause_seed: Annotated[int, typer.Option(help="Seed of the pauses.", rich_help_panel=LINK)] = 1,
) -> Request:
    """Load or make the raster.

    Raises
    ------
    ValueError
        An option is out of range, or the data cannot be used.
    """
    settings = Settings(
        alpha_q8=alpha_q8,
        sharpness=sharpness,
        seed=seed,
        coder=cast("CoderName", coder),  # checked there, in a better sentence than typer's
        epoch_steps=epoch_steps,
        keyframe_interval=keyframe_interval,
    )
    if data is not None:
        recording = load(data, Window(bin_ms, start, duration, channels), fs_hz)
    elif start or fs_hz is not None:
        raise ValueError("start and fs_hz are for recordings; name one with --data")
    else:
        recording = _synthetic(channels, bin_ms, duration)
    return Request(recording, Stimulus(recording.raster, settings, lanes, gaps, stalls, pause_seed))


def with_request(**defaults: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `make_request`, with other `defaults`, and call it with the `Request` they make."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        shared = [
            option.replace(default=defaults.get(option.name, option.default))
            for option in inspect.signature(make_request, eval_str=True).parameters.values()
        ]

        @wraps(command)
        def with_options(**options: object) -> None:
            arguments = {option.name: options.pop(option.name) for option in own}
            make: Callable[..., Request] = make_request
            command(make(**options), **arguments)

        parameters = [*shared, *(option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in own)]
        del with_options.__wrapped__
        with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        with_options.__annotations__ = {option.name: option.annotation for option in parameters}
        return with_options

    return decorate


def _synthetic(channels: int | None, bin_ms: float, duration_s: float | None) -> Recording:
    window = Window(bin_ms, duration_s=SYNTHETIC_SECONDS if duration_s is None else duration_s)
    channels = SYNTHETIC_CHANNELS if channels is None else channels
    check_int("channels", channels, 1, CHANNELS_MAX)
    check_bins(window.duration_steps, channels, bin_ms)
    raster = physiological_raster(channels, window.duration_steps, bin_ms, SYNTHETIC_SEED)
    return Recording(f"synthetic, seed {SYNTHETIC_SEED}", raster, bin_ms)
