"""The whole encoder in its generated Verilog: its bytes are the golden model's, whatever it is given and however."""

import itertools
import json
import random
from dataclasses import asdict
from pathlib import Path

import cocotb
import pytest
from cocotb.triggers import ClockCycles

from hdl.isi_encoder import CODERS
from hdl.spike_encoder_top import SpikeEncoderTop
from model.golden import Settings
from tb.bench import PAUSES
from tb.draws import FACTORS, Draw, coverage, long_draws, paired_draws, random_draws
from tb.encoder import EncoderBench, Recording, record, record_draw
from tb.requests import OUT_OF_RANGE, request
from tb.simulate import parameters, simulate
from tb.words import DENSITIES, random_row

BOTH = list(CODERS)


def simulate_top(simulator, channels, lanes, coders, **options):
    top = SpikeEncoderTop(channels, lanes, coders)
    return simulate(top, __name__, simulator, channels=channels, lanes=lanes, coders=coders, **options)


def test_draws_meet_every_pair_of_values():
    draws = paired_draws()
    for one, other in itertools.combinations(FACTORS, 2):
        met = {(getattr(draw, one), getattr(draw, other)) for draw in draws}
        assert met == set(itertools.product(FACTORS[one], FACTORS[other]))


@pytest.mark.parametrize("geometry", FACTORS["geometry"], ids=lambda geometry: "{}x{}".format(*geometry))
def test_bytes_equal_golden(simulator, geometry, request):
    more = random_draws(request.config.getoption("random_draws"), request.config.getoption("draw_seed"))
    draws = [*paired_draws(), *(long_draws() if simulator == "verilator" else []), *more]
    print(coverage(draws))
    chosen = [asdict(draw) for draw in draws if draw.geometry == geometry]
    simulate_top(simulator, *geometry, BOTH, only=r"draws_|reset_|out_of_range", draws=chosen)


@pytest.mark.parametrize("coder", CODERS)
def test_encoder_with_one_coder(simulator, coder):
    simulate_top(simulator, 10, 4, [coder], only="out_of_range")


def test_bytes_do_not_depend_on_lanes_or_pauses(simulator):
    streams = {}
    for lanes in (1, 3, 8, 20):
        folder = simulate_top(simulator, 20, lanes, BOTH, only="pauses_")
        streams[lanes] = json.loads((folder / "packets.json").read_text())
    assert streams[1]
    assert all(packets == streams[1] for packets in streams.values())


def keep(draw: Draw, recording: Recording) -> Path:
    """Write down what the encoder is given; the file stays if the draw fails."""
    path = Path(f"failed_draw_{draw.seed}.json")
    rows = ["".join(map(str, row)) for row in recording.rows]
    packets = [packet.hex() for packet in recording.packets]
    fields = {"rows": rows, "flushed": recording.flushed, "requests": recording.requests, "packets": packets}
    path.write_text(json.dumps(asdict(draw) | fields))
    return path


@cocotb.test()
async def draws_equal_golden(dut):
    for fields in parameters()["draws"]:
        draw = Draw(**fields | {"geometry": tuple(fields["geometry"])})
        cocotb.log.info("%s", draw)
        recording = record_draw(draw, parameters()["coders"])
        kept = keep(draw, recording)
        async with EncoderBench(dut) as bench:
            bench.send(recording, draw.lanes, draw.pauses, draw.seed)
        assert dut.status_refused_words.value == bench.input.refused
        kept.unlink()


def dense_recording(source: random.Random, settings: Settings, steps: int) -> Recording:
    """Return a recording of rows of many densities, cut off within an epoch."""
    channels, coders = parameters()["channels"], parameters()["coders"]
    rows = [random_row(source, channels, source.choice(DENSITIES)) for _ in range(steps)]
    flushed = [False] * (steps - 1) + [True]
    return record(rows, flushed, itertools.repeat(request(settings)), coders)


@cocotb.test()
async def reset_in_mid_packet(dut):
    source = random.Random(1)
    settings = Settings(alpha_q8=64, sharpness=7, epoch_steps=6, keyframe_interval=2)
    cut_packets = 0
    for _ in range(5):
        async with EncoderBench(dut) as bench:
            bench.send(dense_recording(source, settings, steps=60), parameters()["lanes"])
            await ClockCycles(dut.clk, source.randint(20, 400))
            cut_packets += bool(bench.packets.waiting)
            bench.abandon()
        async with EncoderBench(dut) as bench:
            bench.send(dense_recording(source, settings, steps=20), parameters()["lanes"])
    assert cut_packets, "no reset came in mid-packet"


@cocotb.test()
async def requests_out_of_range(dut):
    source = random.Random(1)
    channels, lanes, coders = (parameters()[name] for name in ("channels", "lanes", "coders"))
    usual = Settings(alpha_q8=64, sharpness=7, epoch_steps=3, keyframe_interval=2)
    asked = [request(usual) | {name: value} for name, values in OUT_OF_RANGE.items() for value in values]
    asked += [request(Settings(coder=coder, epoch_steps=3, keyframe_interval=2)) for coder in CODERS]
    rows = [random_row(source, channels, 0.3) for _ in range(6 * len(asked))]
    recording = record(rows, [False] * (len(rows) - 1) + [True], itertools.cycle(asked), coders)
    assert len(recording.requests) >= len(asked), "not every request was taken"
    async with EncoderBench(dut) as bench:
        bench.send(recording, lanes)


@cocotb.test()
async def pauses_make_no_difference(dut):
    settings = Settings(alpha_q8=64, sharpness=7, epoch_steps=15, keyframe_interval=3)
    recording = dense_recording(random.Random(1), settings, steps=100)
    streams = []
    for pauses in PAUSES:
        async with EncoderBench(dut) as bench:
            bench.send(recording, parameters()["lanes"], pauses)
        streams.append(bench.packets.wholes)
    assert all(packets == streams[0] for packets in streams)
    Path("packets.json").write_text(json.dumps([packet.hex() for packet in streams[0]]))
