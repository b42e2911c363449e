import random
from collections.abc import Iterator

import cocotb
import pytest

from hdl.layouts import decoded_token
from hdl.leb128_decoder import Leb128Decoder
from model.golden.bit_packer import BitPacker
from model.golden.leb128_coder import Leb128Coder as GoldenLeb128Coder
from model.golden.leb128_decoder import Leb128Decoder as GoldenLeb128Decoder
from tb.bench import Packing
from tb.codeword_decoders import Payload, compare_tokens, golden_tokens
from tb.simulate import parameters, simulate
from tb.tokens import random_tokens

BAD = (b"\x80", b"\x80\0", b"\xff\xff\xff\xff\x7f", b"\x01\x80")
TOO_LONG = b"\x05\x80\x80\x04\x05"
"""A gap of 2^16 bins, which is too long for one channel."""


@pytest.mark.parametrize("channels", [1, 4096])
def test_leb128_decoder(simulator, channels):
    simulate(Leb128Decoder(channels), __name__, simulator, channels=channels)


def random_payloads(source: random.Random, channels: int) -> Iterator[Payload]:
    """Yield payloads of the golden coder, and in between some that no coder writes."""
    packer = BitPacker()
    for token in random_tokens(source, channels, count=1500):
        if token["error"]:
            packer.push(GoldenLeb128Coder().encode(token["gap"]))
        if token["end"]:
            yield False, packer.finish()
            yield True, source.choice((*BAD, TOO_LONG))


@cocotb.test()
async def gaps_equal_golden(dut):
    channels = parameters()["channels"]
    source = random.Random(1)
    payloads = list(random_payloads(source, channels))
    expected = [golden_tokens(GoldenLeb128Decoder(), payload, channels) for _, payload in payloads]
    assert any(tokens[-1]["bad"] for tokens in expected), "no bad payload"
    await compare_tokens(dut, Packing(decoded_token(channels)), source, payloads, expected)
