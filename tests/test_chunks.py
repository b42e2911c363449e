"""Chunks of arrays as bytes: every type and layout comes back, and nothing that was damaged does."""

import numpy as np
import pytest
from memory import peak_bytes

from model.codecs.stream import write_leb128
from model.errors import CodecError
from model.formats.chunk import SpikeCoder, WaveformCoder, decode_chunk
from model.kernels.crc32c import crc32c

RANDOM = np.random.default_rng(8)
SAMPLES = RANDOM.integers(-99, 100, (60, 6)).cumsum(0).astype(np.int16)
TIMES = np.linspace(0.1, 1, 50)
RASTER = RANDOM.random((50, 7)) < 0.1


@pytest.mark.parametrize(
    "array",
    [
        *(SAMPLES.astype(dtype) for dtype in ("i1", "u1", "<i2", ">i2", "u2", "<i4", ">i8", "u8", "f2", "<f4", ">f8")),
        *(TIMES.astype(dtype) for dtype in ("f4", ">f8", "c8", "?", "m8[us]", "M8[ns]", "S9", "U5")),
        np.asfortranarray(SAMPLES),
        SAMPLES[::3, ::-2],
        SAMPLES.reshape(6, 5, 12),
        np.asfortranarray(SAMPLES.reshape(6, 5, 12)),
        SAMPLES[:, 0],
        SAMPLES[5, 5],
        np.full((3, 2), -0.0),
        np.full((3, 2), np.nan),
        np.array([[2**40]]),
        np.array([2**63], np.uint64),
        np.zeros(4, "V9"),
        np.zeros((0, 5), np.int16),
        np.zeros((5, 0), np.float32),
        np.zeros((2, 0, 3), np.int8),
        np.zeros(3, "S0"),
    ],
    ids=lambda array: f"{np.asarray(array).dtype}-{np.shape(array)}",
)
def test_lossless(array):
    array = np.asarray(array)
    found = decode_chunk(WaveformCoder().encode_chunk(array))
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    if array.flags.forc:
        assert found.flags.f_contiguous == array.flags.f_contiguous


@pytest.mark.parametrize("codec", ["isi", "predictive", "delta", "streaming", "aer"])
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, ">f4"])
def test_rasters(codec, dtype):
    raster = RASTER.astype(dtype)
    found = decode_chunk(SpikeCoder(codec).encode_chunk(raster))
    assert found.dtype == raster.dtype
    np.testing.assert_array_equal(found, raster)


@pytest.mark.parametrize("array", [SAMPLES, TIMES.reshape(-1, 2), TIMES.astype("f4")])
def test_bounded(array):
    found = decode_chunk(WaveformCoder("bounded", max_error=2).encode_chunk(array))
    assert found.dtype == array.dtype
    assert 0 < np.abs(found.astype(float) - array).max() <= 2


def test_samples_are_coded_not_just_deflated():
    assert len(WaveformCoder().encode_chunk(SAMPLES.astype(">f8"))) < 1.1 * len(WaveformCoder().encode_chunk(SAMPLES))


@pytest.mark.parametrize(
    ("coder", "array", "sentence"),
    [
        (WaveformCoder(), np.array([None]), "chunk must hold plain numbers or strings of fixed length, not object"),
        (SpikeCoder(), SAMPLES, "spikes must hold only 0 and 1"),
        (WaveformCoder("bounded", max_error=1), np.array([np.nan]), "waveform must be finite, not nan"),
    ],
)
def test_what_cannot_be_coded(coder, array, sentence):
    with pytest.raises(ValueError, match=sentence):
        coder.encode_chunk(array)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: WaveformCoder("bounded"), "mode 'bounded' takes exactly one of max_error"),
        (lambda: WaveformCoder("other"), "mode must be one of"),
        (lambda: SpikeCoder("waveform"), "codec must be one for spikes, not 'waveform'; that is corticodec_waveform"),
        (lambda: SpikeCoder("other"), "name must be one of"),
    ],
)
def test_wrong_arguments(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


@pytest.mark.parametrize("array", [SAMPLES[:20, :2], TIMES[:9]])
def test_every_damaged_byte_and_every_cut_is_found(array):
    chunk = WaveformCoder().encode_chunk(array)
    for at in range(len(chunk)):
        with pytest.raises(CodecError):
            decode_chunk(chunk[:at] + bytes([chunk[at] ^ 0x10]) + chunk[at + 1 :])
        with pytest.raises(CodecError):
            decode_chunk(chunk[:at])
    with pytest.raises(CodecError):
        decode_chunk(chunk + b"\0")


def forged(head, body=b""):
    chunk = b"\xc5Z" + head + body
    return chunk + crc32c(chunk).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("chunk", "sentence"),
    [
        (b"", "checksum does not match"),
        (forged(b"")[2:], "checksum does not match"),
        (crc32c(b"").to_bytes(4, "little"), "cut off"),
        (forged(b"\x20C\x03<i2\x00"), "of version 2"),
        (forged(b"\x12C\x03<i2\x00"), "kind 2"),
        (forged(b"\x10K\x03<i2\x00"), "order b'K'"),
        (forged(b"\x11C\x02|O\x00"), "type object, which no chunk holds"),
        (forged(b"\x11C\x03<q9\x00"), "unknown type"),
        (forged(b"\x11C\x03<i2\x41"), "65 dimensions"),
        (forged(b"\x11C\x03<i2\x01" + write_leb128(1 << 60), b"xxxx"), "cannot be inflated"),
        (forged(b"\x10C\x03<i2\x01" + write_leb128(1 << 60), b"xxxx"), "starts as that of no codec"),
    ],
)
def test_forged(chunk, sentence):
    with pytest.raises(CodecError, match=sentence):
        decode_chunk(chunk)


def test_forged_shapes_and_types():
    """A stream under another chunk's head."""
    chunk = WaveformCoder().encode_chunk(SAMPLES)
    head, body = chunk[2:10], chunk[10:-4]
    assert head == b"\x10C\x03<i2\x02\x3c"
    with pytest.raises(CodecError, match="but T is 61"):
        decode_chunk(forged(b"\x10C\x03<i2\x02\x3d", body))
    with pytest.raises(CodecError, match="is of type uint16, but holds a stream of int16"):
        decode_chunk(forged(b"\x10C\x03<u2\x02\x3c", body))


def test_forged_size_takes_no_memory():
    chunk = WaveformCoder().encode_chunk(np.zeros(10_000_000, "c8"))
    small = forged(b"\x11C\x03<c8\x01" + write_leb128(1 << 40), chunk[13:-4])

    def refuse():
        with pytest.raises(CodecError, match="does not hold the 8796093022208 bytes that it claims"):
            decode_chunk(small)

    assert peak_bytes(refuse) < 300e6
