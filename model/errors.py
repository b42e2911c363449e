"""The one exception that stands for a stream that cannot be decoded."""


class CodecError(ValueError):
    """A byte stream is damaged, forged, truncated, or of an unknown kind.

    Wrong *arguments* raise a plain `ValueError`; `CodecError` is about the bytes themselves. It derives from
    `ValueError`, so code that catches `ValueError` around a decode catches both.
    """
