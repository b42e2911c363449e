"""PacketDecoder: one packet at a time, with the state that lasts from packet to packet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.golden.depacketizer import Packet
from model.kernels import depacketizer, outcome, spike_decoder
from model.kernels.bit_unpacker import SLACK_BYTES
from model.kernels.crc32c import as_array
from model.kernels.format import Format, from_settings
from model.kernels.jit import kernel
from model.kernels.rice_parameter import RiceParameter
from model.kernels.spike_decoder import Workspace


class PacketDecoder:
    """Decodes packets that were found to be valid and due; a keyframe is always due.

    Its memory is that of one row of channels, and of one table.
    """

    def __init__(self) -> None:
        self._workspace = spike_decoder.new_workspace(0)
        self._parameter = RiceParameter(0, 0, 0)

    def decode(self, data: bytes, packet: Packet) -> NDArray[np.int8]:
        """Return the rows of the packet `data`, whose fields are `packet`.

        Raises
        ------
        CodecError
            The payload is not one that an encoder in this state writes. Only a keyframe can be decoded next.
        """
        if packet.format is not None:
            self._start(from_settings(*packet.format))
        raster = np.zeros((packet.steps, self._format.channels), dtype=np.int8)
        buffer = as_array(data, bytes(SLACK_BYTES))
        self._parameter, error = _decode(buffer, len(data), self._format, self._workspace, self._parameter, raster)
        if error < 0:
            raise CodecError(outcome.SENTENCES[error])
        return raster

    def _start(self, format: Format) -> None:
        self._format = format
        if self._workspace.errors.size != format.channels:
            self._workspace = spike_decoder.new_workspace(format.channels)


@kernel
def _decode(
    data: NDArray[np.uint8],
    end: int,
    format: Format,
    workspace: Workspace,
    parameter: RiceParameter,
    raster: NDArray[np.int8],
) -> tuple[RiceParameter, int]:
    packet = depacketizer.read(data, 0, end)
    parameter, error = spike_decoder.decode_packet(format, packet, workspace, parameter, data, raster, True)
    if error < 0:
        workspace.errors[:] = 0
    return parameter, error
