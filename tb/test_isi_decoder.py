import random
from collections.abc import Iterator
from dataclasses import dataclass

import cocotb
import pytest

from hdl.isi_decoder import IsiDecoder
from hdl.layouts import CODING, PAYLOAD_BYTE, TAG_BITS, decoded_token
from model.golden.isi_encoder import IsiEncoder
from model.golden.settings import CODER_IDS
from tb.bench import PAUSES, Bench, Item, Stream
from tb.requests import CODER_NAMES
from tb.simulate import parameters, simulate
from tb.test_bit_unpacker import payload_items
from tb.words import random_epochs


@pytest.mark.parametrize("channels", [1, 64, 1000])
def test_isi_decoder(simulator, channels):
    simulate(IsiDecoder(channels), __name__, simulator, channels=channels)


@dataclass(frozen=True)
class Payload:
    """What the golden encoder makes of an epoch."""

    keyframe: bool
    coder: int
    tag: int
    bins: list[int]
    data: bytes

    def tokens(self) -> Iterator[Item]:
        """Yield the tokens that it must decode to."""
        before = -1
        for place in (place for place, error in enumerate(self.bins) if error):
            yield {"tag": self.tag, "gap": place - before - 1, "error": 1, "end": 0, "bad": 0}
            before = place
        yield {"tag": self.tag, "gap": None, "error": 0, "end": 1, "bad": 0}


def random_payloads(source: random.Random, channels: int) -> Iterator[Payload]:
    encoder = None
    for number, epoch in enumerate(random_epochs(source, channels, count=40, steps_max=max(2, 800 // channels))):
        if epoch.keyframe or encoder is None:
            encoder = IsiEncoder(CODER_NAMES[epoch.coder])
        else:
            encoder.start_epoch()
        for error in epoch.bins:
            encoder.push(error)
        yield Payload(epoch.keyframe, epoch.coder, number % (1 << TAG_BITS), epoch.bins, encoder.finish())


def without_meaningless(token: Item) -> Item:
    return token if token["error"] else token | {"gap": None}


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def gaps_equal_golden(dut, pauses):
    channels = parameters()["channels"]
    random_source = random.Random(pauses)
    payloads = list(random_payloads(random_source, channels))
    assert {payload.coder for payload in payloads} == set(CODER_IDS.values())
    source, sink = PAUSES[pauses]
    coding, i = Stream.of_block(dut, "coding", CODING), Stream.of_block(dut, "i", PAYLOAD_BYTE)
    o = Stream.of_block(dut, "o", decoded_token(channels), meaning=without_meaningless)
    async with Bench(dut) as bench:
        bench.watch(coding)
        bench.watch(i)
        bench.watch(o, [token for payload in payloads for token in payload.tokens()])
        codings = [{"tag": each.tag, "keyframe": int(each.keyframe), "coder": each.coder} for each in payloads]
        bench.drive(coding, codings, source(1))
        bench.drive(i, [item for each in payloads for item in payload_items(random_source, each.data)], source(2))
        bench.drain(o, sink(o, 3))
