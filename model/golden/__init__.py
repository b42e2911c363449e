"""The specification: the codec in plain Python, one class a block, each in the file of its name.

`SpikeEncoder` and `SpikeDecoder` put the blocks together. Nothing here is fast; `model.kernels` is, and equals it.
"""

from model.golden.settings import Settings
from model.golden.spike_decoder import SpikeDecoder
from model.golden.spike_encoder import SpikeEncoder

__all__ = ["Settings", "SpikeDecoder", "SpikeEncoder"]
