"""What only the system can tell: wall clock, fresh ids, passwords. For composition roots alone."""

import secrets
import time
import uuid
from datetime import UTC, datetime


def now_ns() -> int:
    """Return the wall clock in nanoseconds of Unix time."""
    return time.time_ns()


def utc_now() -> datetime:
    """Return the wall clock in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a fresh UUID."""
    return str(uuid.uuid4())


def new_password() -> str:
    """Return a fresh password of 32 letters, digits, - and _."""
    return secrets.token_urlsafe(24)
