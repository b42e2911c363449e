"""Area, speed and energy of the hardware, measured with open tools, and a bitstream for a board."""
