"""Each block of the specification against values from outside it."""

import itertools
import math
import random
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model import CodecError, Settings
from model.golden import SpikeDecoder, SpikeEncoder
from model.golden.bit_packer import BitPacker
from model.golden.bit_unpacker import BitUnpacker
from model.golden.codeword import Codeword
from model.golden.comparator import Comparator
from model.golden.crc32c import crc32c
from model.golden.gap_counter import GapCounter
from model.golden.gap_expander import GapExpander
from model.golden.leb128_coder import Leb128Coder
from model.golden.leb128_decoder import Leb128Decoder
from model.golden.lfsr import Lfsr, channel_seed
from model.golden.packetizer import Packetizer
from model.golden.rate_updater import RateUpdater
from model.golden.rice_coder import RiceCoder
from model.golden.rice_debt import DEBT_LIMIT
from model.golden.rice_decoder import RiceDecoder
from model.golden.rice_mean import K_MAX
from model.golden.rice_parameter import RiceParameter
from model.golden.run_gatherer import Run, RunGatherer
from model.golden.scheduler import Scheduler
from model.golden.xor_array import XorArray

GAP_MAX = 2**28 - 1
gaps = st.integers(0, 40) | st.integers(0, 28).map(lambda bits: 2**bits - 1) | st.integers(0, GAP_MAX)


# Lfsr


def test_lfsr_visits_every_state_but_zero_before_it_repeats():
    lfsr = Lfsr(0xACE1)
    states = set()
    for _ in range(65535):
        states.add(lfsr.state)
        lfsr.step()
    assert states == set(range(1, 65536))
    assert lfsr.state == 0xACE1


def test_lfsr_steps_as_its_polynomial_says():
    lfsr = Lfsr(0xACE1)  # 1010110011100001: bits 15, 13 and 10 are set, 12 is not, so a 1 is shifted in
    lfsr.step()
    assert lfsr.state == 0x59C3


@pytest.mark.parametrize(
    ("seed", "channel", "state"), [(0xACE1, 0, 0xACE1), (0, 0, 1), (65536 - 7919, 1, 1), (1, 4095, 0xD112)]
)
def test_channels_start_7919_apart_and_never_at_zero(seed, channel, state):
    assert channel_seed(seed, channel) == state == (((seed + 7919 * channel) % 65536) or 1)


# RateUpdater


@pytest.mark.parametrize("alpha_q8", [0, 1, 3, 64, 255, 256])
def test_rate_accumulator_stays_within_24_bits(alpha_q8):
    updater = RateUpdater(alpha_q8)
    rng = random.Random(42)
    spikes = [1] * 3000 + [0] * 3000 + [int(rng.random() < 0.3) for _ in range(3000)]
    for spike in spikes:
        updater.update(spike)
        assert 0 <= updater.acc <= 0xFFFFFF


def test_rate_update_is_a_first_order_low_pass():
    updater = RateUpdater(3)
    updater.acc = 0x123456
    updater.update(1)
    assert updater.acc == 0x123456 + 3 * (0xFFFF - 0x1234)
    updater.update(0)
    assert updater.acc == 0x123456 + 3 * (0xFFFF - 0x1234) - 3 * (0x123456 + 3 * (0xFFFF - 0x1234) >> 8)


@pytest.mark.parametrize(("alpha_q8", "rate_after_spike"), [(0, 0), (1, 0xFF), (256, 0xFFFF)])
def test_rate_after_one_spike(alpha_q8, rate_after_spike):
    updater = RateUpdater(alpha_q8)
    updater.update(1)
    assert updater.rate == rate_after_spike


@pytest.mark.parametrize("alpha_q8", [1, 3, 64])
def test_rate_is_not_biased_at_one_spike_in_a_thousand(alpha_q8):
    updater = RateUpdater(alpha_q8)
    rates = []
    for step in range(20_000):
        updater.update(int(step % 1000 == 0))
        rates.append(updater.rate)
    assert sum(rates[10_000:]) / 10_000 / 65536 == pytest.approx(0.001, rel=0.02)


# Comparator


@pytest.mark.parametrize("rate", [0, 1, 655, 0x8000, 0xFFFF])
def test_without_sharpness_a_spike_is_predicted_as_often_as_the_rate_says(rate):
    comparator = Comparator(0)
    assert sum(comparator.predict(state, rate) for state in range(1, 65536)) == max(0, rate - 1)


@pytest.mark.parametrize(("rate", "spike"), [(0, 0), (0x7FFF, 0), (0x8001, 1), (0xFFFF, 1)])
def test_with_full_sharpness_the_comparator_is_a_threshold_at_half(rate, spike):
    comparator = Comparator(15)
    assert {comparator.predict(state, rate) for state in range(1, 65536, 77)} == {spike}


