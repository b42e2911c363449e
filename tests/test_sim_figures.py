"""The figures of a run: right outputs pass, each kind of wrong one is named, sizes and waits are what they say."""

import io
import json
import re
import zlib
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from rich.console import Console

from model import CodecError, Settings, encode_packets
from model.bounds import shannon_bound_bits
from model.golden import SpikeEncoder
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from sim.figures import FAST, GOLDEN, judge, measure
from sim.loaders import Recording
from sim.picture import write_picture
from sim.report import print_report, write_json
from sim.stimulus import Capture, Stimulus
from sim.waits import find_codewords, longest_waits

SETTINGS = Settings(alpha_q8=64, sharpness=3, epoch_steps=40, keyframe_interval=2)
RASTER = (np.random.default_rng(5).random((150, 13)) < 0.1).astype(np.int8)
STIMULUS = Stimulus(RASTER, SETTINGS, lanes=4)
EXPECTED = encode_packets(RASTER, SETTINGS)


def capture_of(packets, stimulus=STIMULUS) -> Capture:
    """Return a capture of an encoder that takes a word a cycle, and then sends a byte a cycle."""
    words = len(stimulus.words())
    count = sum(map(len, packets))
    return Capture(packets, np.arange(words), words + np.arange(count), 0, 0, seconds=2.0)


def changed(packets, packet, byte):
    data = bytearray(packets[packet])
    data[byte] ^= 1
    return [*packets[:packet], bytes(data), *packets[packet + 1 :]]


@pytest.mark.parametrize("reference", [GOLDEN, FAST])
def test_a_right_output_has_no_differences(reference):
    verdict = judge(STIMULUS, capture_of(EXPECTED), reference, reference.encode(RASTER, SETTINGS))
    assert verdict == (True, True, ())


@pytest.mark.parametrize("reference", [GOLDEN, FAST])
@pytest.mark.parametrize(
    ("packets", "sentences"),
    [
        (changed(EXPECTED, 1, 9), ["at byte 9 of packet 1", "cannot be decoded: packet checksum"]),
        (EXPECTED[:-1], ["output has 3 packets; the", r"decodes to shape \(120, 13\), not \(150, 13\)"]),
        ([*EXPECTED, EXPECTED[-1]], ["output has 5 packets; the", "cannot be decoded"]),
        ([*EXPECTED[:-1], EXPECTED[-1][:-1]], ["at byte .* of packet 3", "cannot be decoded"]),
        ([], ["output has 0 packets", "decode"]),
        (
            encode_packets(np.where(np.arange(13) == 2, 1 - RASTER, RASTER), SETTINGS),
            ["at byte", "decodes to 150 wrong bins, the first at step 0, channel 2"],
        ),
    ],
)
def test_a_wrong_output_is_named(reference, packets, sentences):
    verdict = judge(STIMULUS, capture_of(packets), reference, EXPECTED)
    assert not verdict.equal_to_reference
    assert not verdict.decoded_equal_to_input
    assert len(verdict.differences) == len(sentences)
    for difference, sentence in zip(verdict.differences, sentences, strict=True):
        assert re.search(sentence, difference)


def test_a_wrong_count_of_refused_words_is_named():
    capture = replace(capture_of(EXPECTED), stall_cycles=3, refused_words=2)
    assert judge(STIMULUS, capture, FAST, EXPECTED).differences == ("status_refused_words is 2 after 3 refused words",)


