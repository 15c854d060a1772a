"""Enums and instants on the wire."""

from enum import Enum
from typing import Protocol, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from polyarb.core.errors import BadInput

E = TypeVar("E", bound=Enum)


class ProtoEnum(Protocol):
    """What the generated code calls an enum."""

    def Name(self, number: int) -> str:  # noqa: N802 - the generated code's name
        """Return the full name of a number. Raises ValueError."""
        ...


def enum_name(value: Enum, prefix: str) -> str:
    """Return the proto name of `value` in an enum whose names start with `prefix`."""
    return prefix + value.name


def enum_value(number: int, proto: ProtoEnum, prefix: str, kind: type[E], field: str) -> E:
    """Return the enum member of a number. Raises BadInput for unspecified and unknown ones."""
    try:
        return kind[proto.Name(number).removeprefix(prefix)]
    except (KeyError, ValueError):
        accepted = ", ".join(prefix + member.name for member in kind)
        raise BadInput(field, f"must be one of {accepted}; got number {number}") from None


def timestamp(time_ns: int) -> Timestamp:
    """Return an instant in Unix nanoseconds as a message."""
    seconds, nanos = divmod(time_ns, 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


def time_ns(message: Timestamp) -> int:
    """Return an instant as Unix nanoseconds; 0 for an unset one."""
    return message.seconds * 1_000_000_000 + message.nanos


def positive(value: int, field: str) -> int:
    """Return `value`. Raises BadInput unless it is above zero."""
    if value <= 0:
        raise BadInput(field, f"must be above 0, got {value}")
    return value