@pytest.mark.parametrize("sharpness", range(16))
def test_dither_is_drawn_towards_half(sharpness):
    rng = random.Random(sharpness)
    for _ in range(500):
        state, rate = rng.randint(1, 65535), rng.choice([rng.randrange(65536), 0x8000 + rng.randint(-3, 3)])
        dither = 0x8000 + math.floor((state - 0x8000) / 2**sharpness)
        assert Comparator(sharpness).predict(state, rate) == (dither < rate)


# XorArray, GapCounter, Scheduler


def test_xor_array_is_its_own_inverse():
    spikes, predicted = [0, 0, 1, 1], [0, 1, 0, 1]
    errors = XorArray().apply(spikes, predicted)
    assert errors == [0, 1, 1, 0]
    assert XorArray().apply(errors, predicted) == spikes


def test_gap_counter_counts_the_bins_between_errors():
    counter = GapCounter()
    assert [counter.push(error) for error in [0, 0, 1, 1, 0, 1, 0]] == [None, None, 2, 0, None, 1, None]
    counter.start_epoch()
    assert counter.push(1) == 0


def test_scheduler_ends_epochs_and_keyframe_intervals():
    scheduler = Scheduler(Settings(epoch_steps=2, keyframe_interval=3))
    keyframes, ends = [], []
    for _ in range(14):
        keyframes.append(scheduler.starts_keyframe)
        ends.append(scheduler.step())
        if ends[-1]:
            scheduler.end_epoch()
    assert [step for step, starts in enumerate(keyframes) if starts] == [0, 6, 12]
    assert [step for step, end in enumerate(ends) if end] == [1, 3, 5, 7, 9, 11, 13]


# RiceParameter and the coders


def test_rice_parameter_starts_at_6():
    assert RiceParameter().k == 6


@given(st.lists(gaps, max_size=200))
def test_rice_parameter_is_the_largest_that_the_rule_allows(gap_list):
    parameter = RiceParameter()
    mean, debt = parameter.mean, parameter.debt
    for gap in gap_list:
        parameter.update(gap)
        allowed = [k for k in range(1, K_MAX + 1) if mean.count * 2**k <= mean.sum + 49 * mean.count // 128]
        assert parameter.k == (0 if debt.debt >= DEBT_LIMIT else max(allowed, default=0))
        assert 1 <= mean.count < 64
        assert debt.debt >= 0


def test_rice_code_of_a_small_gap_is_the_classical_one():
    coder = RiceCoder()
    assert _bits(coder.encode(0b101_101101)) == "000001" + "101101"  # k = 6: quotient 5 in zeros, then 6 bits


def test_rice_escape_goes_over_to_elias_gamma():
    coder = RiceCoder()
    assert _bits(coder.encode((64 + 5 - 1) << 6 | 3)) == "0" * 64 + "00" + "101" + "000011"


def _bits(codeword: Codeword) -> str:
    return "0" * codeword.zeros + format(codeword.value, f"0{codeword.width}b")


@pytest.mark.parametrize(("coder", "decoder"), [(RiceCoder, RiceDecoder), (Leb128Coder, Leb128Decoder)])
@given(gap_list=st.lists(gaps, max_size=60))
@example(gap_list=[GAP_MAX] * 3 + [0] * 60 + [GAP_MAX, 63, 64, 65])
def test_decoders_give_back_every_gap(coder, decoder, gap_list):
    encoder, decoding, packer = coder(), decoder(), BitPacker()
    for gap in gap_list:
        packer.push(encoder.encode(gap))
    bits = BitUnpacker(packer.finish())
    assert list(iter(lambda: decoding.decode(bits), None)) == gap_list


@pytest.mark.parametrize(
    ("gap", "code"), [(0, "00"), (2, "02"), (127, "7F"), (128, "8001"), (12857, "B964"), (GAP_MAX, "FFFFFF7F")]
)
def test_leb128_codes_as_dwarf_says(gap, code):
    packer = BitPacker()
    packer.push(Leb128Coder().encode(gap))
    assert packer.finish() == bytes.fromhex(code)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("80", "ends within a codeword"),
        ("8000", "needless last byte"),
        ("81808000", "needless last byte"),
        ("8080808001", "longer than 28 bits"),
    ],
)
def test_leb128_takes_no_other_codeword(payload, message):
    with pytest.raises(CodecError, match=message):
        Leb128Decoder().decode(BitUnpacker(bytes.fromhex(payload)))


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("00", "8 bits of padding"),
        ("01", "ends within a codeword"),
        ("00" * 12, "more than 92 leading zeros"),
    ],
)
def test_rice_takes_nothing_but_codewords_and_padding(payload, message):
    with pytest.raises(CodecError, match=message):
        RiceDecoder().decode(BitUnpacker(bytes.fromhex(payload)))


# The gap expander and its parts


