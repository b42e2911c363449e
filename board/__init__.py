"""A complete design for a board: spikes in over SPI, framed packets out over a serial line."""
