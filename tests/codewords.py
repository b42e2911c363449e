"""Codewords as strings of bits, and coders brought to a wanted parameter."""

from model.golden.rice_coder import RiceCoder
from model.golden.rice_debt import DEBT_LIMIT
from model.golden.settings import CHANNELS_MAX, EPOCH_STEPS_MAX

GAP_MAX = CHANNELS_MAX * EPOCH_STEPS_MAX - 1
"""Longest gap of any packet."""


def coder_with(k, kind=RiceCoder):
    """Return a coder or decoder whose next k is `k`, and whose debt the next codeword can neither exhaust nor fill."""
    coder = kind()
    mean, debt = coder.parameter.mean, coder.parameter.debt
    mean.sum, mean.count, debt.debt = 1 << k, 1, DEBT_LIMIT - 1
    assert coder.parameter.k == k
    return coder


def bits_of(codeword):
    """Return a codeword as a string of zeros and ones."""
    return "0" * codeword.zeros + format(codeword.value, f"0{codeword.width}b")


def packed(bits):
    """Return a string of zeros and ones as bytes, filled up with zeros."""
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
