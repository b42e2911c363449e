"""Corticodec's hardware: one Amaranth block a file, and the generation of Verilog (`python -m hdl`)."""
