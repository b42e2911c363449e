"""`corticodec recommend` and `corticodec bench`: coders on a sample of one's own recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.commands import options
from model.commands.show import print_measured, print_note
from model.files.hints import Hints

if TYPE_CHECKING:
    from model.files.recording import Recording


@options.with_hints
def recommend(
    source: options.Source,
    hints: Hints,
    as_json: options.Json = False,
) -> None:
    """Measure this package's coders on the middle of a recording, and recommend one.

    **Examples**

    `corticodec recommend recording.npy`

    `corticodec recommend recording.dat --channels 384 --fs 30000`
    """
    from model.files.survey import recommended, sample_of, survey

    recording, raster = _opened(source, hints)
    measured = survey(sample_of(recording), raster, general=False)
    _, reason = recommended(measured)
    print_measured(measured, reason, as_json)


@options.with_hints
def bench(
    source: options.Source,
    hints: Hints,
    as_json: options.Json = False,
) -> None:
    """Measure this package's coders and general ones side by side, on the middle of a recording, each on one core.

    **Examples**

    `corticodec bench recording.npy`

    `corticodec bench recording.wav --json`
    """
    from model.files.survey import sample_of, survey

    recording, raster = _opened(source, hints)
    rows = sample_of(recording)
    measured = survey(rows, raster, general=True)
    reason = (
        f"Measured on {rows.shape[0]:,} steps of {rows.shape[1]:,} channels, {rows.nbytes:,} bytes of {rows.dtype}."
    )
    print_measured(measured, reason, as_json)


def _opened(source: options.Source, hints: Hints) -> tuple[Recording, bool]:
    """Return a recording, and whether it is a raster of spikes."""
    from model.files.open import check_hints, is_raster, is_spike_folder, open_recording
    from model.files.spike_folder import SpikeFolder

    check_hints(hints, source)
    if is_spike_folder(source):
        return SpikeFolder.read(source).raster(hints.sampling_hz), True
    recording = open_recording(source, hints)
    print_note(recording)
    return recording, is_raster(recording)
