import random
from collections.abc import Iterator

import cocotb
import pytest

from hdl.layouts import part_token, rice_token
from hdl.leb128_coder import Leb128Coder
from model.golden.leb128_coder import Leb128Coder as GoldenLeb128Coder
from tb.bench import PAUSES, Item, Stream, compare_block
from tb.simulate import parameters, simulate
from tb.tokens import coded_tokens, random_tokens


@pytest.mark.parametrize("channels", [1, 1000, 4096])
def test_leb128_coder(simulator, channels):
    simulate(Leb128Coder(channels), __name__, simulator, channels=channels)


def meaning(part: Item) -> Item:
    return part | {"gap": part["gap"] % 128} if part["error"] and part["leb128"] else part


def expected_parts(token: Item) -> Iterator[Item]:
    """Yield the token, or one for each byte of its gap's code."""
    if not token["error"] or not token["leb128"]:
        yield token | {"more": 0}
        return
    codeword = GoldenLeb128Coder().encode(token["gap"])
    for byte in codeword.value.to_bytes(codeword.width // 8, "big"):
        more = byte >> 7
        yield token | {"gap": byte & 127, "more": more, "end": token["end"] & ~more}


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def groups_equal_golden(dut, pauses):
    channels = parameters()["channels"]
    source = random.Random(pauses)
    names = {"gap", "leb128", "error", "end"}
    tokens = [
        {name: value for name, value in token.items() if name in names} | {"k": source.randrange(16)}
        for token in coded_tokens(random_tokens(source, channels, count=1500))
    ]
    i = Stream.of_block(dut, "i", rice_token(channels))
    o = Stream.of_block(dut, "o", part_token(channels), meaning=meaning)
    await compare_block(dut, pauses, i, tokens, o, [part for token in tokens for part in expected_parts(token)])
