"""The fast path equals the specification, byte for byte, and undoes itself."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import all_settings, rasters

from model import CodecError, Settings, decode_packets, decode_raster, encode_packets, encode_raster
from model.bounds import payload_bits_max
from model.golden import SpikeDecoder, SpikeEncoder, container
from model.golden.depacketizer import Depacketizer
from model.kernels import container as container_kernels
from model.kernels import crc32c, spike_decoder, spike_encoder
from model.kernels.jit import kernel
from model.synth import bernoulli_raster, physiological_raster


@given(raster=rasters(), chosen=all_settings)
@settings(max_examples=250)
@example(np.ones((3, 1), np.int8), Settings(alpha_q8=256, sharpness=0, epoch_steps=1, keyframe_interval=1))
@example(np.ones((40, 64), np.int8), Settings(alpha_q8=0, coder="leb128"))
@example(np.eye(64, dtype=np.int8), Settings(alpha_q8=64, sharpness=7, seed=0))
def test_fast_path_writes_and_reads_the_golden_bytes(raster, chosen):
    golden = SpikeEncoder(raster.shape[1], chosen).encode(raster.tolist())
    assert encode_packets(raster, chosen) == golden
    assert encode_raster(raster, chosen) == container.join(golden)
    np.testing.assert_array_equal(decode_packets(golden), raster)
    np.testing.assert_array_equal(decode_raster(container.join(golden)), raster)


@given(raster=rasters(max_steps=25, max_channels=30), chosen=all_settings)
@settings(max_examples=60)
def test_golden_decoder_reads_what_the_fast_path_writes(raster, chosen):
    assert SpikeDecoder().decode(container.split(encode_raster(raster, chosen))) == raster.tolist()


@given(raster=rasters(), chosen=all_settings)
def test_no_payload_exceeds_its_bound(raster, chosen):
    for data in encode_packets(raster, chosen):
        packet = Depacketizer().packet(data)
        bound = payload_bits_max(packet.steps * raster.shape[1], chosen.coder)
        assert len(packet.payload) <= -(-bound // 8)


@given(raster=rasters(max_channels=20), chosen=all_settings)
@settings(max_examples=50)
def test_every_channel_ends_in_the_golden_state(raster, chosen):
    """A wrong last bit of a rate may take a million bins until it changes a prediction."""
    golden = SpikeEncoder(raster.shape[1], chosen)
    golden.encode(raster.tolist())
    workspace = spike_encoder._workspace(raster.shape[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spike_encoder, "_workspace", lambda channels: workspace)
        encode_packets(raster, chosen)
    if chosen.alpha_q8 > 0:
        assert workspace.predictor.acc.tolist() == [updater.acc for updater in golden.predictor.updaters]
        assert workspace.predictor.lfsr.tolist() == [lfsr.state for lfsr in golden.predictor.lfsrs]


@given(st.binary(max_size=100))
def test_fast_checksum_is_the_golden_one(data):
    assert crc32c.crc32c(data) == container.crc32c(data)


@pytest.mark.parametrize("coder", ["rice", "leb128"])
@pytest.mark.parametrize("sharpness", [0, 7, 15])
def test_recordings_of_many_channels_equal_the_golden_bytes(coder, sharpness):
    raster = physiological_raster(n_channels=1000, n_steps=90, seed=sharpness)
    raster[20:40] |= bernoulli_raster(0.5, 20, 1000)
    chosen = Settings(alpha_q8=3, sharpness=sharpness, coder=coder, epoch_steps=20, keyframe_interval=3)
    assert encode_packets(raster, chosen) == SpikeEncoder(1000, chosen).encode(raster.tolist())


@pytest.mark.parametrize("piece", [("PIECE_BYTES", 1), ("PIECE_BYTES", 400), ("PIECE_PACKETS", 3)])
def test_bytes_do_not_depend_on_the_size_of_pieces(monkeypatch, piece):
    raster = bernoulli_raster(0.1, 500, 20)
    chosen = Settings(epoch_steps=9, keyframe_interval=4)
    whole = encode_raster(raster, chosen)
    monkeypatch.setattr(spike_encoder, *piece)
    assert encode_raster(raster, chosen) == whole


def test_sequence_numbers_wrap():
    raster = bernoulli_raster(0.3, 65_540, 1)
    packets = encode_packets(raster, Settings(epoch_steps=1, keyframe_interval=7))
    assert [int.from_bytes(packet[2:4], "little") for packet in packets[65_534:65_538]] == [65_534, 65_535, 0, 1]
    np.testing.assert_array_equal(decode_packets(packets), raster)


def test_recordings_that_begin_anywhere_are_read_over_the_wrap_of_their_numbers():
    encoder = SpikeEncoder(3, Settings(epoch_steps=2, keyframe_interval=100))
    encoder.packetizer.sequence, encoder.packetizer.step_index = 0xFFFE, 2**32 - 3
    raster = bernoulli_raster(0.3, 8, 3)
    np.testing.assert_array_equal(decode_packets(encoder.encode(raster.tolist())), raster)


def test_settings_may_change_at_a_keyframe():
    first, second = bernoulli_raster(0.1, 30, 5), bernoulli_raster(0.6, 30, 5, seed=1)
    encoder = SpikeEncoder(5, Settings(coder="leb128", alpha_q8=64, epoch_steps=60))
    encoder.packetizer.sequence, encoder.packetizer.step_index = 1, 30
    packets = encode_packets(first, Settings(epoch_steps=30)) + encoder.encode(second.tolist())
    np.testing.assert_array_equal(decode_packets(packets), np.concatenate([first, second]))


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64, ">i4"])
def test_type_and_layout_of_the_raster_do_not_matter(dtype):
    raster = bernoulli_raster(0.2, 50, 12)
    stream = encode_raster(raster)
    assert encode_raster(raster.astype(dtype)) == stream
    assert encode_raster(np.asfortranarray(raster.astype(dtype))) == stream
    assert encode_raster(np.repeat(np.repeat(raster.astype(dtype), 2, axis=0), 3, axis=1)[::2, ::3]) == stream
    assert encode_raster(raster.astype(dtype).tolist()) == stream


def test_encoding_leaves_its_input_alone():
    raster = bernoulli_raster(0.2, 50, 12)
    before = raster.copy()
    encode_raster(raster)
    np.testing.assert_array_equal(raster, before)
    assert raster.flags.writeable


def test_no_input_has_kernels_compiled_twice():
    raster = bernoulli_raster(0.2, 50, 12)
    read_only = raster.copy()
    read_only.flags.writeable = False
    for same in (raster, read_only, raster[::2], raster.T, raster.astype(bool)):
        decode_raster(encode_raster(same))
        decode_packets(encode_packets(same))
    kernels = [
        *(container_kernels._frame, container_kernels._find_packets, crc32c._checksum_of_all),
        *(spike_encoder._encode_piece, spike_decoder._survey, spike_decoder._decode_packets),
    ]
    assert [len(kernel.signatures) for kernel in kernels] == [1] * len(kernels)


def test_decoded_raster_is_writable_int8():
    raster = decode_raster(encode_raster([[0, 1], [1, 1]]))
    assert raster.dtype == np.int8
    assert raster.flags.writeable
    assert raster.flags.c_contiguous


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_streams_may_be_any_kind_of_bytes(kind):
    raster = bernoulli_raster(0.2, 50, 12)
    np.testing.assert_array_equal(decode_raster(kind(encode_raster(raster))), raster)
    np.testing.assert_array_equal(decode_packets(map(kind, encode_packets(raster))), raster)


def test_a_lost_packet_is_an_error():
    packets = encode_packets(bernoulli_raster(0.2, 50, 12), Settings(epoch_steps=5, keyframe_interval=2))
    for lost in range(1, 9):
        with pytest.raises(CodecError, match=f"packet {lost + 1} comes where packet {lost} is due"):
            decode_packets(packets[:lost] + packets[lost + 1 :])


@pytest.mark.parametrize("epoch_steps", [1, 200])
def test_fast_path_is_at_least_100_times_as_fast(epoch_steps):
    chosen = Settings(epoch_steps=epoch_steps)
    small, large = bernoulli_raster(0.01, 60, 256), bernoulli_raster(0.01, 20_000, 256)
    packets, stream = SpikeEncoder(256, chosen).encode(small.tolist()), encode_raster(large, chosen)
    decode_raster(stream)
    golden_encode = _seconds(lambda: SpikeEncoder(256, chosen).encode(small.tolist())) / small.size
    golden_decode = _seconds(lambda: SpikeDecoder().decode(packets)) / small.size
    assert _seconds(lambda: encode_raster(large, chosen)) / large.size < golden_encode / 100
    assert _seconds(lambda: decode_raster(stream)) / large.size < golden_decode / 100


def _seconds(function) -> float:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def test_import_model_is_light():
    code = "import model, sys; sys.exit(any(name in sys.modules for name in ('numpy', 'numba')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("before", ["pass", "gc.disable()", "gc.freeze()", "gc.set_threshold(50)"])
def test_kernels_leave_the_garbage_collector_as_it_was(before):
    state = "(gc.isenabled(), gc.get_threshold(), gc.get_freeze_count() > 0)"
    code = f"import gc, sys; {before}; was = {state}; import model.kernels.jit; sys.exit(was != {state})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_model_names_what_it_has():
    import model

    assert set(model.__all__) <= set(dir(model))
    with pytest.raises(AttributeError, match="no attribute 'compress_everything'"):
        model.compress_everything  # noqa: B018


def test_kernels_where_nothing_can_be_kept_on_disk(monkeypatch):
    """As in containers, whose user owns neither the package's folder nor a home."""
    monkeypatch.setattr("numba.core.caching.CacheImpl._locator_classes", [])

    def twice(number):
        return 2 * number

    assert kernel(twice)(21) == 42
