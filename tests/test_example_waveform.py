"""The example of the waveform codec, small."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from matplotlib.image import imread
from typer import Typer
from typer.testing import CliRunner

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "demo_waveform.py"


@pytest.fixture(scope="module")
def example():
    spec = spec_from_file_location("example_waveform", EXAMPLE)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("workload", "least_ratio"), [("demo", 24), ("realistic", 55)])
def test_the_example_compresses_decodes_and_draws(example, workload, least_ratio, tmp_path):
    app = Typer()
    app.command()(example.main)
    picture = tmp_path / "pictures" / "waveform.png"
    arguments = ["--channels", "20", "--duration", "0.5", "--workload", workload, "--picture", str(picture)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert float(re.search(r"ratio ([\d.]+)", result.output)[1]) > least_ratio
    made, found = map(int, re.search(r"(\d+) spikes made, (\d+) found", result.output).groups())
    assert abs(made - found) < 0.2 * made + 3
    height, width, _ = imread(picture).shape
    assert min(height, width) > 500


def test_the_window_with_most_spikes_is_drawn(example):
    decoded_spikes = example.DecodedSpikes
    at = example.np.array([100, 9000, 9010, 9020])
    channels = example.np.array([3, 17, 18, 19])
    assert example.busiest(decoded_spikes(at, channels, None, []), 10_000, 20) == (8000, 14)
    assert example.busiest(decoded_spikes(at[:0], at[:0], None, []), 100, 2) == (0, 0)
