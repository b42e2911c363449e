"""Pages: complete, in one file, the same every time; drawn by Chromium where there is one."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs the extra report")

from model import Settings, encode_packets, encode_raster, frame_packets
from model.errors import CodecError
from model.files.compress import compress
from model.files.compressed import CompressedRecording
from model.files.hints import Hints
from model.files.open import open_recording
from model.formats.chunk import SpikeCoder, WaveformCoder
from model.report import packets, recordings
from model.sources import from_file
from model.synth import bernoulli_raster, realistic_waveform

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HZ = 20_000.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with samples, a raster, and packets of which one is lost."""
    folder = tmp_path_factory.mktemp("report")
    np.save(folder / "samples.npy", realistic_waveform(6000, 6)[0])
    raster = bernoulli_raster(0.02, 500, 30)
    np.save(folder / "raster.npy", raster)
    sent = encode_packets(raster, Settings(epoch_steps=20, keyframe_interval=5))
    (folder / "line.bin").write_bytes(frame_packets(sent[:7] + sent[8:]))
    (folder / "all.ctcd").write_bytes(encode_raster(raster, Settings(epoch_steps=20)))
    return folder


def packed(folder, name, coder):
    source = open_recording(folder / name, Hints(sampling_hz=HZ))
    compress(source, folder / f"{name}.ctcz", coder, 1, lambda _: None)
    return CompressedRecording(folder / f"{name}.ctcz"), source


def pages(folder):
    yield recordings.report(*packed(folder, "samples.npy", WaveformCoder("bounded", max_error=3)))
    yield recordings.report(packed(folder, "samples.npy", WaveformCoder())[0], None)
    yield recordings.report(packed(folder, "raster.npy", SpikeCoder())[0], None)
    yield packets.report(from_file(str(folder / "line.bin")), 1.0)
    yield packets.report(from_file(str(folder / "all.ctcd")), 1.0)


TITLES = [
    ["Traces", "Errors", "Spectrum", "Bits over time", "Bytes by part"],
    ["Traces", "Errors", "Spectrum", "Bits over time", "Bytes by part"],
    ["Raster", "Bits over time", "Bytes by part"],
    ["Raster", "Bits per epoch", "Packet losses"],
    ["Raster", "Bits per epoch", "Packet losses"],
]


class Elements(HTMLParser):
    """Elements that are open, all that were, and what they point to."""

    def __init__(self):
        super().__init__()
        self.open, self.all, self.links = [], [], []

    def handle_starttag(self, tag, attributes):
        self.all.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "data")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_pages_are_whole_and_need_nothing_else(folder):
    for page, titles in zip(pages(folder), TITLES, strict=True):
        assert [title for title, _, _ in page.figures] == titles
        elements = Elements()
        elements.feed(page.html())
        assert elements.open == []
        assert elements.all.count("svg") == len(titles)
        assert "script" not in elements.all
        assert all(link.startswith("#") for link in elements.links)


def test_facts(folder):
    bounded, _, _, line, whole = pages(folder)
    assert "6,000 steps of 6 channels" in bounded.facts["samples"]
    assert bounded.facts["error"].startswith("at most 3, rms 1.")
    errors = next(sentence for title, sentence, _ in bounded.figures if title == "Errors")
    assert re.fullmatch(r"36,000 samples; 3\d,\d+ differ\.", errors)
    assert line.facts["packets"].startswith("24 intact, 1 lost, 2 undecodable")
    assert line.facts["steps"] == "440 received, 60 missing"
    assert whole.facts["steps"] == "500 received, 0 missing"


def test_without_the_source_errors_of_lossy_recordings_are_not_shown(folder):
    page = recordings.report(packed(folder, "samples.npy", WaveformCoder("bounded", max_error=3))[0], None)
    assert "Errors" not in [title for title, _, _ in page.figures]


def test_the_same_page_every_time(folder):
    recording = packed(folder, "samples.npy", WaveformCoder())[0]
    first, second = (re.sub(r'(id="|#|url\(#)[\w-]+', "", recordings.report(recording, None).html()) for _ in range(2))
    assert first == second


def test_wrong_sources(folder):
    recording, _ = packed(folder, "samples.npy", WaveformCoder())
    with pytest.raises(ValueError, match="source has 500 x 30 samples, but the recording 6000 x 6"):
        recordings.report(recording, open_recording(folder / "raster.npy", Hints()))
    (folder / "noise.bin").write_bytes(b"noise")
    with pytest.raises(CodecError, match="no packet could be decoded"):
        packets.report(from_file(str(folder / "noise.bin")), 1.0)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; install it, for example with: apt-get install chromium")
def test_chromium_draws_the_figures(folder, tmp_path):
    from matplotlib import image

    page = next(pages(folder))
    (tmp_path / "page.html").write_text(page.html())
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,2400"]
    shot = tmp_path / "page.png"
    subprocess.run(
        [*command, f"--screenshot={shot}", str(tmp_path / "page.html")], check=True, capture_output=True, timeout=60
    )
    pixels = image.imread(shot)[:, :, :3]
    assert pixels.shape[:2] == (2400, 1000)
    blue = (pixels[:, :, 2] > 0.5) & (pixels[:, :, 0] < 0.3)
    # Traces, errors, spectrum, bits and bytes all have the colour of what is decoded, one below another.
    rows = np.flatnonzero(blue.sum(axis=1) > 0)
    assert np.count_nonzero(np.diff(rows) > 30) >= 4
