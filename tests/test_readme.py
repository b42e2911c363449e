"""What README.md says to type works."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_python_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(code, {})
    assert re.fullmatch(r"isi: 2000 x 64 bins, \d+ spikes, \d+ bytes, ratio 1\d\.\d+, .*\n", capsys.readouterr().out)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE))))
def test_targets_exist(target):
    assert re.search(rf"^{''.join(target)}: ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("page", re.findall(r"\]\((docs/[a-z-]+\.md)\)", README))
def test_pages_exist(page):
    assert (ROOT / page).is_file()
