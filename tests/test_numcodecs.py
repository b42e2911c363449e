"""The codecs through numcodecs: found by name, and held to the table of arrays that its own codecs are held to."""

import pickle
import subprocess
import sys
from array import array
from importlib import import_module

import numpy as np
import pytest

numcodecs = pytest.importorskip("numcodecs", reason="needs the extra zarr")

from model.errors import CodecError  # noqa: E402
from model.integrations.numcodecs_codecs import SpikeNumcodec, WaveformNumcodec  # noqa: E402

RANDOM = np.random.default_rng(3)
ARRAYS = [
    np.arange(1000, dtype="i4"),
    np.linspace(1000, 1001, 1000, dtype="f8"),
    RANDOM.normal(loc=1000, scale=1, size=(100, 10)),
    np.asfortranarray(RANDOM.normal(loc=1000, scale=1, size=(100, 10))),
    RANDOM.integers(0, 2, size=1000).astype(bool).reshape(100, 10, order="F"),
    RANDOM.choice([b"a", b"bb", b"ccc"], size=1000).reshape(10, 10, 10),
    RANDOM.integers(0, 2**60, size=1000, dtype="u8").view("M8[ns]"),
    RANDOM.integers(0, 2**60, size=1000, dtype="u8").view("m8[m]"),
    RANDOM.integers(0, 2**60, size=1000, dtype="i8"),
    RANDOM.integers(-500, 500, size=(125, 8)).astype("i2"),
    np.zeros((0, 4), "i2"),
]
CODECS = [
    WaveformNumcodec(),
    WaveformNumcodec(preset="best", group_channels=4),
    WaveformNumcodec(mode="bounded", max_error=1),
    SpikeNumcodec(),
    SpikeNumcodec(codec="delta"),
]


def assert_same(original, decoded):
    found = np.frombuffer(decoded, original.dtype) if isinstance(decoded, bytearray) else np.asarray(decoded)
    order = "F" if original.flags.f_contiguous else "C"
    np.testing.assert_array_equal(
        found.reshape(-1, order="A").view(original.dtype).reshape(original.shape, order=order), original
    )


@pytest.mark.parametrize("original", ARRAYS, ids=lambda array: f"{array.dtype}-{array.shape}")
def test_buffers_of_every_kind(original):
    codec = numcodecs.get_codec({"id": "corticodec_waveform"})
    plain = original.tobytes(order="A")
    buffers = [original, plain, bytearray(plain), array("b", plain)] if original.size else [original]
    for buffer in buffers:
        encoded = codec.encode(buffer)
        for data in (encoded, bytearray(encoded), array("b", encoded), np.frombuffer(encoded, "u1")):
            assert_same(original, codec.decode(data))
        for out in (np.empty_like(original), bytearray(original.nbytes)):
            if original.size:
                codec.decode(encoded, out=out)
                assert_same(original, out)


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_configuration_makes_an_equal_codec(codec):
    assert numcodecs.get_codec(codec.get_config()) == codec
    assert eval(repr(codec)) == codec
    assert pickle.loads(pickle.dumps(codec)) == codec


def test_old_configurations_stay_readable():
    """What is stored in the metadata of arrays."""
    assert numcodecs.get_codec({"id": "corticodec_waveform"}) == WaveformNumcodec()
    assert numcodecs.get_codec({"id": "corticodec_waveform", "preset": "best"}) == WaveformNumcodec(preset="best")
    assert numcodecs.get_codec({"id": "corticodec_spikes", "codec": "delta"}) == SpikeNumcodec("delta")


def test_found_by_name_without_an_import():
    code = "import numcodecs; print(numcodecs.get_codec({'id': 'corticodec_spikes'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "SpikeNumcodec(codec='isi')\n"


@pytest.mark.parametrize(
    ("module", "package", "sentence"),
    [
        (
            "numcodecs_codecs",
            "numcodecs",
            r"needs the package numcodecs; install it with: pip install 'corticodec\[zarr\]'",
        ),
        ("zarr_codecs", "zarr", r"zarr, 3.1 or newer; install it with: pip install 'corticodec\[archive\]'"),
    ],
)
def test_without_the_extra_a_sentence_names_it(monkeypatch, module, package, sentence):
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"model.integrations.{module}", raising=False)
    with pytest.raises(ImportError, match=sentence):
        import_module(f"model.integrations.{module}")


def test_objects_are_refused():
    with pytest.raises(ValueError, match="not object"):
        WaveformNumcodec().encode(np.array(["a", None], object))


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_damage_is_an_error(codec):
    encoded = bytearray(codec.encode(RANDOM.integers(0, 2, (50, 4)).astype("i2")))
    encoded[len(encoded) // 2] ^= 1
    with pytest.raises(CodecError, match="checksum does not match"):
        codec.decode(encoded)


def test_outputs_of_another_size_are_refused():
    encoded = WaveformNumcodec().encode(np.arange(10))
    with pytest.raises(ValueError, match=r"size|length|broadcast"):
        WaveformNumcodec().decode(encoded, out=bytearray(7))
