import random

import cocotb
import pytest

from hdl.layouts import CODEWORD, gap_token
from hdl.leb128_coder import Leb128Coder
from model.golden.codeword import Codeword
from model.golden.leb128_coder import Leb128Coder as GoldenLeb128Coder
from tb.bench import PAUSES, Item, Stream, compare_block
from tb.codewords import codeword_item
from tb.simulate import parameters, simulate
from tb.tokens import random_tokens


@pytest.mark.parametrize("channels", [1, 1000, 4096])
def test_leb128_coder(simulator, channels):
    simulate(Leb128Coder(channels), __name__, simulator, channels=channels)


def expected_codeword(token: Item) -> Item:
    codeword = GoldenLeb128Coder().encode(token["gap"]) if token["error"] else Codeword(0, 0, 0)
    return codeword_item(codeword, token["end"])


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def codewords_equal_golden(dut, pauses):
    channels = parameters()["channels"]
    tokens = random_tokens(random.Random(pauses), channels, count=1500)
    i = Stream.of_block(dut, "i", gap_token(channels))
    o = Stream.of_block(dut, "o", CODEWORD)
    await compare_block(dut, pauses, i, tokens, o, map(expected_codeword, tokens))
