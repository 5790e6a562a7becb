"""Decompress a body piece by piece and stop at a cap: a gzip bomb costs no more than the cap."""

import zlib

_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's wbits
_MAGIC = b"\x1f\x8b"
_WBITS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}


class TooLargeError(ValueError):
    """More bytes than the cap allows."""


class EncodingError(ValueError):
    """The bytes are not what their Content-Encoding says."""


class Inflate:
    """Collects one body of at most `cap` bytes, counted after decompression (RFC 9110, section 8.4.1)."""

    def __init__(self, encoding: str, cap: int) -> None:
        name = encoding.strip().lower()
        if name not in _WBITS and name not in ("", "identity"):
            raise EncodingError(f"is packed as {name[:20]!r}, which nobody asked for")
        self._wbits = _WBITS.get(name)
        self._codec = zlib.decompressobj(self._wbits or _GZIP)
        self._left = cap
        self._parts: list[bytes] = []
        self._fresh = True

    def add(self, data: bytes) -> None:
        """Take the next piece as it came from the wire."""
        if not self._wbits:
            self._keep(data)
            return
        try:
            self._unpack(data)
        except zlib.error as error:
            raise EncodingError("is packed wrongly") from error

    def _unpack(self, data: bytes) -> None:
        while data:
            if self._codec.eof:  # a further gzip member (RFC 1952, 2.2); anything else is padding
                if self._wbits != _GZIP or not data.startswith(_MAGIC):
                    return
                self._codec = zlib.decompressobj(_GZIP)
            self._decompress(data)
            data = self._codec.unused_data

    def _decompress(self, data: bytes) -> None:
        try:
            piece = self._codec.decompress(data, self._left + 1)
        except zlib.error:
            if not (self._fresh and self._wbits == _ZLIB):
                raise
            self._codec = zlib.decompressobj(_RAW)  # servers that call raw deflate "deflate"
            piece = self._codec.decompress(data, self._left + 1)
        self._fresh = False
        self._keep(piece)

    def _keep(self, piece: bytes) -> None:
        if len(piece) > self._left:
            raise TooLargeError
        self._left -= len(piece)
        self._parts.append(piece)

    def whole(self) -> bytes:
        """Return the body; EncodingError if it was cut off."""
        if self._wbits and not self._codec.eof and not self._fresh:
            raise EncodingError("was cut off")
        return self.so_far()

    def so_far(self) -> bytes:
        return b"".join(self._parts)