@given(channels=st.integers(1, 9), lanes=st.integers(1, 9), steps=st.integers(1, 5), data=st.data())
def test_gaps_lead_back_to_their_rows_in_words_of_any_width(channels, lanes, steps, data):
    row = st.lists(st.integers(0, 1), min_size=channels, max_size=channels)
    rows = data.draw(st.lists(row, min_size=steps, max_size=steps))
    counter = GapCounter()
    gap_list = [gap for row in rows for bin in row if (gap := counter.push(bin)) is not None]
    expander = GapExpander(channels, min(lanes, channels))
    assert expander.expand(gap_list, steps) == rows
    with pytest.raises(CodecError, match=f"of an epoch of {steps * -(-channels // expander.gatherer.lanes)} words"):
        expander.expand([*gap_list, counter.gap], steps)


def test_runs_are_counted_in_words_of_which_a_rows_last_may_be_narrow():
    # 7 channels, 3 lanes: words of 3, 3 and 1 bins. Errors at channels 0, 2 and 6, and at channel 4 a step later.
    runs = list(RunGatherer(7, 3).gather([0, 1, 3, 4]))
    assert runs == [Run(0, 0b101), Run(1, 0b1), Run(1, 0b10)]


# Crc32c and the packets


@pytest.mark.parametrize(
    ("data", "value"), [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)]
)
def test_crc32c_has_the_published_values(data, value):  # RFC 3720, appendix B.4
    assert crc32c(data) == value


def test_packet_overhead_is_28_bytes_in_a_keyframe_and_16_in_others():
    packetizer = Packetizer(64, Settings())
    assert len(packetizer.packet(True, b"", 200, 0)) == 28
    assert len(packetizer.packet(False, b"", 200, 0)) == 16


def test_packet_numbers_wrap_and_are_followed_over_the_wrap():
    encoder = SpikeEncoder(3, Settings(epoch_steps=2, keyframe_interval=100))
    encoder.packetizer.sequence, encoder.packetizer.step_index = 0xFFFE, 2**32 - 3
    raster = [[1, 0, 1]] * 8
    packets = encoder.encode(raster)
    assert [packet[2:8].hex() for packet in packets] == ["fefffdffffff", "ffffffffffff", "000001000000", "010003000000"]
    assert SpikeDecoder().decode(packets) == raster


def test_decoder_goes_on_at_the_next_keyframe_after_a_loss():
    raster = [[step % 3 == channel for channel in range(3)] for step in range(12)]
    packets = SpikeEncoder(3, Settings(epoch_steps=2, keyframe_interval=3)).encode(raster)
    decoder = SpikeDecoder()
    assert decoder.decode_packet(packets[0]) == raster[0:2]
    for packet in (packets[2], packets[1]):  # the one after a lost one, and one that comes too late
        with pytest.raises(CodecError, match=r"due|keyframe"):
            decoder.decode_packet(packet)
    assert list(itertools.chain(*map(decoder.decode_packet, packets[3:]))) == raster[6:]


# Settings and arguments


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("alpha_q8", -1, "0..256"),
        ("alpha_q8", 257, "0..256"),
        ("alpha_q8", 1.0, "0..256"),
        ("alpha_q8", True, "0..256"),
        ("sharpness", 16, "0..15"),
        ("seed", 65536, "0..65535"),
        ("epoch_steps", 0, "1..65535"),
        ("epoch_steps", 65536, "1..65535"),
        ("keyframe_interval", 0, "1..65535"),
        ("keyframe_interval", math.nan, "1..65535"),
        ("coder", "huffman", "rice, leb128"),
        ("coder", 0, "rice, leb128"),
    ],
)
def test_settings_name_what_they_refuse(name, value, allowed):
    with pytest.raises(ValueError, match=f"{name} must be .*{allowed}, not {value!r}"):
        Settings(**{name: value})


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.array])
def test_settings_take_any_integer_and_keep_an_int(kind):
    settings = Settings(kind(3), kind(4), kind(5), "rice", kind(6), kind(7))
    assert settings == Settings(3, 4, 5, "rice", 6, 7)
    assert {type(value) for value in asdict(settings).values()} == {int, str}


@pytest.mark.parametrize("value", [np.bool_(True), np.float64(1), np.array([1])])
def test_settings_refuse_what_is_no_integer(value):
    with pytest.raises(ValueError, match=r"sharpness must be an integer in 0\.\.15, not "):
        Settings(sharpness=value)


@pytest.mark.parametrize("channels", [0, 4097, 2.0, None])
def test_encoder_refuses_channels_out_of_range(channels):
    with pytest.raises(ValueError, match=r"channels must be an integer in 1\.\.4096"):
        SpikeEncoder(channels)


@pytest.mark.parametrize(("row", "message"), [([0, 1], "3 channels, not 2"), ([0, 1, 2], "0 or 1")])
def test_encoder_refuses_rows_that_are_no_spikes(row, message):
    with pytest.raises(ValueError, match=message):
        SpikeEncoder(3).push_row(row)
