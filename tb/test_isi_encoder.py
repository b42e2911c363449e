import random
from collections.abc import Iterable, Iterator

import cocotb
import pytest

from hdl.isi_encoder import CODERS, IsiEncoder
from hdl.layouts import PAYLOAD_BYTE, word
from model.golden.isi_encoder import IsiEncoder as GoldenIsiEncoder
from model.golden.settings import CODER_IDS
from tb.bench import PAUSES, Stream, compare_block
from tb.simulate import parameters, simulate
from tb.words import Epoch, marked_words, random_epochs


@pytest.mark.parametrize(("channels", "lanes"), [(7, 3), (64, 8)])
def test_isi_encoder(simulator, channels, lanes):
    simulate(IsiEncoder(channels, lanes), __name__, simulator, channels=channels, lanes=lanes, coders=list(CODERS))


@pytest.mark.parametrize("coder", CODERS)
def test_isi_encoder_with_one_coder(simulator, coder):
    simulate(IsiEncoder(10, 4, (coder,)), __name__, simulator, channels=10, lanes=4, coders=[coder])


def expected_payloads(epochs: Iterable[Epoch]) -> Iterator[bytes]:
    names = {number: name for name, number in CODER_IDS.items()}
    for epoch in epochs:
        if epoch.keyframe:
            golden = GoldenIsiEncoder(names[epoch.coder])
        else:
            golden.start_epoch()
        for error in epoch.bins:
            golden.push(error)
        yield golden.finish()


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def payloads_equal_golden(dut, pauses):
    channels, lanes, coders = (parameters()[name] for name in ("channels", "lanes", "coders"))
    numbers = [CODER_IDS[name] for name in coders]
    epochs = random_epochs(random.Random(pauses), channels, count=60, steps_max=8, coders=numbers)
    assert {epoch.coder for epoch in epochs} == set(numbers)
    words = [item for epoch in epochs for item in marked_words(epoch, lanes)]
    i = Stream.of_block(dut, "i", word(lanes))
    o = Stream.of_block(dut, "o", PAYLOAD_BYTE)
    await compare_block(dut, pauses, i, words, o, expected_payloads(epochs), joined_by="end")
