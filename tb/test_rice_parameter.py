import random

import cocotb
import pytest

from hdl.layouts import coded_token, rice_token
from hdl.rice_parameter import RiceParameter
from model.golden.leb128_coder import GROUP_BITS
from model.golden.rice_debt import DEBT_LIMIT
from model.golden.rice_mean import GAP_CLIP, K_MAX
from model.golden.rice_parameter import RiceParameter as GoldenRiceParameter
from tb.bench import PAUSES, Item, Stream, compare_block
from tb.simulate import parameters, simulate
from tb.tokens import coded_tokens, random_tokens


@pytest.mark.parametrize("channels", [1, 1000])
def test_rice_parameter(simulator, channels):
    simulate(RiceParameter(channels), __name__, simulator, channels=channels)


def without_meaningless(token: Item) -> Item:
    return token if token["error"] else token | {"k": None}


class Reference:
    """The golden parameter over tokens. It notes which of its cases came up."""

    def __init__(self) -> None:
        self.golden = GoldenRiceParameter()
        self.first = True
        self.met: set[str] = set()

    def token(self, token: Item) -> Item:
        if self.first:
            self.golden = GoldenRiceParameter() if token["keyframe"] else self.golden
            self.golden.start_epoch()
        k = self.golden.k if token["error"] else None
        if token["error"] and token["leb128"]:
            k = GROUP_BITS
        elif token["error"]:
            self._note(token["gap"])
            self.golden.update(token["gap"])
        self.first = bool(token["end"])
        return {name: token[name] for name in ("gap", "leb128", "error", "end")} | {"k": k}

    def _note(self, gap: int) -> None:
        self.met |= {
            name
            for name, case in {
                "debt limit": self.golden.debt.debt >= DEBT_LIMIT,
                "debt": 0 < self.golden.debt.debt < DEBT_LIMIT,
                "largest k": self.golden.k == K_MAX,
                "clipped gap": gap > GAP_CLIP,
            }.items()
            if case
        }


@cocotb.test()
@cocotb.parametrize(pauses=list(PAUSES))
async def parameters_equal_golden(dut, pauses):
    channels = parameters()["channels"]
    tokens = coded_tokens(random_tokens(random.Random(pauses), channels, count=3000))
    reference = Reference()
    expected = [reference.token(token) for token in tokens]
    assert reference.met >= {"debt limit", "debt"} | ({"largest k", "clipped gap"} if channels > 1 else set())
    i = Stream.of_block(dut, "i", coded_token(channels))
    o = Stream.of_block(dut, "o", rice_token(channels), meaning=without_meaningless)
    await compare_block(dut, pauses, i, tokens, o, expected)
