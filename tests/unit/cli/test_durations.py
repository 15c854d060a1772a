"""Durations as people write them."""

import pytest

from polyarb.cli.durations import clock, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("90", 90), ("5m", 300), ("1h", 3600), ("2d", 172_800), (" 0.5M ", 30)],
)
def test_duration_is_read_in_its_unit(text: str, seconds: float) -> None:
    """Plain numbers are seconds; s, m, h and d say otherwise."""
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0s", "-5s", "5 minutes", "1h30m", "nan", "1e3s"])
def test_other_text_is_refused_with_an_example(text: str) -> None:
    """What is not a duration is not guessed at."""
    with pytest.raises(ValueError, match="write it like 90s, 5m or 1h"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00"), (61.9, "01:01"), (3599, "59:59"), (3661, "1:01:01")]
)
def test_clock_shows_hours_only_when_there_are_any(seconds: float, text: str) -> None:
    """A short run reads in minutes and seconds."""
    assert clock(seconds) == text