def test_sizes_are_those_of_the_coders():
    figures, _ = measure(Recording("test", RASTER, 1.0), STIMULUS, capture_of(EXPECTED), GOLDEN, "none")
    sizes = {size.coder: size for size in figures.sizes}
    spikes = np.count_nonzero(RASTER)
    total = sum(map(len, EXPECTED))
    assert figures.output == ("Corticodec", total, 8 * total / RASTER.size, 8 * total / spikes)
    assert figures.shannon_bound.bits_per_bin * RASTER.size == pytest.approx(shannon_bound_bits(RASTER))
    assert sizes["raster, 1 bit a bin"].bits_per_bin == 1
    zlib_sizes = {
        order: len(zlib.compress(np.packbits(array).tobytes(), 9))
        for order, array in (("step", RASTER), ("channel", RASTER.T))
    }
    best = min(zlib_sizes, key=zlib_sizes.get)
    assert sizes[f"zlib-9, by {best}"].bytes == zlib_sizes[best]
    assert sum(figures.packet_bits) == 8 * total
    assert figures.simulated_cycles_per_s == figures.cycles / 2.0


def test_errors_are_those_of_the_golden_predictor():
    errors = 0
    for keyframe in range(0, 150, 80):
        encoder = SpikeEncoder(13, SETTINGS)
        for row in RASTER[keyframe : keyframe + 80].tolist():
            errors += sum(encoder.xor_array.apply(row, encoder.predictor.predict()))
            encoder.predictor.learn(row)
    assert len(find_codewords(EXPECTED).bins) == errors


@pytest.mark.parametrize("coder", ["rice", "leb128"])
@pytest.mark.parametrize("density", [0.02, 0.1, 0.6])
def test_codewords_lie_within_their_packets_and_fill_all_their_bytes(coder, density):
    raster = (np.random.default_rng(6).random((250, 13)) < density).astype(np.int8)
    packets = encode_packets(raster, Settings(coder=coder, alpha_q8=0, epoch_steps=50, keyframe_interval=4))
    codewords = find_codewords(packets)
    assert np.array_equal(codewords.bins, np.flatnonzero(raster))
    ends = np.array(list(accumulate(map(len, packets))))
    of_bins = codewords.bins // (50 * 13)
    assert np.array_equal(of_bins, np.searchsorted(ends, codewords.last_bytes, side="right"))
    for packet in range(len(packets)):
        last = codewords.last_bytes[of_bins == packet]
        filled = codewords.filled_bytes[of_bins == packet]
        assert last[-1] == ends[packet] - 1 - TRAILER_BYTES, "the last codeword ends in the last byte of the payload"
        assert np.all(np.diff(filled[filled >= 0]) > 0), "a byte fills only once"
        begins_new_byte = filled[:-1] == last[:-1]
        assert np.all(begins_new_byte | (filled[1:] >= last[:-1]) | (last[1:] == last[:-1]))


def test_codewords_are_found_where_an_epoch_ends_in_debt():
    # Long gaps, then a burst, which costs far more than a bit a bin: the next epoch forgets that.
    epoch = np.zeros((20_000, 1), np.int8)
    epoch[::1900] = epoch[-20:] = 1
    packets = encode_packets(np.concatenate([epoch, epoch]), Settings(alpha_q8=0, epoch_steps=len(epoch)))
    codewords = find_codewords(packets)
    assert codewords.bins.tolist() == np.flatnonzero(np.concatenate([epoch, epoch])).tolist()
    assert codewords.last_bytes[-1] == sum(map(len, packets)) - 1 - TRAILER_BYTES


def test_waits_of_byte_sized_codewords_are_counted_from_word_to_byte():
    # leb128 takes a byte for each of these gaps: the i-th error ends in the i-th byte of the payload and fills it.
    raster = np.zeros((10, 3), np.int8)
    raster[1, 2] = raster[4, 0] = raster[9, 1] = 1
    stimulus = Stimulus(raster, Settings(coder="leb128", alpha_q8=0), lanes=2)
    packets = encode_packets(raster, stimulus.settings)
    payload = HEADER_BYTES + SETTINGS_BYTES
    codewords = find_codewords(packets)
    assert codewords.bins.tolist() == [5, 12, 28]
    assert codewords.last_bytes.tolist() == codewords.filled_bytes.tolist() == [payload, payload + 1, payload + 2]
    capture = capture_of(packets, stimulus)
    # Two words a row: the errors are in words 3, 8 and 18 of 20.
    waits = longest_waits(capture, codewords, channels=3, lanes=2)
    assert waits == type(waits)(bin_to_byte=20 + payload - 3, in_encoder=20 + payload - 3)
    byte_cycles = capture.byte_cycles.copy()
    byte_cycles[payload + 2] = 100
    assert longest_waits(replace(capture, byte_cycles=byte_cycles), codewords, 3, 2).bin_to_byte == 100 - 18


