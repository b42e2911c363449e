"""What is no raster, and what are no settings, is refused in one clear sentence."""

import numpy as np
import pytest

from model import CodecError, decode_packets, decode_raster, encode_packets, encode_raster, frame_packets
from model.golden import SpikeDecoder


@pytest.mark.parametrize("encode", [encode_raster, encode_packets])
@pytest.mark.parametrize(
    ("raster", "message"),
    [
        (np.zeros(10, np.int8), r"raster must have shape \(steps, channels\).*not \(10,\)"),
        (np.zeros((2, 3, 4), np.int8), r"not \(2, 3, 4\)"),
        (np.zeros((), np.int8), r"not \(\)"),
        (np.zeros((0, 5), np.int8), r"at least 1 step.*not \(0, 5\)"),
        (np.zeros((5, 0), np.int8), r"1 to 4096 channels, not \(5, 0\)"),
        (np.zeros((5, 4097), np.int8), r"1 to 4096 channels, not \(5, 4097\)"),
        ([[0, 1], [1]], r"raster must be an array of shape \(steps, channels\)"),
        ([], r"not \(0,\)"),
        (None, r"not \(\)"),
        ("0101", r"not \(\)"),
        (np.array([[0, 2]]), "raster must hold only 0 and 1, not 2"),
        (np.array([[0, -1]]), "raster must hold only 0 and 1, not -1"),
        (np.array([[0, 255]], np.uint8), "raster must hold only 0 and 1, not 255"),
        (np.array([[0, 2**32 + 1]]), "raster must hold only 0 and 1, not 4294967297"),
        (np.array([[0.0, 1.0]]), "raster must be of bool or an integer type, not float64"),
        (np.array([[0.0, np.nan]], np.float32), "not float32 with NaN"),
        (np.array([[0, 1j]]), "not complex128"),
        (np.array([["0", "1"]]), "not <U1"),
        (np.array([[0, 1]], dtype=object), "not object"),
        (np.array([[0, 1]], dtype="m8[s]"), "not timedelta64"),
        (np.ma.array([[0, 1]], mask=[[0, 1]]), "raster must not have masked bins"),
    ],
)
def test_rasters(encode, raster, message):
    with pytest.raises(ValueError, match=message) as caught:
        encode(raster)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encode", [encode_raster, encode_packets])
@pytest.mark.parametrize("wrong", [{"alpha_q8": 1}, "rice", 0])
def test_settings(encode, wrong):
    with pytest.raises(ValueError, match=f"settings must be Settings, not {type(wrong).__name__}"):
        encode([[0, 1]], wrong)


@pytest.mark.parametrize("wrong", ["CTCD", None, 5, [1, 2]])
def test_streams_of_other_types(wrong):
    with pytest.raises(ValueError, match=f"data must be bytes, not {type(wrong).__name__}"):
        decode_raster(wrong)
    with pytest.raises(ValueError, match=f"each of packets must be bytes, not {type(wrong).__name__}"):
        decode_packets([wrong])


@pytest.mark.parametrize("wrong", [None, 5])
@pytest.mark.parametrize("take", [decode_packets, frame_packets])
def test_packets_that_are_no_iterable(take, wrong):
    with pytest.raises(ValueError, match=f"packets must be an iterable of bytes, not {type(wrong).__name__}"):
        take(wrong)


def test_masked_arrays_without_a_masked_bin():
    assert encode_raster(np.ma.array([[0, 1]])) == encode_raster([[0, 1]])


@pytest.mark.parametrize("decode", [decode_packets, lambda packets: SpikeDecoder().decode(packets)])
def test_no_packets_are_no_recording(decode):
    with pytest.raises(CodecError, match="stream holds no packets"):
        decode([])


@pytest.mark.parametrize("wrong", [0, -1, 1.5, None, True])
def test_max_bins(wrong):
    with pytest.raises(ValueError, match=f"max_bins must be an integer in .*, not {wrong!r}"):
        decode_raster(encode_raster([[0, 1]]), max_bins=wrong)
    with pytest.raises(ValueError, match=f"max_bins must be an integer in .*, not {wrong!r}"):
        decode_packets(encode_packets([[0, 1]]), max_bins=wrong)
