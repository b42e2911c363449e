"""PredictiveSpikeCodec: the hardware's bytes, prediction that never costs, parameters in the header."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import rasters

from model import CodecError, PredictiveSpikeCodec, Settings, SpikeCodec, decode_packets, decode_raster, encode_raster
from model.codecs import predictive
from model.codecs.stream import Header, Stream, join
from model.golden import SpikeDecoder, SpikeEncoder, container
from model.synth import bernoulli_raster

BUSY = np.repeat(bernoulli_raster(0.5, 1, 20), 400, axis=0) ^ bernoulli_raster(0.02, 400, 20)
"""Channels that mostly fire in every step, or never: prediction pays."""


@given(spikes=rasters(), alpha_q8=st.integers(0, 256), sharpness=st.integers(0, 15), seed=st.integers(0, 65535))
@settings(max_examples=40)
def test_lfsr_is_the_golden_models_packets(spikes, alpha_q8, sharpness, seed):
    codec = PredictiveSpikeCodec(
        predictor="lfsr", alpha_q8=alpha_q8, sharpness=sharpness, seed=seed, epoch_steps=11, keyframe_interval=3
    )
    data, result = codec.compress(spikes)
    packets = container.split(data)
    expected = [
        SpikeEncoder(spikes.shape[1], Settings(alpha, sharpness, seed, "rice", 11, 3)).encode(spikes.tolist())
        for alpha in (alpha_q8, 0)
    ]
    assert packets in expected
    assert sum(map(len, packets)) == min(sum(map(len, packets)) for packets in expected)
    assert SpikeDecoder().decode(packets) == spikes.tolist()
    np.testing.assert_array_equal(decode_packets(packets), spikes)
    assert result.prediction_gain >= 1


@pytest.mark.parametrize("coder", ["rice", "leb128"])
def test_lfsr_reads_what_the_hardware_writes(coder):
    data = encode_raster(BUSY, Settings(coder=coder, alpha_q8=3, sharpness=4))
    codec = PredictiveSpikeCodec()
    np.testing.assert_array_equal(codec.decompress(data, *BUSY.shape), BUSY)
    np.testing.assert_array_equal(codec.decompress(data, start=123, stop=345), BUSY[123:345])
    np.testing.assert_array_equal(
        decode_raster(PredictiveSpikeCodec(predictor="lfsr", coder=coder).compress(BUSY)[0]), BUSY
    )


@pytest.mark.parametrize("predictor", ["ema", "lfsr", "context", "auto"])
def test_prediction_pays_on_busy_channels(predictor):
    data, result = PredictiveSpikeCodec(predictor=predictor, alpha=0.05, alpha_q8=16).compress(BUSY)
    assert result.prediction_gain > 1.5
    assert 0 < result.error_density < 0.1 or result.codec == "predictive (context)"
    np.testing.assert_array_equal(PredictiveSpikeCodec().decompress(data), BUSY)
    assert f"prediction gain {result.prediction_gain:.2f}" in result.summary()


@pytest.mark.parametrize("predictor", ["ema", "lfsr", "context", "auto"])
@given(spikes=rasters())
@example(spikes=np.array([[0], [1], [1], [0]], dtype=np.int8))
@settings(max_examples=20)
def test_prediction_never_costs(predictor, spikes):
    codec = PredictiveSpikeCodec(predictor=predictor, alpha=0.1, threshold=0.1, alpha_q8=40, sharpness=0)
    data, result = codec.compress(spikes)
    assert result.prediction_gain >= 1
    if predictor == "lfsr":
        assert len(data) <= len(encode_raster(spikes, Settings(alpha_q8=0)))
    else:
        # One byte says that intervals follow; else the two are the same.
        assert len(data) <= len(SpikeCodec().compress(spikes)[0]) + 1
    assert 0 <= result.error_density <= 1 or result.codec == "predictive (context)"


def test_probabilities_have_no_error_density():
    _, result = PredictiveSpikeCodec(predictor="context").compress(BUSY)
    assert np.isnan(result.error_density)
    assert "mispredicted" not in result.summary()


def test_silence_makes_no_prediction_look_good():
    """The share of errors counts all bins, but without a spike or a wrong guess there is none."""
    _, silent = PredictiveSpikeCodec().compress(np.zeros((100, 10)))
    _, sparse = PredictiveSpikeCodec().compress(np.eye(100, 10))
    assert (silent.error_density, sparse.error_density) == (0, 10 / 1000)
    assert sparse.prediction_gain == silent.prediction_gain == 1
    assert "without prediction" in sparse.summary()


def test_auto_takes_the_smallest():
    for spikes in (BUSY, bernoulli_raster(0.01, 300, 40)):
        sizes = [len(PredictiveSpikeCodec(predictor=name).compress(spikes)[0]) for name in ("ema", "lfsr", "context")]
        assert len(PredictiveSpikeCodec(predictor="auto").compress(spikes)[0]) <= min(sizes)


def test_slow_adaptation_leaves_zero():
    """alpha_q8 = 1 is slow, but learns: after some hundred spikes in a row, they are expected."""
    data, result = PredictiveSpikeCodec(predictor="lfsr", alpha_q8=1, keyframe_interval=100).compress(
        np.ones((2000, 3))
    )
    assert result.error_density < 0.15
    assert decode_raster(data).all()


def test_parameters_travel_with_the_stream():
    """No decoder is told anything but the stream."""
    for arguments in ({"alpha": 0.3, "threshold": 0.2}, {"alpha": 1}, {"threshold": 0}, {"alpha": 2.0**-16}):
        data, _ = PredictiveSpikeCodec(**arguments).compress(BUSY)
        np.testing.assert_array_equal(PredictiveSpikeCodec(alpha=0.7, threshold=0.9).decompress(data), BUSY)
    for arguments in ({"seed": 7, "sharpness": 2}, {"alpha_q8": 256}, {"coder": "leb128"}):
        data, _ = PredictiveSpikeCodec(predictor="lfsr", **arguments).compress(BUSY)
        np.testing.assert_array_equal(PredictiveSpikeCodec().decompress(data), BUSY)


def test_chunks_predict_alone(monkeypatch):
    monkeypatch.setattr("model.codecs.predictive.steps_of_chunk", lambda channels, bins: 90)
    data, _ = PredictiveSpikeCodec(alpha=0.05).compress(BUSY)
    assert Stream(data).header.n_chunks == 5
    np.testing.assert_array_equal(PredictiveSpikeCodec().decompress(data), BUSY)
    np.testing.assert_array_equal(PredictiveSpikeCodec().decompress(data, start=200, stop=203), BUSY[200:203])


@pytest.mark.parametrize(
    ("parameters", "payload", "message"),
    [
        (b"", b"", "unknown kind None"),
        (b"", b"\x01\0", "unknown kind 1"),
        (b"", b"\x02\0", "unknown kind 2"),
        (b"\x09", b"\0\0", "unknown predictor 9"),
        (b"\x01", b"\0\0", "cut off"),
        (b"\x01\x00\x01", b"\0\0", "parameters 0, 1, out of"),
        (b"\x01\x81\x80\x04\x01", b"\0\0", "parameters 65537, 1, out of"),
        (b"\x01\x01\x81\x80\x04", b"\0\0", "parameters 1, 65537, out of"),
        (b"\x01\x01\x01\x01", b"\0\0", "1 bytes too many"),
    ],
)
def test_forged_parameters(parameters, payload, message):
    with pytest.raises(CodecError, match=message):
        PredictiveSpikeCodec().decompress(join(Header("predictive", 3, 3, 3, parameters), [payload]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predictor": "rnn"}, "predictor must be one of .*, not 'rnn'"),
        ({"alpha": 0}, r"alpha must be a number in .*\.\.1, not 0"),
        ({"alpha": 1.1}, "alpha must be a number"),
        ({"alpha": float("nan")}, "alpha must be a number in .*, not nan"),
        ({"alpha": "0.5"}, "alpha must be a number"),
        ({"alpha": True}, "alpha must be a number"),
        ({"threshold": -0.1}, r"threshold must be a number in 0\.\.1, not -0.1"),
        ({"threshold": float("inf")}, "threshold must be a number"),
        ({"alpha_q8": 257}, r"alpha_q8 must be an integer in 0\.\.256, not 257"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"sharpness": 16}, "sharpness must be an integer"),
        ({"coder": "zip"}, "coder must be one of"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        PredictiveSpikeCodec(**arguments)


def test_more_channels_than_the_hardware_has():
    spikes = np.zeros((2, 4097), dtype=np.int8)
    with pytest.raises(ValueError, match="at most 4096 channels for the hardware's packets, not 4097"):
        PredictiveSpikeCodec(predictor="lfsr").compress(spikes)
    for predictor in ("ema", "auto"):
        data, _ = PredictiveSpikeCodec(predictor=predictor).compress(spikes)
        assert not PredictiveSpikeCodec().decompress(data, 2, 4097).any()


def test_predictors_have_numbers_of_their_own():
    assert len(predictive.BY_NUMBER) == len(predictive.CHUNK_PREDICTORS)
