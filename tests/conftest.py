"""What all software tests share."""

import hashlib
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent


def _sources_digest() -> str:
    sources = sorted((ROOT / "model").rglob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


# Numba's cache does not notice edits of what a kernel calls: a folder for each state of the sources, so that tests
# never run yesterday's kernels. It must be set before Numba is imported.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / "build" / "numba" / _sources_digest()))

# The first example of a test may wait for the compiler.
settings.register_profile("software", deadline=None)
settings.load_profile("software")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the real recordings; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("CORTICODEC_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings in {folder}; name their folder in CORTICODEC_DATA")
    return folder


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call a command of `corticodec` in an empty folder; return exit status, output and error output."""
    from model.__main__ import entry

    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["corticodec", *map(str, arguments)])
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(SystemExit) as exit:
            entry()
        signal.signal(signal.SIGTERM, before)
        return exit.value.code, *capsys.readouterr()

    return call
