"""Values as bytes, for the pipe between the pool and its processes."""

import copyreg
import io
import pickle
import struct
from collections.abc import Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

from alerts.model import Content, Entry

T = TypeVar("T")
LENGTH = struct.Struct(">Q")


def _content(*values: Any) -> Content:  # noqa: ANN401
    return _filled(Content, values)


def _entry(*values: Any) -> Entry:  # noqa: ANN401
    return _filled(Entry, values)


def _filled(kind: type[T], values: Sequence[object]) -> T:
    """Make a frozen value anew; a third of what pickle's own way for dataclasses takes."""
    made = object.__new__(kind)
    for name, value in zip(kind.__slots__, values, strict=True):  # type: ignore[attr-defined]
        object.__setattr__(made, name, value)
    return made


_CONTENT, _ENTRY = attrgetter(*Content.__slots__), attrgetter(*Entry.__slots__)
_TABLE = {
    **copyreg.dispatch_table,
    MappingProxyType: lambda found: (dict, (dict(found),)),
    Content: lambda content: (_content, _CONTENT(content)),
    Entry: lambda entry: (_entry, _ENTRY(entry)),
}


def packed(value: object) -> bytes:
    """Return a value for the pipe, with its length before it."""
    body = io.BytesIO()
    pickler = pickle.Pickler(body, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _TABLE
    pickler.dump(value)
    return LENGTH.pack(body.tell()) + body.getvalue()


def unpacked(body: bytes) -> Any:  # noqa: ANN401  what was packed
    return pickle.loads(body)  # noqa: S301  from our own process
