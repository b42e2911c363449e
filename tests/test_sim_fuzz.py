"""Anything at all into the compiled deframer and decoder: a slice of what `make fuzz` runs, and that it can fail."""

import json
import shutil
from collections import Counter
from io import StringIO

import pytest
from rich.console import Console

from model.kernels.packet_decoder import PacketDecoder
from sim import fuzz
from sim.decoder_model import DecoderModel
from sim.fuzz import WORK, Tally
from sim.fuzz_report import print_fuzz, write_fuzz

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")


@pytest.fixture(autouse=True)
def _in_step():
    """Begin with circuits and models that have taken the same."""
    fuzz._circuit.cache_clear()
    fuzz._model.cache_clear()


def test_a_slice():
    found = fuzz.fuzz(random_bytes=60_000, mutations=60, seed=5)
    assert list(found) == list(WORK)
    deframer, noise, packets, streams = found.values()
    assert deframer.packets > 1000
    assert noise.events.keys() == {"dropped", "shown"}
    assert packets.events.keys() >= {"shown", "rejected", "hidden", "bad"}
    assert streams.events.keys() >= {"shown", "dropped", "hidden"}
    assert streams.streams == 60
    assert min(tally.bytes for tally in (deframer, noise, packets)) >= 60_000


def test_a_decoder_that_shows_what_it_should_not_is_noticed(monkeypatch):
    show = DecoderModel._decoded

    def strict(self, data, packet):
        shown = show(self, data, packet)
        return None if packet.steps == 5 else shown

    monkeypatch.setattr(DecoderModel, "_decoded", strict)
    with pytest.raises(AssertionError, match="decoder shows other spikes than it must"):
        fuzz.fuzz_streams(60, 1)


def test_wrong_spikes_are_noticed(monkeypatch):
    decode = PacketDecoder.decode
    monkeypatch.setattr(PacketDecoder, "decode", lambda self, data, packet: 1 - decode(self, data, packet))
    with pytest.raises(AssertionError, match="must show spikes that were not sent"):
        fuzz.fuzz_streams(60, 1)


def test_a_hang_is_noticed(monkeypatch):
    monkeypatch.setattr(fuzz, "STALLS", 1.0)
    monkeypatch.setattr(fuzz, "HANG_CYCLES", 20_000)
    with pytest.raises(AssertionError, match=r"decoder hangs with .* bytes left"):
        fuzz.fuzz_random_bytes(60_000, 1)


def test_the_figures_fit_a_terminal_and_a_file(tmp_path):
    found = {name: Tally(bytes=10_000_000, events=Counter(shown=3, bad=2)) for name in WORK}
    console = Console(width=80, record=True, file=StringIO())
    print_fuzz(found, console)
    shown = console.export_text()
    assert "10,000,000" in shown
    assert "…" not in shown
    write_fuzz(found, 1, 2.0, tmp_path / "fuzz.json")
    assert json.loads((tmp_path / "fuzz.json").read_text())["work"][next(iter(WORK))]["events"] == {
        "shown": 3,
        "bad": 2,
    }
