"""What a compression came to, in numbers that compare codecs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from model.bounds import combination_bits


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeResult:
    """What compressing a raster came to; each codec's own result adds to it.

    Attributes
    ----------
    codec : str
        Name of the codec, and what it chose.
    n_steps, n_channels : int
        Shape of the raster.
    n_spikes : int
        Ones in what the stream decodes to.
    compressed_bytes : int
        Size of the stream, header and checksums included.
    """

    codec: str
    n_steps: int
    n_channels: int
    n_spikes: int
    compressed_bytes: int

    @property
    def n_bins(self) -> int:
        """Steps times channels."""
        return self.n_steps * self.n_channels

    @property
    def compression_ratio(self) -> float:
        """Size of the raster at 1 bit a bin, divided by that of the stream."""
        return self.n_bins / (8 * self.compressed_bytes)

    @property
    def bits_per_spike(self) -> float:
        """Bits of the stream per spike; infinite where there is none."""
        return 8 * self.compressed_bytes / self.n_spikes if self.n_spikes else math.inf

    @property
    def bits_per_bin(self) -> float:
        """Bits of the stream per bin; infinite where there is none."""
        return 8 * self.compressed_bytes / self.n_bins if self.n_bins else math.inf

    @property
    def entropy_bound_bits(self) -> float:
        """Bits that it takes to tell the raster from all others with as many spikes: log2 C(bins, spikes).

        A coder that knows more than the number of spikes may need fewer.
        """
        return combination_bits(self.n_bins, self.n_spikes)

    def summary(self) -> str:
        """Return the result in one line."""
        return (
            f"{self.codec}: {self.n_steps} x {self.n_channels} bins, {self.n_spikes} spikes, "
            f"{self.compressed_bytes} bytes, ratio {self.compression_ratio:.2f}, {self.bits_per_spike:.2f} bits a spike"
            f"{self._details()}"
        )

    def _details(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsiResult(SpikeResult):
    """Result of `SpikeCodec`.

    Attributes
    ----------
    max_shift_steps : int
        Most steps by which a spike may have moved; 0 if the mode is lossless.
    n_merged : int
        Spikes that lossy rounding made one with another of their channel.
    """

    max_shift_steps: int = 0
    n_merged: int = 0

    def _details(self) -> str:
        return f", moved by up to {self.max_shift_steps} steps, {self.n_merged} merged" if self.max_shift_steps else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictiveResult(SpikeResult):
    """Result of `PredictiveSpikeCodec`.

    Attributes
    ----------
    error_density : float
        Share of the bins, 0..1, that the predictor got wrong; NaN where it gives a probability and not a guess.
    prediction_gain : float
        Size without prediction divided by the size reached, each without stream overhead: above 1, prediction paid.
    """

    error_density: float
    prediction_gain: float

    def _details(self) -> str:
        wrong = "" if math.isnan(self.error_density) else f", {self.error_density:.3%} of bins mispredicted"
        return f"{wrong}, prediction gain {self.prediction_gain:.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaResult(SpikeResult):
    """Result of `DeltaSpikeCodec`.

    Attributes
    ----------
    mean_delta_sparsity : float
        Share of zeros, 0..1, in what is coded of the channels that have a reference; NaN if none has.
    n_groups, n_delta_channels : int
        Groups of channels that share references, and the channels coded as a difference from one.
    """

    mean_delta_sparsity: float
    n_groups: int
    n_delta_channels: int

    def _details(self) -> str:
        if not self.n_delta_channels:
            return ", no channel as a difference"
        return f", {self.n_delta_channels} channels as differences, {self.mean_delta_sparsity:.2%} of their bins zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingResult(SpikeResult):
    """Result of `StreamingSpikeCodec`.

    Attributes
    ----------
    n_frames : int
        Frames of the stream.
    max_frame_bytes : int
        Most bytes that a frame of this window and these channels can take, whatever its spikes.
    """

    n_frames: int
    max_frame_bytes: int

    def _details(self) -> str:
        return f", {self.n_frames} frames of at most {self.max_frame_bytes} bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class AerResult(SpikeResult):
    """Result of `AERSpikeCodec`.

    Attributes
    ----------
    n_events : int
        Events coded: spikes, or silent bins where those are fewer.
    """

    n_events: int

    @property
    def bytes_per_event(self) -> float:
        """Bytes of the stream per event; infinite where there is none."""
        return self.compressed_bytes / self.n_events if self.n_events else math.inf

    def _details(self) -> str:
        return f", {self.n_events} events, {self.bytes_per_event:.2f} bytes an event"
