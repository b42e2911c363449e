"""StreamingSpikeCodec: frames that stand alone and are never larger than stated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import peak_bytes
from strategies import rasters

from model import (
    CodecError,
    Epoch,
    PredictiveSpikeCodec,
    Receiver,
    Settings,
    StreamingSpikeCodec,
    encode_packets,
    encode_raster,
    frame_packets,
)
from model.golden import SpikeDecoder, container
from model.kernels import spike_decoder
from model.kernels.crc32c import crc32c
from model.synth import bernoulli_raster


@given(spikes=rasters(max_steps=20), coder=st.sampled_from(["rice", "leb128"]))
@settings(max_examples=60)
def test_frames(spikes, coder):
    codec = StreamingSpikeCodec(window_size=20, coder=coder)
    frame = codec.compress_frame(spikes)
    found = codec.decompress_frame(frame)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, spikes)
    assert len(frame) <= codec.max_frame_bytes(spikes.shape[1])
    assert SpikeDecoder().decode([frame]) == spikes.tolist()


@pytest.mark.parametrize("coder", ["rice", "leb128"])
@given(data=st.data())
@settings(max_examples=60)
def test_worst_case(coder, data):
    """Silence and noise by turns are what misleads an adaptive coder most."""
    runs = data.draw(st.lists(st.tuples(st.integers(0, 200), st.sampled_from([0, 1, 0.5])), min_size=1, max_size=30))
    generator = np.random.default_rng(1)
    bins = np.concatenate([generator.random(length) < density for length, density in runs])
    window = np.resize(bins if bins.size else [0], (20, 64))
    codec = StreamingSpikeCodec(window_size=20, coder=coder)
    assert len(codec.compress_frame(window)) <= codec.max_frame_bytes(64)


def test_worst_case_is_near_a_bit_a_bin():
    assert StreamingSpikeCodec(window_size=20).max_frame_bytes(1024) < 1.05 * 20 * 1024 / 8


@pytest.mark.parametrize("steps", [1, 19, 20, 21, 100])
def test_stream_is_its_frames(steps):
    spikes = bernoulli_raster(0.1, steps, 33)
    codec = StreamingSpikeCodec(window_size=20)
    data, result = codec.compress(spikes)
    frames = container.split(data)
    assert result.n_frames == len(frames) == -(-steps // 20)
    assert max(map(len, frames)) <= result.max_frame_bytes == codec.max_frame_bytes(33)
    assert frames == encode_packets(spikes, Settings(alpha_q8=0, epoch_steps=20, keyframe_interval=1))
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(codec.decompress_frame(frame), spikes[20 * index : 20 * index + 20])
    assert frames[0] == codec.compress_frame(spikes[:20])


@pytest.mark.parametrize(("interval", "decoded"), [(1, 2), (3, 3), (10, 6)])
def test_range_decodes_no_other_packets(interval, decoded, monkeypatch):
    """Steps 85 to 105 are in packets 4 and 5; decoding begins at the keyframe before them."""
    spikes = bernoulli_raster(0.1, 200, 9)
    data = encode_raster(spikes, Settings(alpha_q8=3, epoch_steps=20, keyframe_interval=interval))
    counts = []
    decode = spike_decoder.decode
    monkeypatch.setattr(
        spike_decoder, "decode", lambda data, bounds, *rest: counts.append(len(bounds)) or decode(data, bounds, *rest)
    )
    found = StreamingSpikeCodec().decompress(data, start=85, stop=105)
    np.testing.assert_array_equal(found, spikes[85:105])
    assert counts == [decoded]


@pytest.mark.parametrize("codec", [StreamingSpikeCodec(), PredictiveSpikeCodec()])
@pytest.mark.parametrize("kept", [(0, 1, 4, 5, 2, 3), (0, 1, 4, 5), (0, 1, 2, 3, 2, 3), (0, 1, 6, 7)])
def test_no_range_of_packets_that_are_no_recording(codec, kept):
    """Swapped, lost, repeated, or of another number of channels: no range is taken for what lies elsewhere."""
    settings = Settings(epoch_steps=10, keyframe_interval=2)
    packets = encode_packets(bernoulli_raster(0.1, 60, 8), settings)
    packets += encode_packets(bernoulli_raster(0.1, 40, 5), settings)[2:4]
    data = container.join([packets[index] for index in kept])
    for start, stop in ((0, None), (0, 20), (20, None), (20, 30)):
        with pytest.raises(CodecError):
            codec.decompress(data, start=start, stop=stop)


def test_ranges_of_packets_whose_numbers_wrap_around():
    spikes = bernoulli_raster(0.1, 60, 8)
    packets = []
    for index, packet in enumerate(encode_packets(spikes, Settings(epoch_steps=10, keyframe_interval=1))):
        body = bytearray(packet[:-4])
        body[2:8] = ((0xFFFE + index) & 0xFFFF).to_bytes(2, "little") + (
            (0xFFFFFFF1 + 10 * index) & 0xFFFFFFFF
        ).to_bytes(4, "little")
        packets.append(bytes(body) + crc32c(bytes(body)).to_bytes(4, "little"))
    found = StreamingSpikeCodec().decompress(container.join(packets), start=25, stop=45)
    np.testing.assert_array_equal(found, spikes[25:45])


def test_a_lost_frame_costs_itself():
    spikes = bernoulli_raster(0.1, 100, 33)
    frames = container.split(StreamingSpikeCodec(window_size=20).compress(spikes)[0])
    receiver = Receiver()
    events = [event for frame in (*frames[:2], *frames[3:]) for event in receiver.feed(frame_packets([frame]))]
    epochs = [event.raster for event in events if isinstance(event, Epoch)]
    np.testing.assert_array_equal(np.concatenate(epochs), np.delete(spikes, slice(40, 60), axis=0))


def test_damaged_frames():
    codec = StreamingSpikeCodec(window_size=20)
    frame = codec.compress_frame(bernoulli_raster(0.1, 20, 9))
    damaged = [frame[:length] for length in range(len(frame))] + [frame + b"\0", frame + frame, b""]
    for position in range(8 * len(frame)):
        flipped = bytearray(frame)
        flipped[position // 8] ^= 1 << position % 8
        damaged.append(bytes(flipped))
    for wrong in damaged:
        with pytest.raises(CodecError):
            codec.decompress_frame(wrong)


def test_frames_of_other_windows():
    frame = StreamingSpikeCodec(window_size=21).compress_frame(np.zeros((21, 3)))
    with pytest.raises(CodecError, match="frame has 21 steps; window_size is 20"):
        StreamingSpikeCodec(window_size=20).decompress_frame(frame)
    first, second = encode_packets(np.zeros((40, 3), dtype=np.int8), Settings(epoch_steps=20))
    StreamingSpikeCodec(window_size=20).decompress_frame(first)
    with pytest.raises(CodecError, match="before a keyframe"):
        StreamingSpikeCodec(window_size=20).decompress_frame(second)


@pytest.mark.parametrize("n_channels", [-1, 1.5, 4097, "5", True])
def test_sizes_of_frames_that_there_cannot_be(n_channels):
    with pytest.raises(ValueError, match=r"n_channels must be an integer in 0\.\.4096, not"):
        StreamingSpikeCodec().max_frame_bytes(n_channels)


def test_a_frame_of_a_longer_window_takes_no_memory():
    (frame,) = encode_packets(np.zeros((20_000, 4096), dtype=np.int8), Settings(epoch_steps=20_000))

    def decompress():
        with pytest.raises(CodecError, match="20000 x 4096 bins"):
            StreamingSpikeCodec(window_size=20).decompress_frame(frame)

    assert peak_bytes(decompress) < 1_000_000


@pytest.mark.parametrize("shape", [(0, 3), (21, 3), (5, 0)])
def test_windows_of_other_sizes(shape):
    with pytest.raises(ValueError, match=r"window must have 1 to 20 steps and a channel or more, not shape"):
        StreamingSpikeCodec(window_size=20).compress_frame(np.zeros(shape))


def test_channels():
    codec = StreamingSpikeCodec()
    for call in (codec.compress, codec.compress_frame):
        with pytest.raises(ValueError, match="at most 4096 channels for the hardware's packets, not 4097"):
            call(np.zeros((3, 4097)))
    assert codec.decompress_frame(codec.compress_frame(np.ones((3, 4096)))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window_size": 0}, r"window_size must be an integer in 1\.\.65535, not 0"),
        ({"window_size": 65536}, "window_size must be an integer"),
        ({"window_size": 1.0}, "window_size must be an integer"),
        ({"coder": "huffman"}, "coder must be one of rice, leb128, not 'huffman'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        StreamingSpikeCodec(**arguments)
