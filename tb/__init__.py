"""Benches in cocotb, one a block in the file `test_<block>.py`: the RTL in a simulator against the golden model."""
