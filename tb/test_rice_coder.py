import random
from collections.abc import Iterable, Iterator

import cocotb
import pytest

from hdl.layouts import CODEWORD, coded_token
from hdl.rice_coder import RiceCoder
from model.golden.codeword import Codeword
from model.golden.leb128_coder import Leb128Coder as GoldenLeb128Coder
from model.golden.rice_coder import ESCAPE
from model.golden.rice_coder import RiceCoder as GoldenRiceCoder
from tb.bench import PAUSES, Item, Stream, compare_block
from tb.codewords import codeword_item
from tb.simulate import parameters, simulate
from tb.tokens import coded_tokens, random_tokens


@pytest.mark.parametrize("channels", [1, 1000, 4096])
def test_rice_coder(simulator, channels):
    simulate(RiceCoder(channels), __name__, simulator, channels=channels)


def expected_items(tokens: Iterable[Item]) -> Iterator[Item]:
    """Yield the codeword of each token; of one for LEB128 that of each byte."""
    golden, first = GoldenRiceCoder(), True
    for token in tokens:
        if first:
            golden = GoldenRiceCoder() if token["keyframe"] else golden
            golden.start_epoch()
        if not token["error"]:
            codewords = [Codeword(0, 0, 0)]
        elif token["leb128"]:
            code = GoldenLeb128Coder().encode(token["gap"])
            codewords = [Codeword(0, byte, 8) for byte in code.value.to_bytes(code.width // 8, "big")]
        else:
            codewords = [golden.encode(token["gap"])]
        last = len(codewords) - 1
        yield from (codeword_item(one, token["end"] and place == last) for place, one in enumerate(codewords))
        first = bool(token["end"])


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def codewords_equal_golden(dut, pauses):
    channels = parameters()["channels"]
    tokens = coded_tokens(random_tokens(random.Random(pauses), channels, count=3000))
    items = list(expected_items(tokens))
    assert any(item["length"] > ESCAPE + 1 for item in items), "no escape"
    i = Stream.of_block(dut, "i", coded_token(channels))
    o = Stream.of_block(dut, "o", CODEWORD)
    await compare_block(dut, pauses, i, tokens, o, items)
