"""`corticodec demo`."""

from __future__ import annotations

from rich.console import Console

from model.commands import options
from model.commands.show import print_measured


def demo(as_json: options.Json = False) -> None:
    """Compress a synthetic recording, one second of 64 channels, and its spikes, and show what became of them.

    **Example**

    `corticodec demo`
    """
    from model.files.survey import recommended, survey
    from model.synth import physiological_raster, realistic_waveform

    waveform, _ = realistic_waveform(20_000, 64)
    measured = survey(waveform, raster=False, general=True)
    print_measured(measured, recommended(measured)[1], as_json)
    if as_json:
        return
    raster = physiological_raster(256, 20_000)
    measured = survey(raster, raster=True, general=True)
    Console().print("\nSpikes of 256 channels, 20 s in steps of 1 ms, a byte each:")
    print_measured(measured, recommended(measured)[1], as_json)
