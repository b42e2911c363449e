"""Seeded synthetic recordings: the same bits for everyone who asks for the same seed."""

from model.synth.raster import bernoulli_raster, physiological_raster

__all__ = ["bernoulli_raster", "physiological_raster"]
