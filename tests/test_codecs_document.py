"""docs/codecs.md: what it says to type runs, and it knows every codec."""

import inspect

import pytest
from documents import Document

import model
from model import get_codec, list_codecs

DOCUMENT = Document("codecs.md")


def test_fragments(capsys):
    namespace = {}
    for title in DOCUMENT.sections:
        for fragment in DOCUMENT.code(title):
            exec(fragment, namespace)
    assert "isi: 2000 x 64 bins" in capsys.readouterr().out


def test_codecs():
    (table,) = DOCUMENT.tables("Which one")
    spike_codecs = sorted(set(list_codecs()) - {"waveform"})
    assert sorted(row["codec"] for row in table) == spike_codecs
    for row in table:
        assert type(get_codec(row["codec"])) is getattr(model, row["class"])


@pytest.mark.parametrize("row", DOCUMENT.tables("Arguments")[0], ids=lambda row: row["argument"])
def test_arguments(row):
    rows = DOCUMENT.tables("Arguments")[0]
    codec = next(before["codec"] for before in rows[rows.index(row) :: -1] if before["codec"])
    parameters = inspect.signature(type(get_codec(codec)).__init__).parameters
    assert set(row["argument"].replace("`", "").split(", ")) <= set(parameters)
