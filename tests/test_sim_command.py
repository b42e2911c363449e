"""The command line of the co-simulation: exit statuses, and a raster through the compiled RTL."""

import json
import sys

import numpy as np
import pytest

from model import Settings, encode_packets
from sim import __main__ as command
from sim import cosim, cxxrtl
from sim.build import BuildError
from sim.figures import GOLDEN, judge
from sim.stimulus import Stimulus

RASTER = (np.random.default_rng(3).random((70, 13)) < 0.15).astype(np.int8)


@pytest.fixture
def raster_path(tmp_path):
    np.save(tmp_path / "raster.npy", RASTER)
    return str(tmp_path / "raster.npy")


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command line; return its exit status, output and error output."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["sim", *arguments])
        monkeypatch.setattr(command, "OUTPUT", tmp_path)
        with pytest.raises(SystemExit) as exit:
            command.entry()
        captured = capsys.readouterr()
        return exit.value.code, captured.out, captured.err

    return call


@pytest.mark.parametrize("name", ["run", "recording"])
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--data", "nothing.npy"], "error: data path nothing.npy does not exist\n"),
        (["--lanes", "257"], "error: lanes must be in 1..256 (the channels), not 257\n"),
        (["--channels", "0"], "error: channels must be an integer in 1..4096, not 0\n"),
        (["--coder", "huffman"], "error: coder must be one of rice, leb128, not 'huffman'\n"),
        (["--alpha-q8", "257"], "error: alpha_q8 must be an integer in 0..256, not 257\n"),
        (["--start", "1"], "error: start and fs_hz are for recordings; name one with --data\n"),
        (["--duration", "-1"], "error: duration must be a number above 0, not -1.0\n"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(call, name, arguments, sentence):
    assert call(name, *arguments) == (2, "", sentence)


def test_unknown_options_are_status_2(call):
    status, _, error = call("run", "--bogus")
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith("error: no such option: --bogus")


def test_missing_recordings_are_status_2(call, monkeypatch, tmp_path):
    monkeypatch.setenv("CORTICODEC_DATA", str(tmp_path / "nowhere"))
    status, output, error = call("results")
    assert status == 2
    assert output.count("skipped") == 5
    assert "has none of the recordings" in error


def test_a_failing_tool_is_status_1(call, monkeypatch, raster_path):
    def fail(*_):
        raise BuildError("verilator cannot build it")

    monkeypatch.setattr(cosim, "simulate", fail)
    assert call("run", "--data", raster_path)[::2] == (1, "error: verilator cannot build it\n")


@pytest.mark.parametrize("pauses", ["0", "0.3"])
def test_a_recording_through_the_compiled_rtl_is_equal(call, tmp_path, raster_path, pauses):
    options = ["--lanes", "4", "--epoch-steps", "20", "--alpha-q8", "64", "--sharpness", "2"]
    status, output, _ = call("recording", "--data", raster_path, *options, "--gaps", pauses, "--stalls", pauses)
    assert status == 0, output
    report = json.loads((tmp_path / "recording.json").read_text())
    assert report["verdict"] == {"equal_to_reference": True, "decoded_equal_to_input": True, "differences": []}
    assert report["words"] == 70 * 4
    assert report["spikes"] == RASTER.sum()
    settings = Settings(epoch_steps=20, alpha_q8=64, sharpness=2)
    assert report["sizes"][1]["bytes"] == sum(map(len, encode_packets(RASTER, settings)))


def test_pauses_change_the_timing_but_no_byte():
    captures = [
        cxxrtl.simulate(Stimulus(RASTER, Settings(), 4, gaps, stalls, seed))
        for gaps, stalls, seed in ((0, 0, 1), (0.3, 0, 1), (0, 0.5, 1), (0.2, 0.2, 1), (0.2, 0.2, 2))
    ]
    assert all(capture.packets == captures[0].packets for capture in captures)
    assert len({tuple(capture.byte_cycles) for capture in captures}) == len(captures)


def test_an_output_of_other_settings_is_status_1(call, monkeypatch, raster_path):
    # The hardware is sent other settings than the model: the comparison must see it.
    simulate = cxxrtl.simulate

    def simulate_another(stimulus, *rest):
        return simulate(Stimulus(stimulus.raster, Settings(seed=1), stimulus.lanes), *rest)

    monkeypatch.setattr(cxxrtl, "simulate", simulate_another)
    status, output, _ = call("recording", "--data", raster_path, "--lanes", "4")
    assert status == 1
    assert "Wrong: output differs from the fast path's at byte 18 of packet 0" in output


def test_verilator_and_cxxrtl_agree_to_the_cycle():
    stimulus = Stimulus(RASTER, Settings(epoch_steps=30), lanes=4)
    compiled, verilog = cxxrtl.simulate(stimulus), cosim.simulate(stimulus)
    assert judge(stimulus, verilog, GOLDEN, GOLDEN.encode(RASTER, stimulus.settings)).differences == ()
    assert verilog.packets == compiled.packets
    assert verilog.stall_cycles == compiled.stall_cycles
    for name in ("word_cycles", "byte_cycles"):
        times, others = getattr(verilog, name), getattr(compiled, name)
        assert np.array_equal(times - verilog.word_cycles[0], others - compiled.word_cycles[0])
