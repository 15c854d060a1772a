"""The public side as a whole: listing with counts from the chain, books by request."""

import json
from random import Random
from typing import Any

import pytest
from aiohttp import web

from polyarb.core.errors import NotSent, Rejected
from polyarb.venues.base import BadFrame, MarketData
from polyarb.venues.polymarket.public import BOOKS_PER_REQUEST, PolymarketData, PublicSettings
from polyarb.venues.polymarket.reads import ReadPolicy
from unit.venues.polymarket.desk import Desk, Seen
from unit.venues.polymarket.frames import NO, YES, book
from unit.venues.polymarket.listings import GROUP, binary, event, market

SETTINGS = PublicSettings(
    question_count_ttl_s=60, reads=ReadPolicy(attempts=2, base_s=0.0, deadline_s=5.0)
)


class Clock:
    now_ns = 10**18

    def __call__(self) -> int:
        return self.now_ns


def data(desk: Desk, **options: Any) -> PolymarketData:
    options = {"now_ns": Clock(), "rng": Random(1), "settings": SETTINGS, **options}
    return PolymarketData(desk.urls, **options)


def venue(*, count: int = 30, books: Any = ()) -> Any:
    """Answer as listing, chain and order books do."""

    def answer(seen: Seen) -> Any:
        if seen.path.startswith("/gamma"):
            return {"events": [event(market(0), market(1)), event(binary(), id="2", slug="b")]}
        if seen.path == "/rpc":
            return {"jsonrpc": "2.0", "id": 1, "result": f"0x{count:064x}"}
        return books(json.loads(seen.body)) if callable(books) else list(books)

    return answer


def asked(desk: Desk, path: str) -> int:
    return sum(seen.path == path for seen in desk.seen)


async def test_it_is_market_data(desk: Desk) -> None:
    """The services know only the port."""
    port: MarketData = data(desk)

    await port.aclose()


async def test_negative_risk_events_carry_the_chain_s_count(desk: Desk) -> None:
    """Two outcomes are listed, thirty exist: the count says so. Binary events have none."""
    desk.answer = venue(count=30)
    public = data(desk)

    events, skipped = await public.events()
    await public.aclose()

    assert [(e.slug, len(e.markets), e.question_count) for e in events] == [
        ("who-wins", 2, 30),
        ("b", 1, None),
    ]
    assert skipped == ()
    (call,) = [json.loads(seen.body) for seen in desk.seen if seen.path == "/rpc"]
    assert GROUP[2:] in call["params"][0]["data"]


async def test_counts_are_asked_again_when_they_are_old(desk: Desk) -> None:
    """Outcomes can be added at any time, so a count is believed for a while only."""
    desk.answer = venue(count=2)
    clock = Clock()
    public = data(desk, now_ns=clock)

    await public.events()
    clock.now_ns += 59 * 10**9
    await public.events()
    before = asked(desk, "/rpc")
    clock.now_ns += 2 * 10**9
    desk.answer = venue(count=3)
    events, _ = await public.events()
    await public.aclose()

    assert before == 1
    assert events[0].question_count == 3


@pytest.mark.parametrize(
    "reply",
    [
        {"jsonrpc": "2.0", "id": 1, "error": {"message": "down"}},
        {"jsonrpc": "2.0", "id": 1, "result": "0x"},
        {"jsonrpc": "2.0", "id": 1, "result": f"0x{0:064x}"},
        {"jsonrpc": "2.0", "id": 1, "result": f"0x{257:064x}"},
        None,
    ],
    ids=["refused", "empty", "unknown id", "absurd", "no answer"],
)
async def test_a_count_that_cannot_be_read_is_unknown(desk: Desk, reply: Any) -> None:
    """The listing stands; no group is taken for complete."""
    listing = venue()
    desk.answer = lambda seen: reply if seen.path == "/rpc" else listing(seen)
    public = data(desk)

    events, _ = await public.events()
    await public.aclose()

    assert [e.question_count for e in events] == [None, None]


async def test_books_are_asked_in_chunks_and_unknown_ids_left_out(desk: Desk) -> None:
    """However many tokens, each is asked once; the venue omits what it does not know."""

    def known(request: list[dict[str, str]]) -> Any:
        return [book(asset_id=r["token_id"]) for r in request if int(r["token_id"]) % 2]

    desk.answer = venue(books=known)
    public = data(desk)
    tokens = [str(n) for n in range(1, 2 * BOOKS_PER_REQUEST + 50)]

    books = await public.books([*tokens, "1"])
    await public.aclose()

    assert sorted(int(b.token_id) for b in books) == list(range(1, 450, 2))
    sizes = sorted(len(json.loads(seen.body)) for seen in desk.seen)
    assert sizes == [49, BOOKS_PER_REQUEST, BOOKS_PER_REQUEST]


async def test_no_tokens_ask_nothing(desk: Desk) -> None:
    """An empty request is answered here."""
    public = data(desk)

    assert await public.books([]) == ()
    await public.aclose()

    assert desk.seen == []


async def test_books_that_were_not_asked_for_are_left_out(desk: Desk) -> None:
    """Whatever else comes is not ours."""
    desk.answer = venue(books=[book(), book(asset_id=NO)])
    public = data(desk)

    books = await public.books([YES])
    await public.aclose()

    assert [b.token_id for b in books] == [YES]


async def test_a_bad_book_is_told_and_the_others_are_given(desk: Desk) -> None:
    """One unreadable book must not blind us to two hundred, nor go unseen."""
    desk.answer = venue(books=[book(), book(asset_id=NO, timestamp="?")])
    told: list[BadFrame] = []
    public = data(desk, on_bad_book=told.append)

    books = await public.books([YES, NO])
    await public.aclose()

    assert [b.token_id for b in books] == [YES]
    assert [frame.token_ids for frame in told] == [(NO,)]


async def test_an_answer_that_is_no_list_of_books_fails(desk: Desk) -> None:
    """An error object is not an empty venue."""
    desk.answer = venue(books=lambda _: {"error": "try later"})
    public = data(desk)

    with pytest.raises(NotSent, match="cannot be read"):
        await public.books([YES])
    await public.aclose()


async def test_a_refusal_of_books_is_one_plain_error(desk: Desk) -> None:
    """The caller sees a VenueError, whichever chunk it came from."""
    desk.answer = lambda _: web.Response(status=400, text="too many ids")
    public = data(desk)

    with pytest.raises(Rejected, match="too many ids"):
        await public.books([str(n) for n in range(1, 900)])
    await public.aclose()
