"""docs/registers.md is what the code generates."""

import re

import pytest
from typer.testing import CliRunner

from hdl import decoder_registers, encoder_registers
from hdl.__main__ import app
from hdl.register_page import register_page
from sim.build import ROOT

DOCUMENT = ROOT / "docs" / "registers.md"


def test_page_is_up_to_date():
    assert DOCUMENT.read_text() == register_page(), "write it anew with: python -m hdl registers -o docs/registers.md"


def test_page_names_every_field():
    fields = re.findall(r"^\| `(0x..)` \| `(\w+)` \| (?:\d+:)?(\d+) \| `(\w+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert [(int(address, 16), register, int(low), name) for address, register, low, name in fields] == [
        (register.address, register.name, field.low, field.name)
        for register in (*encoder_registers.REGISTERS, *decoder_registers.REGISTERS)
        for field in register.fields
    ]


def test_what_both_count_is_at_the_same_address():
    encoder, decoder = (
        {register.name: register.address for register in table.REGISTERS}
        for table in (encoder_registers, decoder_registers)
    )
    shared = encoder.keys() & decoder.keys()
    assert shared >= {"ID", "VERSION", "CONTROL", "STATUS", "GEOMETRY", "PACKETS", "BYTES", "STALLS", "REFUSED"}
    assert {name: encoder[name] for name in shared} == {name: decoder[name] for name in shared}


def test_command_writes_the_page(tmp_path):
    page = tmp_path / "registers.md"
    assert CliRunner().invoke(app, ["registers", "-o", str(page)]).exit_code == 0
    assert page.read_text() == register_page()


@pytest.mark.parametrize("top", ["decoder", "decoder-soc"])
def test_decoder_has_no_choice_of_coders(tmp_path, top):
    path = tmp_path / "decoder.v"
    done = CliRunner().invoke(app, ["generate", "--top", top, "--coder", "rice", "-o", str(path)])
    assert done.exit_code == 2
    assert "coder must be left out" in done.output
    assert not path.exists()
