import random
from collections.abc import Iterator

import cocotb
import pytest

from hdl.layouts import decoded_token
from hdl.rice_decoder import RiceDecoder
from model.golden.bit_packer import BitPacker
from model.golden.rice_coder import RiceCoder as GoldenRiceCoder
from model.golden.rice_decoder import RiceDecoder as GoldenRiceDecoder
from tb.bench import Packing
from tb.codeword_decoders import Payload, compare_tokens, golden_tokens
from tb.simulate import parameters, simulate
from tb.tokens import random_tokens


@pytest.mark.parametrize("channels", [1, 1000, 4096])
def test_rice_decoder(simulator, channels):
    simulate(RiceDecoder(channels), __name__, simulator, channels=channels)


def random_payloads(source: random.Random, channels: int) -> Iterator[Payload]:
    """Yield payloads of the golden coder, escapes among them, and now and then, before a keyframe, any bytes."""
    coder, packer, keyframe = GoldenRiceCoder(), BitPacker(), True
    for token in random_tokens(source, channels, count=1500):
        if token["error"]:
            packer.push(coder.encode(token["gap"]))
        if token["end"]:
            yield keyframe, packer.finish()
            keyframe = source.random() < 0.5
            if keyframe:
                yield True, source.randbytes(source.randrange(6)) + bytes(source.choice((0, 2, 14)))
                coder = GoldenRiceCoder()
            coder.start_epoch()


@cocotb.test()
async def gaps_equal_golden(dut):
    channels = parameters()["channels"]
    source = random.Random(1)
    payloads = list(random_payloads(source, channels))
    expected, golden = [], GoldenRiceDecoder()
    for keyframe, payload in payloads:
        golden = GoldenRiceDecoder() if keyframe else golden
        golden.start_epoch()
        expected.append(golden_tokens(golden, payload, channels))
    assert any(tokens[-1]["bad"] for tokens in expected), "no bad payload"
    await compare_tokens(dut, Packing(decoded_token(channels)), source, payloads, expected)
