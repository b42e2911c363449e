"""Seeded synthetic recordings: the same bits for everyone who asks for the same seed."""

from model.synth.demo_waveform import demo_waveform
from model.synth.raster import bernoulli_raster, physiological_raster
from model.synth.waveform import GroundTruth, realistic_waveform

__all__ = ["GroundTruth", "bernoulli_raster", "demo_waveform", "physiological_raster", "realistic_waveform"]
