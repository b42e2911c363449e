"""SpikeEncoder: a raster to packets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from model.golden.isi_encoder import IsiEncoder
from model.golden.packetizer import Packetizer
from model.golden.predictor import Predictor
from model.golden.scheduler import Scheduler
from model.golden.settings import CHANNELS_MAX, Settings, check_int
from model.golden.spike_check import SpikeCheck
from model.golden.xor_array import XorArray


class SpikeEncoder:
    """Predict, compare, code what was mispredicted, send.

    Parameters
    ----------
    channels : int
        Channels of the raster, 1..4096.
    settings : Settings
        Defaults if not given.

    Raises
    ------
    ValueError
        `channels` is out of range.
    """

    def __init__(self, channels: int, settings: Settings | None = None) -> None:
        self.channels = check_int("channels", channels, 1, CHANNELS_MAX)
        self.settings = settings or Settings()
        self.scheduler = Scheduler(self.settings)
        self.xor_array = XorArray()
        self.packetizer = Packetizer(self.channels, self.settings)
        self.spike_check = SpikeCheck()
        self._reset_codec()

    def _reset_codec(self) -> None:
        self.predictor = Predictor(self.channels, self.settings)
        self.isi_encoder = IsiEncoder(self.settings.coder)

    def push_row(self, spikes: Sequence[int]) -> bytes | None:
        """Take one step; return the packet that it completes, or None.

        Raises
        ------
        ValueError
            The row is not `channels` zeros and ones.
        """
        if len(spikes) != self.channels:
            raise ValueError(f"spikes must have {self.channels} channels, not {len(spikes)}")
        if any(spike not in (0, 1) for spike in spikes):
            raise ValueError("spikes must be 0 or 1")
        if self.scheduler.starts_keyframe:
            self._reset_codec()
        elif self.scheduler.starts_epoch:
            self.isi_encoder.start_epoch()
        for error in self.xor_array.apply(spikes, self.predictor.predict()):
            self.isi_encoder.push(error)
        for spike in spikes:
            self.spike_check.push(spike)
        self.predictor.learn(spikes)
        return self.flush() if self.scheduler.step() else None

    def flush(self) -> bytes | None:
        """End the current epoch where it stands; return its packet, or None if it has no steps."""
        steps = self.scheduler.steps
        if steps == 0:
            return None
        payload = self.isi_encoder.finish()
        packet = self.packetizer.packet(self.scheduler.in_keyframe, payload, steps, self.spike_check.value)
        self.spike_check = SpikeCheck()
        self.scheduler.end_epoch()
        return packet

    def encode(self, raster: Iterable[Sequence[int]]) -> list[bytes]:
        """Return the packets of a whole raster, the last of them cut short where the raster ends."""
        packets = [self.push_row(row) for row in raster]
        packets.append(self.flush())
        return [packet for packet in packets if packet is not None]
