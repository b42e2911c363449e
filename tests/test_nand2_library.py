"""synth/nand2.lib: each cell's area and function, against the cell of sky130_fd_sc_hd that it stands for."""

import re
from itertools import product

import numpy as np
import pytest

from synth.gates import FLIP_FLOP, LIBRARY

NAND2_SITES = 3
CELLS = {
    "INV": (3, lambda a: not a),
    "BUF": (3, lambda a: a),
    "NAND2": (NAND2_SITES, lambda a, b: not (a and b)),
    "NOR2": (3, lambda a, b: not (a or b)),
    "AND2": (5, lambda a, b: a and b),
    "OR2": (5, lambda a, b: a or b),
    "NAND3": (4, lambda a, b, c: not (a and b and c)),
    "NOR3": (4, lambda a, b, c: not (a or b or c)),
    "XOR2": (7, lambda a, b: a != b),
    "XNOR2": (7, lambda a, b: a == b),
    "AOI21": (4, lambda a, b, c: not ((a and b) or c)),
    "OAI21": (4, lambda a, b, c: not ((a or b) and c)),
    "AOI22": (6, lambda a, b, c, d: not ((a and b) or (c and d))),
    "MAJ3": (8, lambda a, b, c: sum((a, b, c)) >= 2),
    "MUX2": (9, lambda a, b, s: b if s else a),
    "DFF": (16, None),
}
"""Width in sites of 0.46 µm, `SIZE` in `sky130_fd_sc_hd__*_1.lef`, and function of the inputs in alphabetical order."""

TEXTS = dict(re.findall(r"^  cell\((\w+)\)(.*(?:\n {3,}.*)*)", LIBRARY.read_text(), flags=re.MULTILINE))


def output(function, levels):
    """Return what a function of Liberty gives, in which `'` behind an operand negates it."""
    return eval(function.replace("'", ".__invert__()").replace("*", "&").replace("+", "|"), levels)


def test_every_cell_is_known():
    assert set(TEXTS) == set(CELLS)
    assert LIBRARY.read_text().count("cell(") == len(CELLS)


@pytest.mark.parametrize("name", CELLS)
def test_areas_are_those_of_the_open_library(name):
    (area,) = re.findall(r"\barea : ([\d.]+)", TEXTS[name])
    assert float(area) == round(CELLS[name][0] / NAND2_SITES, 2)


@pytest.mark.parametrize("name", [name for name in CELLS if name != "DFF"])
def test_functions_are_what_their_names_say(name):
    inputs = re.findall(r"pin\((\w)\) { direction : input; }", TEXTS[name])
    (function,) = re.findall(r'pin\(Y\) { direction : output; function : "(.*)"; }', TEXTS[name])
    assert inputs == sorted(inputs)
    for levels in product((np.False_, np.True_), repeat=len(inputs)):
        assert output(function, dict(zip(inputs, levels, strict=True))) == CELLS[name][1](*levels)


def test_the_flip_flop_takes_its_input_at_the_clock():
    text = " ".join(TEXTS["DFF"].split())
    assert 'ff(IQ, IQN) { clocked_on : "C"; next_state : "D"; }' in text
    assert "pin(C) { direction : input; clock : true; } pin(D) { direction : input; }" in text
    assert 'pin(Q) { direction : output; function : "IQ"; }' in text
    assert FLIP_FLOP == 5.33
