"""The board's design: its pins, and what goes through them."""

import numpy as np
import pytest

from board.icebreaker import LANES, PINS, IcebreakerTop, constraints
from board.uart_output import UartOutput
from model import Settings, encode_packets
from synth.sizing import size


def test_every_pin_of_the_board_is_placed_once():
    ports = set(IcebreakerTop.__annotations__)
    assert ports == set(PINS)
    assert len(set(PINS.values())) == len(PINS)
    assert "set_io spi_sck 45\n" in constraints()


def test_divisor_must_leave_a_bit_time():
    with pytest.raises(ValueError, match=r"divisor must be at least 2, not 1"):
        UartOutput(1)


@pytest.mark.parametrize("density", [0.0005, 0.01, 0.1])
def test_link_is_as_the_encoder_makes_it(density):
    steps_hz, channels, steps = 1000, 128, 2000
    raster = (np.random.default_rng(1).random((steps, channels)) < density).astype(np.int8)
    packets = encode_packets(raster, Settings(alpha_q8=0, epoch_steps=20, keyframe_interval=50))
    needs = size(channels, LANES, steps_hz, float(raster.mean() * steps_hz))
    sent = 8 * sum(map(len, packets)) / (steps / steps_hz)
    assert sent == pytest.approx(needs.link_bits_per_second, rel=0.1)
