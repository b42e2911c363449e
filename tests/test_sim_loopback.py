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


def test_lost_cycles_are_accounted_for():
    result = loop_back(Stimulus(RASTER, Settings(alpha_q8=0, epoch_steps=150), 4))
    errors = np.pad(RASTER, ((0, 0), (0, 3))).reshape(-1, 4).sum(axis=1)
    assert result.error_cycles == np.maximum(errors - 1, 0).sum()
    assert result.cycles >= result.words + result.error_cycles


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
