"""The dead-man switch in the venue's own time."""

from itertools import count

import pytest

from polyarb.venues.simulated.deadman import Deadman, HeartbeatError


def deadman() -> Deadman:
    """Return a switch whose ids are "1", "2", …"""
    ids = count(1)
    return Deadman(new_id=lambda: str(next(ids)))


def test_orders_are_cancelled_after_ten_silent_seconds_and_once() -> None:
    """Looked at every five seconds, so at the latest after fifteen."""
    switch = deadman()
    switch.beat("key", "", now_ms=1_000)
    looks = [switch.silent(at_ms) for at_ms in (6_000, 11_000, 12_000, 16_000, 21_000)]

    assert looks == [(), (), (), ("key",), ()]


def test_a_beat_keeps_the_orders() -> None:
    """Beats every five seconds, each with the id of the answer before."""
    switch = deadman()
    last = ""
    for at_ms in range(0, 60_000, 5_000):
        last = switch.beat("key", last, now_ms=at_ms)

        assert switch.silent(at_ms) == ()


def test_a_wrong_id_is_refused_with_the_right_one() -> None:
    """And it does not count as a beat."""
    switch = deadman()
    switch.beat("key", "", now_ms=0)

    with pytest.raises(HeartbeatError) as refused:
        switch.beat("key", "7", now_ms=9_000)
    assert refused.value.expected == "1"
    assert switch.silent(10_001) == ("key",)


def test_a_key_that_never_beat_is_left_alone() -> None:
    """Without a first heartbeat the mechanism is off."""
    assert deadman().silent(60_000) == ()
