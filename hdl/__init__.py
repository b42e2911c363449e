"""Corticodec's hardware: one Amaranth block a file, and the generation of Verilog (`python -m hdl`)."""

from importlib.util import find_spec

if find_spec("amaranth") is None:
    raise ModuleNotFoundError("hdl needs the package amaranth; install it with: pip install 'corticodec[hdl]'")
