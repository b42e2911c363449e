"""Kernels that check the bounds of their arrays, as `make fuzz` runs them, find nothing outside."""

import os
import subprocess
import sys

import numpy as np

SCRIPT = """
import sys
import numpy as np
from model import get_codec
raster = np.load(sys.argv[1])
for codec in (get_codec("isi", entropy="rice"), get_codec("aer")):
    for steps in range(1, len(raster)):
        data, _ = codec.compress(raster[:steps])
        assert (codec.decompress(data) == raster[:steps]).all()
"""


def test_codewords_up_to_the_last_bit_are_read_within_the_array(tmp_path):
    """Payloads of many lengths: some fill their last byte."""
    np.save(tmp_path / "raster.npy", np.random.default_rng(3).random((40, 7)) < 0.2)
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", SCRIPT, tmp_path / "raster.npy"], env=environment, check=True)