def test_a_bin_waits_for_later_errors_to_fill_its_byte():
    raster = np.zeros((400, 1), np.int8)
    raster[[0, 399]] = 1
    packets = encode_packets(raster, Settings(alpha_q8=0, epoch_steps=400))
    codewords = find_codewords(packets)
    # k is 6 at first: the first codeword has 7 bits, and shares its byte with the second one.
    assert codewords.last_bytes[0] == HEADER_BYTES + SETTINGS_BYTES
    assert codewords.filled_bytes[0] == -1
    assert codewords.filled_bytes[1] >= codewords.last_bytes[0]


def test_a_silent_recording_has_no_waits():
    packets = encode_packets(np.zeros((5, 4), np.int8))
    stimulus = Stimulus(np.zeros((5, 4), np.int8), Settings(), lanes=4)
    waits = longest_waits(capture_of(packets, stimulus), find_codewords(packets), 4, 4)
    assert waits == type(waits)(None, None)
    figures, _ = measure(
        Recording("silence", stimulus.raster, 1.0), stimulus, capture_of(packets, stimulus), FAST, "none"
    )
    assert figures.verdict.differences == ()
    assert figures.output.bits_per_spike is None


def test_words_have_lane_i_in_bit_i_and_rows_begin_with_a_new_word():
    raster = np.zeros((2, 11), np.int8)
    raster[0, 0] = raster[0, 9] = raster[1, 10] = 1
    assert Stimulus(raster, Settings(), lanes=9).words().tolist() == [[1, 0], [1, 0], [0, 0], [2, 0]]
    assert Stimulus(raster, Settings(), lanes=4).words().tolist() == [[1], [0], [2], [0], [0], [4]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"lanes": 0}, r"lanes must be in 1..13 \(the channels\), not 0"),
        ({"lanes": 14}, "lanes must be in 1..13"),
        ({"gaps": 1.0}, "gaps must be a chance from 0 to below 1, not 1.0"),
        ({"stalls": float("nan")}, "stalls must be a chance"),
        ({"pause_seed": 0}, "pause_seed must be in 1..4294967295, not 0"),
    ],
)
def test_wrong_stimuli_are_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Stimulus(**{"raster": RASTER, "settings": SETTINGS, "lanes": 4} | arguments)


def test_reports_hold_the_figures(tmp_path):
    recording = Recording("test", RASTER, 1.0, ("a note",))
    figures, codewords = measure(recording, STIMULUS, capture_of(changed(EXPECTED, 0, 3)), FAST, "none")
    write_json(figures, tmp_path / "sim" / "report.json")
    fields = json.loads((tmp_path / "sim" / "report.json").read_text())
    assert fields["sizes"][1]["bytes"] == figures.output.bytes
    assert fields["verdict"]["equal_to_reference"] is False
    assert fields["settings"]["epoch_steps"] == 40
    write_picture(recording, figures, codewords, tmp_path / "sim" / "report.png")
    assert (tmp_path / "sim" / "report.png").read_bytes().startswith(b"\x89PNG")
    console = Console(width=200, record=True, file=io.StringIO())
    print_report(figures, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    assert f"{figures.output.bytes:,}" in text
    assert "NO" in text
    assert "at byte 3 of packet 0" in text
    assert "Note: a note" in text


def test_a_stream_that_cannot_be_traced_raises():
    with pytest.raises(CodecError):
        find_codewords(changed(EXPECTED, 0, 3))
