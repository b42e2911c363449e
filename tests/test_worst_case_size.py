"""docs/wire-format.md, section 14: the bound on a packet's size, each step of its derivation, and its examples."""

import re

import pytest
from codewords import GAP_MAX, bits_of, coder_with
from documents import Document

from model.bounds import payload_bits_max
from model.golden import container, rice_coder, rice_debt, rice_mean
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.golden.rice_coder import RiceCoder
from model.golden.rice_parameter import RiceParameter
from model.golden.settings import CODER_IDS

DOCUMENT = Document("wire-format.md")

PACKET_BYTES = HEADER_BYTES + TRAILER_BYTES
KEYFRAME_BYTES = PACKET_BYTES + SETTINGS_BYTES


def debt_max():
    return rice_debt.DEBT_LIMIT - 1 + rice_debt.DEBT_UNIT * rice_mean.K_MAX


def document_bits_max(bins, coder):
    formulas = {row["coder"]: row["bits"] for row in DOCUMENT.tables("Worst-case size")[0]}
    return eval(formulas[coder].replace("floor(B / 32)", "B // 32"), {"B": bins})


@pytest.mark.parametrize("coder", CODER_IDS)
def test_bound_is_that_of_the_code(coder):
    for bins in (1, 31, 32, 33, 10_000, 20_480, GAP_MAX + 1):
        assert document_bits_max(bins, coder) == payload_bits_max(bins, coder)


@pytest.mark.parametrize("row", DOCUMENT.tables("Worst-case size")[1], ids=lambda row: f"{row['bins']} {row['coder']}")
def test_numeric_examples_of_the_bound(row):
    bins = int(row["bins"])
    bits = document_bits_max(bins, row["coder"])
    payload_bytes = -(-bits // 8)
    assert bins == int(row["channels"]) * int(row["steps"])
    assert row["payload bits"] == str(bits)
    assert row["keyframe bytes"] == str(KEYFRAME_BYTES + payload_bytes)
    assert row["other packet bytes"] == str(PACKET_BYTES + payload_bytes)
    assert row["keyframe bits a bin"] == f"{8 * (KEYFRAME_BYTES + payload_bytes) / bins:.4f}"


def test_ten_thousand_bins_take_at_most_the_share_stated():
    (extra,) = DOCUMENT.numbers("Worst-case size", r"(\d+) bits together")
    container_bytes = len(container.join([])) + container.LENGTH_GROUPS_MAX
    assert extra == document_bits_max(0, "rice") + 7 + 8 * KEYFRAME_BYTES + 8 * container_bytes
    (share,) = re.findall(r"is (1\.\d+) at `B` = 10,000", DOCUMENT.sections["Worst-case size"])
    assert share == f"{1 + 1 / 32 + extra / 10_000:.4f}"
    (promised,) = re.findall(r"at most \*\*(1\.\d+) bits a bin\*\*", DOCUMENT.sections["Worst-case size"])
    assert float(share) < float(promised)


def gaps_of_every_kind(k):
    first_gaps_of_escapes = [rice_coder.ESCAPE - 1 + (1 << n) << k for n in range(rice_coder.GAP_BITS)]
    edges = [gap + offset for gap in first_gaps_of_escapes for offset in (-1, 0, 1)]
    return [*range(2000), *(gap for gap in edges if gap <= GAP_MAX), GAP_MAX]


CASES = [
    {"case": row["case"].replace("`, `", " and "), "excess": row["excess"], "change": row["change"]}
    for row in DOCUMENT.tables("Derivation for `rice`")[0]
]


@pytest.mark.parametrize("k", range(rice_mean.K_MAX + 1))
def test_step_1_of_the_derivation(k):
    cases = [{name: compile(text, text, "eval") for name, text in case.items()} for case in CASES]
    for gap in gaps_of_every_kind(k):
        coder = coder_with(k)
        debt = coder.parameter.debt.debt
        codeword = coder.encode(gap)
        excess = len(bits_of(codeword)) - (gap + 1)
        change = coder.parameter.debt.debt - debt
        assert 64 * excess <= change + (2 * (gap + 1) if k == 0 else 0), gap

        values = {"k": k, "g": gap, "n": codeword.zeros - rice_coder.ESCAPE}
        (case,) = (case for case in cases if eval(case["case"], values))
        assert (eval(case["excess"], values), eval(case["change"], values)) == (excess, change), gap


def test_step_3_of_the_derivation():
    assert DOCUMENT.numbers("Derivation for `rice`", r"the debt never exceeds (\d+)") == [debt_max()]
    parameter = RiceParameter()
    for _ in range(1000):
        parameter.update(GAP_MAX)
    debts = []
    for _ in range(10_000):
        parameter.update(0)
        debts.append(parameter.debt.debt)
    assert rice_debt.DEBT_LIMIT < max(debts) <= debt_max()


def packet_of(coder, choose, bins):
    """Return bits and bins of a packet whose every gap is `choose(coder)`, as far as it fits in `bins`."""
    coder.start_epoch()
    bits_used = bins_used = 0
    while bins_used + (gap := choose(coder)) < bins:
        bins_used += gap + 1
        bits_used += len(bits_of(coder.encode(gap)))
    return bits_used, bins_used


def without_debt(choose):
    def choice(coder):
        coder.parameter.debt.debt = 0
        return choose(coder)

    return choice


def misleading(gap):
    return lambda coder: gap if coder.parameter.k == 0 else 0


@pytest.mark.parametrize("gap", [1, 16, 51, 63, 64, 65, 66, 67, 126, 127, 1000])
@pytest.mark.parametrize("bins", [100, 5000, 50_000])
@pytest.mark.parametrize("gap_before", [0, GAP_MAX])
def test_bound_holds_against_misleading_rasters(gap, bins, gap_before):
    coder = RiceCoder()
    for _ in range(200):
        coder.parameter.update(gap_before)
    bits_used, bins_used = packet_of(coder, misleading(gap), bins)
    assert bits_used <= document_bits_max(bins_used, "rice")


def test_shares_of_misleading_rasters():
    bits_used, bins_used = packet_of(RiceCoder(), misleading(65), 200_000)
    assert f"else 0 takes {bits_used / bins_used:.3f} bits a bin" in DOCUMENT.sections["Derivation for `rice`"]
    bits_used, bins_used = packet_of(RiceCoder(), without_debt(misleading(51)), 200_000)
    assert f"without the debt takes {bits_used / bins_used:.2f} bits a bin" in DOCUMENT.sections["Why it is so"]
