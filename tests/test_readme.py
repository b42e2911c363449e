"""What README.md says to type works."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_python_runs(capsys):
    """All fragments, one after another: later ones go on with what earlier ones made."""
    names = {}
    for code in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(code, names)
    summary, link, worst, received, ratio = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"isi: 2000 x 64 bins, \d+ spikes, \d+ bytes, ratio 1\d\.\d+, .*", summary)
    assert re.fullmatch(r"\d+\.\d kbit/s, \d+ bytes in a packet at most here", link)
    assert re.fullmatch(r"\d+ bytes at most, whatever the spikes", worst)
    assert received == "1200 steps, 800 missing"
    assert re.fullmatch(r"ratio 3\.\d\d without loss", ratio)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE))))
def test_targets_exist(target):
    assert re.search(rf"^{''.join(target)}: ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("page", re.findall(r"\]\((docs/[a-z-]+\.md)\)", README))
def test_pages_exist(page):
    assert (ROOT / page).is_file()
