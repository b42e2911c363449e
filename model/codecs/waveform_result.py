"""What compressing a waveform came to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from model.codecs.fidelity import Fidelity


@dataclass
class Parts:
    """What the bytes of a stream that keeps spikes are, and what they stand for; sums over its groups and chunks.

    Attributes
    ----------
    times_bytes, snippet_bytes, background_bytes : int
        When spikes are, how they look, and what is beneath them. What is left of the stream says where these are.
    n_spikes : int
        Spikes; one that several channels see counts once.
    n_templates : int
        Templates of snippets.
    """

    times_bytes: int = 0
    snippet_bytes: int = 0
    background_bytes: int = 0
    n_spikes: int = 0
    n_templates: int = 0

    def add(self, other: Parts) -> None:
        """Add the sums of another part of the stream."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


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
        Most that a sample may have changed by, in units of the samples: as given, or picked to fit a target; infinite
        in the modes that keep spikes.
    fidelity : Fidelity
        What the decoder gives back, against the array given; in `lossless` mode only errors, all of them 0, and in
        `spike` mode no errors, but the spikes alone.
    parts : Parts
        What the stream's bytes are, in the modes that keep spikes.
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
    parts: Parts
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
    def original_bytes(self) -> int:
        """Size of the array given."""
        return self.n_samples * self.sample_bits // 8

    @property
    def compression_ratio(self) -> float:
        """Size of the array given, divided by that of the stream."""
        return self.original_bytes / self.compressed_bytes

    @property
    def bits_per_sample(self) -> float:
        """Bits of the stream per sample; infinite where there is none."""
        return 8 * self.compressed_bytes / self.n_samples if self.n_samples else math.inf

    @property
    def mbps(self) -> float:
        """Megabits a second that the stream takes where it is sent as it is recorded; infinite for no samples."""
        seconds = self.n_steps / self.sampling_hz
        return 8e-6 * self.compressed_bytes / seconds if seconds else math.inf

    @property
    def n_spikes_detected(self) -> int:
        """Spikes that the stream keeps; one that several channels see counts once."""
        return self.parts.n_spikes

    @property
    def n_templates(self) -> int:
        """Templates that were learnt, in all groups and chunks."""
        return self.parts.n_templates

    @property
    def spike_bytes(self) -> int:
        """Bytes of the spikes' times; 0 in the modes that keep samples."""
        return self.parts.times_bytes

    @property
    def snippet_bytes(self) -> int:
        """Bytes of the spikes' waveforms."""
        return self.parts.snippet_bytes

    @property
    def background_bytes(self) -> int:
        """Bytes of what is beneath the spikes."""
        return self.parts.background_bytes

    @property
    def lossless_spikes(self) -> bool:
        """Whether the time of each spike that was detected is in the stream as it was, or in samples that are."""
        return self.max_error == 0 or math.isinf(self.max_error)

    def followed_by(self, other: WaveformResult) -> WaveformResult:
        """Return what both came to, the other being of the same channels by the same codec, and later."""
        fidelity, parts = Fidelity(), Parts()
        for result in (self, other):
            fidelity.add(result.fidelity)
            parts.add(result.parts)
        return replace(
            self,
            n_steps=self.n_steps + other.n_steps,
            compressed_bytes=self.compressed_bytes + other.compressed_bytes,
            max_error=max(self.max_error, other.max_error),
            fidelity=fidelity,
            parts=parts,
        )

    def summary(self) -> str:
        """Return the result in one line, and in others what the decoder gives back and what the bytes are."""
        name = self.mode if math.isinf(self.max_error) else f"{self.mode} ({self.preset})"
        lines = [
            f"waveform {name}: {self.n_steps} x {self.n_channels} samples, "
            f"{self.compressed_bytes} bytes, ratio {self.compression_ratio:.3f}, "
            f"{self.bits_per_sample:.3f} bits a sample"
        ]
        if self.fidelity.samples and self.max_error:
            lines.append(self._fidelity())
        if math.isinf(self.max_error):
            lines.append(self._parts())
        return "\n".join(lines)

    def _fidelity(self) -> str:
        bound = "" if math.isinf(self.max_error) else f" of {self.max_error:g}"
        microvolts = ""
        if self.lsb_microvolts is not None:
            worst, rms = self.worst_error * self.lsb_microvolts, self.rms_error * self.lsb_microvolts
            microvolts = f" (microvolts: {worst:.4g}, rms {rms:.3g})"
        fidelity = self.fidelity
        return (
            f"error at most {self.worst_error:g}{bound}, rms {self.rms_error:.3g}{microvolts}; "
            f"below 300 Hz {fidelity.lfp_snr_db:.1f} dB, spikes {fidelity.snippet_snr_db:.1f} dB; "
            f"{fidelity.detected} detections, recall {fidelity.recall:.1%}, precision {fidelity.precision:.1%}"
        )

    def _parts(self) -> str:
        parts = self.parts
        sizes = {"times": parts.times_bytes, "snippets": parts.snippet_bytes, "background": parts.background_bytes}
        shares = ", ".join(f"{name} {size / self.compressed_bytes:.1%}" for name, size in sizes.items() if size)
        return f"{parts.n_spikes} spikes, {parts.n_templates} templates; {self.mbps:.3g} Mbit/s: {shares}"
