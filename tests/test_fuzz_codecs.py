"""A slice of the fuzzing of the codecs, and that it finds what it is there to find."""

import json

import numpy as np
import pytest

from bench import fuzz_codecs
from bench.fuzz_codecs import FUZZED, Tally, feed, sources
from model import list_codecs
from model.codecs.stream import Stream

PEAK_BYTES = 1 << 28


def test_a_slice():
    tally = feed(2000, seed=7)
    assert tally.damaged + tally.forged == 2000
    assert tally.unchanged < 20
    assert 20 < tally.forged_decoded < tally.forged - 200
    assert tally.peak_bytes < PEAK_BYTES


def test_every_codec_of_spikes_is_fuzzed():
    assert {name for name, _ in FUZZED} == set(list_codecs()) - {"waveform"}


def test_sources_have_several_chunks_and_decode_to_what_was_encoded():
    assert any(source.codec.name == "aer" and Stream(source.data).header.n_chunks > 2 for source in sources())
    for source in sources():
        np.testing.assert_array_equal(source.codec.decompress(source.data), source.raster)


def test_a_decoder_that_ignores_checksums_is_caught(monkeypatch):
    sources()
    watched = []
    monkeypatch.setattr("faulthandler.dump_traceback_later", lambda *_, **__: watched.append("begun"))
    monkeypatch.setattr("faulthandler.cancel_dump_traceback_later", lambda: watched.append("ended"))
    monkeypatch.setattr(Stream, "verify", lambda *_: None)
    with pytest.raises(AssertionError, match="decodes a damaged stream"):
        feed(500, seed=1)
    assert watched == ["begun", "ended"]  # or the process would be ended in the middle of another test


@pytest.mark.parametrize(
    "decoded", [np.zeros((3, 2), np.int16), np.full((120, 17), 2, np.int8), np.zeros((120, 18), np.int8)], ids=str
)
def test_what_is_no_raster_of_the_claimed_shape_is_caught(monkeypatch, decoded):
    monkeypatch.setattr(fuzz_codecs, "decompress", lambda data, max_bins: decoded)
    data = next(source.data for source in sources() if source.codec.name == "aer")
    with pytest.raises(AssertionError):
        fuzz_codecs.feed_forged(data, 1 << 20, Tally())


def test_the_command_writes_its_figures(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(fuzz_codecs, "run", lambda mutations, *_: Tally(damaged=mutations))
    fuzz_codecs.main(5, 1, tmp_path / "bench" / "fuzz.json")
    assert json.loads((tmp_path / "bench" / "fuzz.json").read_text())["damaged"] == 5
    assert "forged decoded" in capsys.readouterr().out
