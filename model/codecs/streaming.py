"""StreamingSpikeCodec: windows of fixed length, each decodable alone."""

from __future__ import annotations

from typing import ClassVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.bounds import packet_bytes_max
from model.codecs import packets
from model.codecs.base import Codec, Common, OpenRaster
from model.codecs.checks import check_choice
from model.codecs.results import StreamingResult
from model.codecs.spikes import Spikes
from model.errors import CodecError
from model.golden.settings import CHANNELS_MAX, EPOCH_STEPS_MAX, CoderName, Settings, check_int
from model.kernels import spike_encoder
from model.raster import decode_packets


class StreamingSpikeCodec(Codec[StreamingResult]):
    """Frames that stand alone: the hardware's packets, each a keyframe without prediction.

    A frame can be sent as soon as its window has passed, and a lost one costs nothing but itself. No spikes whatever
    make it larger than `max_frame_bytes`.

    Parameters
    ----------
    window_size : int
        Steps of a frame, 1..65535; the default of 20 is 1 ms at 20 kHz.
    coder : {"rice", "leb128"}
        The hardware's interval coder.

    Raises
    ------
    ValueError
        An argument is not one of these.

    Examples
    --------
    >>> import numpy as np
    >>> codec = StreamingSpikeCodec(window_size=20)
    >>> window = np.eye(20, 64, dtype=np.int8)
    >>> frame = codec.compress_frame(window)
    >>> np.array_equal(codec.decompress_frame(frame), window)
    True
    """

    name: ClassVar[str] = "streaming"

    def __init__(self, window_size: int = 20, coder: CoderName = "rice") -> None:
        self.window_size = check_int("window_size", window_size, 1, EPOCH_STEPS_MAX)
        check_choice("coder", coder, get_args(CoderName))
        self.coder = coder
        self._settings = Settings(alpha_q8=0, coder=coder, epoch_steps=self.window_size, keyframe_interval=1)

    def max_frame_bytes(self, n_channels: int) -> int:
        """Return the most bytes that a frame of so many channels, 0..4096, takes, whatever its spikes."""
        check_int("n_channels", n_channels, 0, CHANNELS_MAX)
        return packet_bytes_max(self.window_size * n_channels, self.coder)

    def compress(self, spikes: ArrayLike) -> tuple[bytes, StreamingResult]:  # noqa: D102 - inherited
        checked = Spikes(spikes)
        data = packets.encode(self.name, checked.all_rows(), self._settings)
        common = Common(
            n_steps=checked.steps,
            n_channels=checked.channels,
            n_spikes=checked.n_spikes,
            compressed_bytes=len(data),
        )
        return data, StreamingResult(
            codec=f"{self.name} ({self.coder})",
            **common,
            n_frames=-(-checked.steps // self.window_size) if checked.channels else 0,
            max_frame_bytes=self.max_frame_bytes(checked.channels),
        )

    def compress_frame(self, window: ArrayLike) -> bytes:
        """Compress one window.

        Parameters
        ----------
        window : array_like, shape (steps, channels)
            Zeros and ones as for `compress`; 1 to `window_size` steps, 1 to 4096 channels.

        Returns
        -------
        bytes
            A packet as the hardware sends it, numbered 0.

        Raises
        ------
        ValueError
            `window` has another shape, type or value.
        """
        checked = Spikes(window)
        packets.check_channels(checked.channels)
        if not 1 <= checked.steps <= self.window_size or not checked.channels:
            raise ValueError(
                f"window must have 1 to {self.window_size} steps and a channel or more, "
                f"not shape {(checked.steps, checked.channels)}"
            )
        ((frame, _),) = spike_encoder.encode(checked.all_rows(), self._settings)
        return frame.tobytes()

    def decompress_frame(self, frame: bytes) -> NDArray[np.int8]:
        """Return the window of a frame.

        Parameters
        ----------
        frame : bytes
            What `compress_frame` or the hardware made of it.

        Returns
        -------
        NDArray of int8, shape (steps, channels)
            Zeros and ones.

        Raises
        ------
        CodecError
            The frame is damaged, cut off, forged, no keyframe, or longer than `window_size`.
        """
        window = decode_packets([frame], max_bins=self.window_size * CHANNELS_MAX)
        if window.shape[0] > self.window_size:
            raise CodecError(f"frame has {window.shape[0]} steps; window_size is {self.window_size}")
        return window

    def open(self, data: bytes) -> OpenRaster:  # noqa: D102 - inherited
        return packets.open_raster(self.name, data)
