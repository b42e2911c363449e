"""IcebreakerTop: the encoder with the pins of an iCEBreaker."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from board.spi_input import SpiInput
from board.uart_output import UartOutput
from hdl.framer import Framer
from hdl.spike_encoder import SpikeEncoder
from model.golden.settings import CODER_IDS, Settings

CLOCK_HZ = 12_000_000
BAUD_HZ = 1_000_000
LANES = 8
CHANNELS_MAX = 2048
"""With more of them, the channels' state takes more than the 30 memories of a UP5K."""
FIFO_DEPTH = 256
ROOM_BYTES = 64
"""`ready` is high while so many bytes still fit."""
SETTINGS = Settings(epoch_steps=20, keyframe_interval=50)
"""Those in force; the pins have none."""
PINS = {
    "clock_12mhz": 35,
    "button_n": 10,
    "led_lost_n": 11,
    "uart_tx": 9,
    "spi_cs_n": 4,
    "spi_copi": 2,
    "spi_ready": 47,
    "spi_sck": 45,
}
"""Pin of the package by port: P1A1 to P1A4 of the connector PMOD 1A are 4, 2, 47 and 45."""


class IcebreakerTop(wiring.Component):
    """Rows of spikes come in over SPI, packets go out, framed, over the board's serial line.

    A row is `ceil(channels / 8)` bytes; the lowest channel of a byte is its least significant bit, which comes last.

    Parameters
    ----------
    channels : int
        Channels of the raster, 8..2048.

    Members
    -------
    clock_12mhz : In(1)
        The board's oscillator.
    button_n : In(1)
        Reset, while low.
    spi_cs_n, spi_sck, spi_copi : In(1)
        SPI in mode 0, up to 3 MHz.
    spi_ready : Out(1)
        64 more bytes may be sent without a look at this pin.
    uart_tx : Out(1)
        Serial line: 1 Mbaud, 8 bits, no parity, one stop bit.
    led_lost_n : Out(1)
        Low, and its LED lit, from the first byte on that came without room for it.

    Raises
    ------
    ValueError
        `channels` is out of range.
    """

    clock_12mhz: In(1)
    button_n: In(1)
    spi_cs_n: In(1)
    spi_sck: In(1)
    spi_copi: In(1)
    spi_ready: Out(1)
    uart_tx: Out(1)
    led_lost_n: Out(1, init=1)

    def __init__(self, channels: int = 1024) -> None:
        if not isinstance(channels, int) or not LANES <= channels <= CHANNELS_MAX:
            raise ValueError(f"channels must be an integer in {LANES}..{CHANNELS_MAX}, not {channels!r}")
        self._encoder = SpikeEncoder(channels, LANES, (SETTINGS.coder,))
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        """Return the design's logic."""
        m = Module()
        m.domains.sync = ClockDomain()
        m.domains.power_on = ClockDomain(reset_less=True)
        m.d.comb += [ClockSignal("sync").eq(self.clock_12mhz), ClockSignal("power_on").eq(self.clock_12mhz)]
        m.submodules.button = FFSynchronizer(~self.button_n, ResetSignal("sync"), o_domain="power_on")

        m.submodules.spi = spi = SpiInput()
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=8, depth=FIFO_DEPTH)
        m.submodules.encoder = encoder = self._encoder
        m.submodules.framer = framer = Framer()
        m.submodules.uart = uart = UartOutput(CLOCK_HZ // BAUD_HZ)
        wiring.connect(m, encoder.o, framer.i)
        wiring.connect(m, framer.o, uart.i)
        wiring.connect(m, spi.o, fifo.w_stream)
        m.d.comb += [
            spi.sck.eq(self.spi_sck),
            spi.cs_n.eq(self.spi_cs_n),
            spi.copi.eq(self.spi_copi),
            encoder.i.valid.eq(fifo.r_stream.valid),
            encoder.i.payload.spikes.eq(fifo.r_stream.payload),
            fifo.r_stream.ready.eq(encoder.i.ready),
            self.uart_tx.eq(uart.tx),
            self.spi_ready.eq(fifo.w_level <= FIFO_DEPTH - ROOM_BYTES),
            encoder.settings.alpha_q8.eq(SETTINGS.alpha_q8),
            encoder.settings.sharpness.eq(SETTINGS.sharpness),
            encoder.settings.seed.eq(SETTINGS.seed),
            encoder.settings.coder.eq(CODER_IDS[SETTINGS.coder]),
            encoder.settings.epoch_steps.eq(SETTINGS.epoch_steps),
            encoder.settings.keyframe_interval.eq(SETTINGS.keyframe_interval),
        ]
        with m.If(spi.lost):
            m.d.sync += self.led_lost_n.eq(0)
        return m


def constraints() -> str:
    """Return the pins as nextpnr's constraint file."""
    return "".join(f"set_io {port} {pin}\n" for port, pin in PINS.items())
