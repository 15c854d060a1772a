"""How often an outage is mentioned."""

from collections.abc import Iterator

import pytest
from loguru import logger

from polyarb.chassis.outage import Outage


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lines() -> Iterator[list[str]]:
    heard: list[str] = []
    sink = logger.add(lambda m: heard.append(m.rstrip("\n")), format="{level} {message}")
    yield heard
    logger.remove(sink)


def test_a_loss_is_said_at_once_and_every_five_seconds(lines: list[str]) -> None:
    """Three tries a second for 11 seconds are three lines."""
    clock = Clock()
    outage = Outage("ledger", clock=clock)

    for _ in range(33):
        outage.lost("UNAVAILABLE: refused")
        clock.now += 1 / 3

    assert lines == ["WARNING ledger lost: UNAVAILABLE: refused"] * 3


def test_the_return_is_said_once(lines: list[str]) -> None:
    """An operator sees the end as well as the beginning."""
    outage = Outage("ledger", clock=Clock())
    outage.lost("gone")

    outage.back()
    outage.back()

    assert lines == ["WARNING ledger lost: gone", "INFO ledger is back"]


def test_what_was_never_lost_is_not_back(lines: list[str]) -> None:
    """The first connection is nothing to talk about."""
    Outage("ledger", clock=Clock()).back()

    assert lines == []


def test_what_comes_and_goes_is_not_said_each_time(lines: list[str]) -> None:
    """A server that takes the stream and drops it at once would fill the log."""
    clock = Clock()
    outage = Outage("ledger", clock=clock)

    for _ in range(40):
        outage.lost("dropped")
        outage.back()
        clock.now += 0.1

    assert lines == ["WARNING ledger lost: dropped", "INFO ledger is back"]
