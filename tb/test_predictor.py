import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import cocotb
import pytest

from hdl.layouts import SETTINGS, word
from hdl.predictor import Predictor
from model.golden.predictor import Predictor as GoldenPredictor
from model.golden.settings import Settings
from model.golden.xor_array import XorArray
from tb.bench import PAUSES, Packing, Stream, compare_block
from tb.requests import random_settings, request
from tb.simulate import parameters, simulate
from tb.words import Epoch, marked_words, random_epochs


# Rows of 1, 2 and 3 words, of which one comes at a time, and of 4 and more.
@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (8, 8), (7, 4), (7, 3), (16, 4), (40, 1)])
def test_predictor(simulator, channels, lanes):
    simulate(Predictor(channels, lanes), __name__, simulator, channels=channels, lanes=lanes)


def settings_in_force(source: random.Random, epochs: Sequence[Epoch]) -> Iterator[Settings]:
    """Yield the settings of each epoch; they change at keyframes."""
    for epoch in epochs:
        if epoch.keyframe:
            settings = random_settings(source)
        yield settings


def errors(epochs: Sequence[Epoch], settings: Sequence[Settings]) -> Iterator[Epoch]:
    """Yield each epoch with errors for spikes."""
    for epoch, in_force in zip(epochs, settings, strict=True):
        if epoch.keyframe:
            golden = GoldenPredictor(len(epoch.rows[0]), in_force)
        rows = []
        for row in epoch.rows:
            rows.append(XorArray().apply(row, golden.predict()))
            golden.learn(row)
        yield replace(epoch, rows=rows)


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def errors_equal_golden(dut, pauses):
    channels, lanes = parameters()["channels"], parameters()["lanes"]
    random_source = random.Random(pauses)
    epochs = random_epochs(random_source, channels, count=60, steps_max=10)
    settings = list(settings_in_force(random_source, epochs))
    expected = list(errors(epochs, settings))
    assert expected != epochs, "nothing predicted"

    words = [
        (item, in_force)
        for epoch, in_force in zip(epochs, settings, strict=True)
        for item in marked_words(epoch, lanes)
    ]
    packing = Packing(SETTINGS)

    def put_settings(index: int) -> None:
        """Put those of the word that was taken last."""
        if index:
            dut.settings.value = packing.pack(request(words[index - 1][1]))

    spike_words = [item for item, _ in words]
    error_words = [item for epoch in expected for item in marked_words(epoch, lanes)]
    i = Stream.of_block(dut, "i", word(lanes))
    o = Stream.of_block(dut, "o", word(lanes))
    await compare_block(dut, pauses, i, spike_words, o, error_words, on_next=put_settings)
