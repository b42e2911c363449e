"""What compressing a waveform came to."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveformResult:
    """What compressing a waveform came to.

    Attributes
    ----------
    mode, preset : str
        As the codec was told.
    n_steps, n_channels : int
        Shape of the waveform.
    sample_bits : int
        Bits of a sample of the array given.
    compressed_bytes : int
        Size of the stream, header and checksums included.
    max_error : float
        Most that a sample may have changed by, in units of the samples: as given, or picked to fit a target.
    worst_error, rms_error : float
        Largest change of a sample, and the root of the mean square of all: of what the decoder gives back.
    lsb_microvolts : float or None
        What a unit of the samples is, where the codec was told.
    sampling_hz : float
        As the codec was told.
    """

    mode: str
    preset: str
    n_steps: int
    n_channels: int
    sample_bits: int
    compressed_bytes: int
    max_error: float
    worst_error: float
    rms_error: float
    lsb_microvolts: float | None
    sampling_hz: float

    @property
    def n_samples(self) -> int:
        """Steps times channels."""
        return self.n_steps * self.n_channels

    @property
    def raw_bytes(self) -> int:
        """Size of the array given."""
        return self.n_samples * self.sample_bits // 8

    @property
    def compression_ratio(self) -> float:
        """Size of the array given, divided by that of the stream."""
        return self.raw_bytes / self.compressed_bytes

    @property
    def bits_per_sample(self) -> float:
        """Bits of the stream per sample; infinite where there is none."""
        return 8 * self.compressed_bytes / self.n_samples if self.n_samples else math.inf

    @property
    def mbps(self) -> float:
        """Megabits a second that the stream takes where it is sent as it is recorded; infinite for no samples."""
        seconds = self.n_steps / self.sampling_hz
        return 8e-6 * self.compressed_bytes / seconds if seconds else math.inf

    def summary(self) -> str:
        """Return the result in one line."""
        text = (
            f"waveform {self.mode} ({self.preset}): {self.n_steps} x {self.n_channels} samples, "
            f"{self.compressed_bytes} bytes, ratio {self.compression_ratio:.3f}, "
            f"{self.bits_per_sample:.3f} bits a sample"
        )
        if self.mode == "lossless":
            return text
        text += f", error at most {self.worst_error:g} (allowed {self.max_error:g}), rms {self.rms_error:.3g} LSB"
        if self.lsb_microvolts is None:
            return text
        return text + (
            f"; {self.worst_error * self.lsb_microvolts:.4g} and {self.rms_error * self.lsb_microvolts:.3g} microvolts"
        )
