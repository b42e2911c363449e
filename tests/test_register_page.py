"""docs/registers.md is what the code generates."""

import re

from typer.testing import CliRunner

from hdl.__main__ import app
from hdl.register_map import REGISTERS, register_page
from sim.build import ROOT

DOCUMENT = ROOT / "docs" / "registers.md"


def test_page_is_up_to_date():
    assert DOCUMENT.read_text() == register_page(), "write it anew with: python -m hdl registers -o docs/registers.md"


def test_page_names_every_field():
    fields = re.findall(r"^\| `(0x..)` \| `(\w+)` \| (?:\d+:)?(\d+) \| `(\w+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert [(int(address, 16), register, int(low), name) for address, register, low, name in fields] == [
        (register.address, register.name, field.low, field.name) for register in REGISTERS for field in register.fields
    ]


def test_command_writes_the_page(tmp_path):
    page = tmp_path / "registers.md"
    assert CliRunner().invoke(app, ["registers", "-o", str(page)]).exit_code == 0
    assert page.read_text() == register_page()


def test_decoder_has_no_choice_of_coders(tmp_path):
    path = tmp_path / "decoder.v"
    done = CliRunner().invoke(app, ["generate", "--top", "decoder", "--coder", "rice", "-o", str(path)])
    assert done.exit_code == 2
    assert "coder must be left out" in done.output
    assert not path.exists()
