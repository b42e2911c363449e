"""Encoder and decoder of the RTL, one after the other, compiled."""

import numpy as np
import pytest

from model import Settings, encode_packets
from sim import loopback
from sim.link import buffer_bytes, decoder, packet_bytes, rows_of
from sim.loopback import loop_back
from sim.stimulus import Stimulus

RASTER = (np.random.default_rng(3).random((150, 13)) < 0.15).astype(np.int8)


@pytest.mark.parametrize("coder", ["rice", "leb128"])
@pytest.mark.parametrize("pauses", [0, 0.3])
def test_the_raster_comes_back(coder, pauses):
    settings = Settings(alpha_q8=64, sharpness=2, coder=coder, epoch_steps=20, keyframe_interval=3)
    result = loop_back(Stimulus(RASTER, settings, 4, pauses, pauses))
    assert result.differences == ()
    assert (result.words, result.packets) == (150 * 4, 8)


@pytest.mark.parametrize("keyframe_interval", [1, 10])
def test_the_decoder_shows_a_word_in_every_cycle_at_one_percent(keyframe_interval):
    raster = (np.random.default_rng(4).random((600, 64)) < 0.01).astype(np.int8)
    settings = Settings(alpha_q8=0, epoch_steps=20, keyframe_interval=keyframe_interval)
    result = loop_back(Stimulus(raster, settings, 8))
    assert result.differences == ()
    assert result.cycles == result.words == 600 * 8


def test_words_full_of_errors_take_a_cycle_an_error():
    result = loop_back(Stimulus(np.ones_like(RASTER), Settings(alpha_q8=0, epoch_steps=150), 4))
    assert result.cycles == pytest.approx(RASTER.size, rel=0.01)


def test_another_raster_is_a_difference(monkeypatch):
    monkeypatch.setattr(loopback, "rows_of", lambda *_: rows_of(*_)._replace(spikes=1 - RASTER))
    assert loop_back(Stimulus(RASTER, Settings(), 4)).differences == ("decoder's raster is not the input",)


def test_packets_wait_in_a_full_buffer():
    # Many turns of the buffer's pointers, while the output is slow.
    settings = Settings(alpha_q8=0, epoch_steps=10, keyframe_interval=2)
    room = buffer_bytes(13, settings)
    packets = encode_packets(RASTER, settings)
    with decoder(13, 4, room) as circuit:
        run = circuit.run(packet_bytes(packets * 4), stalls=0.5)
    assert sum(map(len, packets)) * 4 > 10 * room
    assert run.stall_cycles > 0
    rows = rows_of(run.output, 13, 4)
    assert np.array_equal(rows.spikes, np.tile(RASTER, (4, 1)))
    assert not any(run.events.values())
