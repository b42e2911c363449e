"""What compressing a waveform came to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from model.codecs.fidelity import Fidelity


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
    fidelity : Fidelity
        What the decoder gives back, against the array given; in `lossless` mode only errors, all of them 0.
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
    fidelity: Fidelity
    lsb_microvolts: float | None
    sampling_hz: float

    @property
    def worst_error(self) -> float:
        """Largest change of a sample, in units of the samples."""
        return self.fidelity.worst_error

    @property
    def rms_error(self) -> float:
        """Root of the mean squared change, in units of the samples."""
        return self.fidelity.rms_error

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
        """Return the result in one line, and its fidelity in another."""
        text = (
            f"waveform {self.mode} ({self.preset}): {self.n_steps} x {self.n_channels} samples, "
            f"{self.compressed_bytes} bytes, ratio {self.compression_ratio:.3f}, "
            f"{self.bits_per_sample:.3f} bits a sample"
        )
        if self.max_error == 0:
            return text
        microvolts = ""
        if self.lsb_microvolts is not None:
            worst, rms = self.worst_error * self.lsb_microvolts, self.rms_error * self.lsb_microvolts
            microvolts = f" (microvolts: {worst:.4g}, rms {rms:.3g})"
        fidelity = self.fidelity
        return (
            f"{text}\nerror at most {self.worst_error:g} of {self.max_error:g}, rms {self.rms_error:.3g}{microvolts}; "
            f"below 300 Hz {fidelity.lfp_snr_db:.1f} dB, spikes {fidelity.snippet_snr_db:.1f} dB; "
            f"{fidelity.detected} spikes, recall {fidelity.recall:.1%}, precision {fidelity.precision:.1%}"
        )
