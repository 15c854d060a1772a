"""Unix nanoseconds <-> what asyncpg takes, without floats. Postgres keeps microseconds."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def instant(time_ns: int) -> datetime:
    """Return an instant, cut to the microsecond."""
    return _EPOCH + timedelta(microseconds=time_ns // 1000)


def unix_ns(time: datetime) -> int:
    """Return Unix nanoseconds."""
    return (time - _EPOCH) // _MICROSECOND * 1000
