"""A link that loses packets: what the RTL sends crosses UDP, and what is delivered and what is missing are exact."""

import random
import shutil
import socket

import numpy as np
import pytest

from model import Receiver, Settings, encode_packets
from model.events import Epoch, Gap, Reason, Start
from model.sources import from_udp
from model.synth import bernoulli_raster
from sim import cxxrtl
from sim.stimulus import Stimulus

EPOCH_STEPS, INTERVAL, LANES = 10, 8, 4
RASTER = bernoulli_raster(0.1, 4000, 13)
SETTINGS = Settings(epoch_steps=EPOCH_STEPS, keyframe_interval=INTERVAL, alpha_q8=64, sharpness=2)


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    """What the RTL's encoder sends; what the software sends instead where there is no compiler for the RTL."""
    if shutil.which("g++") is None:
        return encode_packets(RASTER, SETTINGS)
    return cxxrtl.simulate(Stimulus(RASTER, SETTINGS, LANES, gaps=0.1, stalls=0.1)).packets


def over_udp(packets):
    """Yield what a receiver on 127.0.0.1 makes of packets, each sent as a datagram."""
    source = from_udp("127.0.0.1:0")
    receiver = Receiver(source.framing)
    address = "127.0.0.1", int(source.name.rpartition(":")[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        for packet in packets:
            link.sendto(packet, address)
            yield from receiver.receive(next(piece for piece in source.pieces if piece))


def fates(packets: int, dropped: set[int]) -> list[Reason | None]:
    """Return why each packet up to the last one that arrives is missing, None if it is not."""
    out: list[Reason | None] = []
    for number in range(max(set(range(packets)) - dropped) + 1):
        decodable = number % INTERVAL == 0 or out[-1] is None
        out.append(Reason.LOST if number in dropped else None if decodable else Reason.UNDECODABLE)
    return out


@pytest.mark.parametrize("percent", [0, 1, 5, 20])
@pytest.mark.parametrize("seed", [1, 2])
def test_link_that_drops_packets(packets, percent, seed):
    dropped = set(random.Random(seed).sample(range(1, len(packets)), len(packets) * percent // 100))
    events = list(over_udp(packet for number, packet in enumerate(packets) if number not in dropped))
    found: list[Reason | None] = []
    for event in events:
        if isinstance(event, Epoch):
            assert event.step_index == EPOCH_STEPS * len(found)
            np.testing.assert_array_equal(event.raster, RASTER[event.step_index :][:EPOCH_STEPS])
            found.append(None)
        elif isinstance(event, Gap):
            assert (event.step_index, event.steps) == (EPOCH_STEPS * len(found), EPOCH_STEPS * event.packets)
            found += event.packets * [event.reason]
    assert found == fates(len(packets), dropped)
    assert found.count(Reason.LOST) >= len(dropped) - 5 * (percent > 0)
    assert [event for event in events if isinstance(event, Start)] == [Start(0, 0)]


def test_link_has_packets_of_the_rtl(packets):
    assert packets == encode_packets(RASTER, SETTINGS)
    assert len(packets) == len(RASTER) // EPOCH_STEPS
