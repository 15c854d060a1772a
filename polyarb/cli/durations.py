"""Durations as people write them."""

import re
from typing import Final

_SECONDS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def parse_seconds(text: str) -> float:
    """Return "90s", "5m", "1h", "2d" or plain seconds as seconds.

    Raises ValueError for anything else, and for zero.
    """
    match = _FORM.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if seconds <= 0:
        raise ValueError(f"{text!r} is not a duration; write it like 90s, 5m or 1h")
    return seconds


def clock(seconds: float) -> str:
    """Return a duration as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"
