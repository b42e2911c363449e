"""The range coder: kernel and specification agree, it comes near the entropy, and any bytes can be decoded."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model import CodecError
from model.golden.range_coder import HALF, PROBABILITY_BITS, PROBABILITY_MAX, RangeDecoder, RangeEncoder
from model.kernels import range_coder
from model.kernels.jit import kernel

bits_and_probabilities = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.one_of(st.integers(1, PROBABILITY_MAX), st.sampled_from([1, 2, HALF, PROBABILITY_MAX - 1, PROBABILITY_MAX])),
    ),
    max_size=200,
)


@kernel
def _code_all(coder, bits, probabilities):
    for index in range(bits.size):
        bits[index] = range_coder.code(coder, bits[index] != 0, probabilities[index])


def golden_bytes(pairs):
    coder = RangeEncoder()
    for bit, probability in pairs:
        coder.encode(bit, probability)
    return coder.finish()


def fast_bytes(pairs):
    coder = range_coder.new_encoder(5 * len(pairs) + range_coder.RANGE_BYTES)
    _code_all(coder, np.array([bit for bit, _ in pairs], dtype=np.int64), probabilities_of(pairs))
    return range_coder.encoded(coder)


def probabilities_of(pairs):
    return np.array([probability for _, probability in pairs], dtype=np.int64)


@given(bits_and_probabilities)
@example([])
@example([(1, 1)] * 50)
@example([(0, PROBABILITY_MAX)] * 50)
@example([(0, 1), (1, PROBABILITY_MAX)] * 60 + [(1, 1)])
@example([(1, HALF)] * 100 + [(0, HALF - 1)] * 20)
def test_kernel_writes_and_reads_the_golden_bytes(pairs):
    data = golden_bytes(pairs)
    assert fast_bytes(pairs) == data
    coder = RangeDecoder(data)
    assert [coder.decode(probability) for _, probability in pairs] == [bit for bit, _ in pairs]
    coder.finish()
    fast, bits = range_coder.new_decoder(np.frombuffer(bytearray(data), dtype=np.uint8)), np.zeros(len(pairs), np.int64)
    _code_all(fast, bits, probabilities_of(pairs))
    assert bits.tolist() == [bit for bit, _ in pairs]
    assert range_coder.is_finished(fast)


@pytest.mark.parametrize("probability", [0.5, 0.1, 0.001, 1e-5])
def test_size_is_the_information(probability):
    rng = np.random.default_rng(1)
    taken = round(probability * 2**PROBABILITY_BITS)
    pairs = [(int(bit), taken) for bit in rng.random(20_000) < probability]
    ones = sum(bit for bit, _ in pairs)
    information = -(ones * math.log2(probability) + (len(pairs) - ones) * math.log2(1 - probability))
    assert len(fast_bytes(pairs)) <= information / 8 + 2


@given(data=st.binary(max_size=30), pairs=bits_and_probabilities)
def test_any_bytes_decode_alike(data, pairs):
    golden = RangeDecoder(data)
    expected = [golden.decode(probability) for _, probability in pairs]
    fast, bits = range_coder.new_decoder(np.frombuffer(bytearray(data), dtype=np.uint8)), np.zeros(len(pairs), np.int64)
    _code_all(fast, bits, probabilities_of(pairs))
    assert bits.tolist() == expected
    if range_coder.is_finished(fast):
        golden.finish()
    else:
        with pytest.raises(CodecError, match=r"goes on behind|needless zero"):
            golden.finish()


def test_carries_run_through_bytes_of_ones():
    """A low end of the range just below a power of 2, pushed over it at the end."""
    pairs = [(1, HALF)] * 56 + [(1, PROBABILITY_MAX), (1, 1)] * 6
    assert fast_bytes(pairs) == golden_bytes(pairs)
