"""docs/stores.md is what its JSON says, and this package's codec is the smallest there."""

import json

import pytest
from documents import DOCS

pytest.importorskip("spikeinterface", reason="needs the extra spikeinterface")

from bench.stores import Row, page

FIGURES = json.loads((DOCS / "stores.json").read_text())
ROWS = [Row(**row) for row in FIGURES["rows"]]


def test_table_is_of_the_figures():
    written = (DOCS / "stores.md").read_text()
    table = page(ROWS, FIGURES["seconds"]).split("\n\n")[-1]
    assert written.endswith(table)
    assert f"{FIGURES['seconds']:g} s" in written.replace("\n", " ")


def test_this_package_is_the_smallest():
    own, *others = ROWS
    assert own.compressor == "corticodec"
    assert own.ratio > max(row.ratio for row in others)
