"""Co-simulation: rasters through the simulated hardware, compared with the model (`python -m sim`)."""
