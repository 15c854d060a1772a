"""Public reads: what is tried again, what is not, and where it ends."""

from random import Random
from typing import Any

import pytest
from aiohttp import web

from polyarb.core.errors import NotSent, Rejected
from polyarb.venues.polymarket.reads import Reader, ReadPolicy
from unit.venues.polymarket.desk import Desk

QUICK = ReadPolicy(attempts=3, base_s=0.001, cap_s=0.01, attempt_s=0.5, deadline_s=5.0)


def replies(*answers: Any) -> Any:
    """Answer with each of these in turn, then with the last for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


async def read(desk: Desk, policy: ReadPolicy = QUICK) -> bytes:
    reader = Reader(rng=Random(1), policy=policy)
    try:
        return await reader.get(f"{desk.urls.gamma}/x", {"a": "b"})
    finally:
        await reader.aclose()


@pytest.mark.parametrize("code", [425, 429, 500, 502, 503])
async def test_a_busy_venue_is_asked_again(desk: Desk, code: int) -> None:
    """A read may be repeated: limits, restarts and server faults pass."""
    busy = [lambda: web.Response(status=code)] * 2
    desk.answer = lambda _: busy.pop()() if busy else {"ok": True}

    assert await read(desk) == b'{"ok": true}'
    assert len(desk.seen) == 3


async def test_a_cut_connection_is_asked_again(desk: Desk) -> None:
    """No answer at all is no answer."""
    desk.answer = replies(None, {"ok": True})

    assert await read(desk) == b'{"ok": true}'


async def test_a_refusal_is_not_asked_again(desk: Desk) -> None:
    """4xx gives the same answer next time; the venue's words are kept."""
    desk.answer = lambda _: web.Response(status=400, text="offset is not allowed")

    with pytest.raises(Rejected, match="HTTP 400: offset is not allowed"):
        await read(desk)

    assert len(desk.seen) == 1


async def test_attempts_end(desk: Desk) -> None:
    """After the last attempt the read has failed, and says with what."""
    desk.answer = lambda _: web.Response(status=503, text="closed")

    with pytest.raises(NotSent, match="HTTP 503: closed"):
        await read(desk)

    assert len(desk.seen) == QUICK.attempts


async def test_the_deadline_ends_all_waiting(desk: Desk) -> None:
    """However long the venue asks us to wait, the caller's deadline stands."""
    desk.answer = lambda _: web.Response(status=429, headers={"Retry-After": "60"})
    policy = ReadPolicy(attempts=100, cap_s=60.0, deadline_s=0.2)

    with pytest.raises(NotSent, match=r"deadline of 0.2 s after: HTTP 429"):
        await read(desk, policy)


async def test_an_answer_without_end_is_refused(desk: Desk) -> None:
    """A body is read no further than the bound."""
    desk.answer = lambda _: web.Response(body=b"x" * 5_000)

    with pytest.raises(Rejected, match="more than 1000 bytes"):
        await read(desk, ReadPolicy(body_max=1_000))


async def test_the_environment_s_proxy_is_ignored(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that happens to be set must not see or change what we read."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    desk.answer = replies({"ok": True})

    assert await read(desk) == b'{"ok": true}'


async def test_a_post_that_only_asks_is_repeated_too(desk: Desk) -> None:
    """/books is a POST that changes nothing; its body is sent again whole."""
    desk.answer = replies(None, [])
    reader = Reader(rng=Random(1), policy=QUICK)

    await reader.post(f"{desk.urls.clob}/books", b"[1]")
    await reader.aclose()

    assert [seen.body for seen in desk.seen] == [b"[1]", b"[1]"]


def test_waits_are_full_jitter_up_to_the_cap() -> None:
    """The wait doubles, is drawn from zero up, and obeys Retry-After within the cap."""
    policy = ReadPolicy(base_s=1.0, cap_s=4.0)
    reader = Reader(rng=Random(7), policy=policy)

    waits = [[reader._wait_s(n, 0.0) for _ in range(200)] for n in range(6)]

    assert [round(max(w)) for w in waits] == [1, 2, 4, 4, 4, 4]
    assert all(min(w) < 0.1 for w in waits)
    assert reader._wait_s(0, 3.0) >= 3.0
    assert reader._wait_s(0, 300.0) == 4.0
