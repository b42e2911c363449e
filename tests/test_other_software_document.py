"""What docs/other-software.md and docs/files.md say to type works, and their tables are those of the code."""

import re
import tomllib

import pytest
from documents import DOCS, Document

from model.__main__ import app
from model.formats import chunk

SOFTWARE, FILES = Document("other-software.md"), Document("files.md")
PROJECT = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize(("section", "module"), [("Zarr and numcodecs", "zarr"), ("SpikeInterface", "spikeinterface")])
def test_python_runs(section, module):
    pytest.importorskip(module)
    for code in SOFTWARE.code(section):
        exec(code, {})


def test_extras_exist():
    (table,) = SOFTWARE.tables("In other software")
    named = {name for row in table for name in re.findall(r"\w+", row["extra"])}
    assert named <= PROJECT["optional-dependencies"].keys()


def test_plain_installation_needs_few_packages():
    assert [re.match(r"[a-z]+", package)[0] for package in PROJECT["dependencies"]] == [
        "numpy",
        "numba",
        "rich",
        "typer",
    ]


def test_configuration():
    (table,) = SOFTWARE.tables("Zarr and numcodecs")
    defaults = {row["configuration"].split("`")[0]: row["default"] for row in table}
    coder = chunk.WaveformCoder()
    assert defaults["mode"] == f'"{coder.mode}"'
    assert defaults["preset"] == f'"{coder.preset}"'
    assert int(defaults["group_channels"]) == coder.group_channels
    assert coder.max_error is None
    assert chunk.SpikeCoder().codec == "isi"


def test_commands_are_listed():
    (block,) = re.findall(r"```\n(corticodec.*?)```", FILES.text, re.DOTALL)[:1]
    listed = {line.split()[1] for line in block.splitlines()}
    assert listed == {command.name or command.callback.__name__ for command in app.registered_commands}


def test_chunk_starts_as_told():
    assert bytes([0xC5, 0x5A]) == chunk.MAGIC
    assert (chunk.VERSION, chunk.STREAM, chunk.DEFLATED) == (1, 0, 1)
