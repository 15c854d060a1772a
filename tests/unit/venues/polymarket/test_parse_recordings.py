"""Everything that was recorded from the venue: it parses, or is refused with a reason."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from polyarb.core.errors import BadInput
from polyarb.venues.base import BadFrame, BookSnapshot
from polyarb.venues.polymarket.parse_book import parse_books, parse_frame
from polyarb.venues.polymarket.parse_gamma import ParsedEvent, parse_event
from polyarb.venues.polymarket.tokens import outcome_tokens

NAUTILUS = "nautilus/rust_test_data"
PY_WS = "nautilus/py_resources/ws_messages"


def load(path: Path) -> Any:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def parsed(event: dict[str, Any]) -> ParsedEvent:
    return parse_event(json.dumps(event).encode(), read_time_ns=0)


def alone(market: dict[str, Any], **changes: Any) -> ParsedEvent:
    """Parse a market as the only one of an open event."""
    event = {"id": "1", "slug": "alone", "title": "Alone", "active": True, "closed": False}
    return parsed({**event, "markets": [{**market, **changes}]})


def listed_in_2026_02(recordings: Path) -> list[dict[str, Any]]:
    """Return the events of a recorded page of markets, each with the markets on that page."""
    events: dict[str, dict[str, Any]] = {}
    for market in load(recordings / "wom/gamma_markets_2026-02-13T0002Z.json.gz"):
        event = market["events"][0]
        events.setdefault(event["id"], {**event, "markets": []})["markets"].append(market)
    return list(events.values())


def test_every_market_of_the_page_of_2026_02_is_taken(recordings: Path) -> None:
    """One hundred markets, all fee-free, in twenty events; every token id proves itself."""
    found = [parsed(event) for event in listed_in_2026_02(recordings)]

    assert [s for f in found for s in f.skipped] == []
    events = [event for f in found for event in f.events]
    assert (len(events), sum(len(e.markets) for e in events)) == (20, 100)
    assert Counter(e.neg_risk for e in events) == {True: 7, False: 13}
    assert {m.fee.rate_micros for e in events for m in e.markets} == {0}


def test_the_incomplete_champion_event_never_claims_to_be_complete(recordings: Path) -> None:
    """Nine of thirty questions on this page: only the chain's count can tell."""
    found = next(e for e in listed_in_2026_02(recordings) if e["slug"] == "2026-nba-champion")

    (event,) = parsed(found).events

    assert (event.neg_risk, event.augmented, len(event.markets)) == (True, False, 9)
    assert event.question_count is None


def test_every_market_of_2026_07_is_understood_with_its_fee(recordings: Path) -> None:
    """292 settled markets are refused as closed, and read at 7 % once pretended open."""
    path = recordings / "ligengxin96/BTC-5m-markets-2026-07-24.jsonl.gz"
    with gzip.open(path, "rb") as file:
        markets = [json.loads(line)["raw"] for line in file]

    as_is = [alone(m) for m in markets]
    opened = [alone(m, closed=False, acceptingOrders=True) for m in markets]

    assert Counter(s.reason for f in as_is for s in f.skipped) == {
        "no market of it accepts orders": 292
    }
    fees = [m.fee for f in opened for e in f.events for m in e.markets]
    assert Counter((f.rate_micros, f.assumed) for f in fees) == {(70_000, False): 292}


def test_every_token_of_the_clob_page_follows_from_its_condition(recordings: Path) -> None:
    """A thousand listed pairs, each binary or negative-risk: the check refuses none of them."""
    page = load(recordings / "wom/clob_simplified_markets_2026-02.json.gz")

    kinds = Counter(
        tuple(n for n in (False, True) if outcome_tokens(m["condition_id"], neg_risk=n) == listed)
        for m in page["data"]
        for listed in [tuple(t["token_id"] for t in m["tokens"])]
    )

    assert kinds == {(True,): 621, (False,): 379}


def test_every_token_of_the_older_clob_listings_follows_from_its_condition(
    recordings: Path,
) -> None:
    """As its own flag says, but for one market that was listed before it had tokens."""
    py = recordings / "nautilus/py_resources/http_responses"
    markets = [
        *load(py / "markets.json.gz")["data"],
        load(py / "market.json"),
        load(recordings / NAUTILUS / "clob_market_closed_binary_accepting_false.json"),
        load(recordings / NAUTILUS / "clob_market_closed_binary_accepting_true.json"),
    ]

    unproved = [
        listed
        for m in markets
        for listed in [tuple(t["token_id"] for t in m["tokens"])]
        if outcome_tokens(m["condition_id"], neg_risk=m["neg_risk"]) != listed
    ]

    assert len(markets) == 103
    assert unproved == [("", "")]


def every_gamma_market(recordings: Path) -> list[dict[str, Any]]:
    """Return the 392 markets of both recorded listings, pretended open."""
    page = load(recordings / "wom/gamma_markets_2026-02-13T0002Z.json.gz")
    with gzip.open(recordings / "ligengxin96/BTC-5m-markets-2026-07-24.jsonl.gz", "rb") as file:
        page += [json.loads(line)["raw"] for line in file]
    return [{**m, "closed": False, "acceptingOrders": True} for m in page]


def flipped(market: dict[str, Any], rng: Random) -> Iterator[dict[str, Any]]:
    """Yield the market with one byte changed in its condition id, then in either token id."""
    mask = rng.randrange(1, 256) << 8 * rng.randrange(32)
    yield {"conditionId": f"0x{int(market['conditionId'], 16) ^ mask:064x}"}
    yes, no = json.loads(market["clobTokenIds"])
    yield {"clobTokenIds": json.dumps([str(int(yes) ^ mask), no])}
    yield {"clobTokenIds": json.dumps([yes, str(int(no) ^ mask)])}


def test_a_flipped_byte_blocks_every_recorded_market(recordings: Path) -> None:
    """In the condition or a token, anywhere: the market is skipped and says what does not fit."""
    rng = Random("flipped bytes")
    markets = every_gamma_market(recordings)

    honest = [alone(m) for m in markets]
    spoilt = [alone(m, **changes) for m in markets for changes in flipped(m, rng)]

    assert sum(len(e.markets) for f in honest for e in f.events) == len(markets) == 392
    assert [f.events for f in spoilt if f.events] == []
    reasons = Counter(f.skipped[0].reason.partition(" ")[0] for f in spoilt)
    assert set(reasons) == {"conditionId:", "clobTokenIds:"}
    assert reasons.total() == 3 * 392


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gamma_market.json", None),
        ("gamma_market_closed_binary_accepting_false.json", "no market of it accepts orders"),
        ("gamma_market_closed_binary_accepting_true.json", "no market of it accepts orders"),
        ("gamma_market_closed_nonbinary_legacy.json", "enableOrderBook: is not true"),
        ("gamma_market_closed_zero_zero_legacy.json", "enableOrderBook: is not true"),
        ("gamma_market_sports_market_map_handicap.json", "no market of it accepts orders"),
        ("gamma_market_sports_market_money_line.json", "no market of it accepts orders"),
    ],
)
def test_recorded_single_markets(recordings: Path, name: str, reason: str | None) -> None:
    """One open market is taken; closed and ancient ones are refused and say why."""
    found = alone(load(recordings / NAUTILUS / name))

    if reason is None:
        assert (len(found.events), found.skipped) == (1, ())
    else:
        assert found.events == ()
        assert found.skipped[0].reason.startswith(reason)


def test_recorded_events(recordings: Path) -> None:
    """Two whole events are taken; four that were shortened by hand are refused by field."""
    py = recordings / "nautilus/py_resources/http_responses"
    events = [
        *load(recordings / NAUTILUS / "gamma_event.json"),
        *load(recordings / NAUTILUS / "search_response.json")["events"],
        load(py / "event.json"),
        *load(py / "events_list.json"),
    ]

    found = [parsed(event) for event in events]

    assert [len(e.markets) for f in found for e in f.events] == [2, 1]
    reasons = Counter(s.reason for f in found for s in f.skipped)
    assert reasons == {
        "active: missing": 3,
        "question: missing": 3,
        "no market of it can be used": 4,
    }


def test_every_recorded_frame_parses_or_says_why_not(recordings: Path) -> None:
    """Market frames are read; user frames and frames without a type are reported."""
    paths = [*(recordings / NAUTILUS).glob("ws_*.json"), *(recordings / PY_WS).glob("*.json")]
    kinds: Counter[str] = Counter()
    for path in sorted(paths):
        for update in parse_frame(path.read_bytes(), receive_time_ns=1):
            kinds[update.reason if isinstance(update, BadFrame) else type(update).__name__] += 1

    assert kinds == {
        "BookSnapshot": 2,
        "BookChange": 3,
        "TickChange": 2,
        "MarketAdded": 1,
        "MarketResolved": 1,
        "event_type: missing": 11,
        "event_type: unknown 'order'": 4,
        "event_type: unknown 'trade'": 5,
    }


def test_the_recorded_concurrent_frames_are_refused_for_their_masked_ids(recordings: Path) -> None:
    """Ids such as 0x123 are nobody's tokens."""
    text = (recordings / "jkorf/Subscriptions__Clob__Concurrent.txt").read_text()
    frames = [line.split(" ", 1)[1] for line in text.splitlines() if line.startswith("=")]

    found = [parse_frame(f.encode(), receive_time_ns=1) for f in frames]

    assert [[type(u).__name__ for u in f] for f in found] == [["BadFrame"], ["BadFrame"]]
    assert all("asset_id: not a token id" in u.reason for f in found for u in f
               if isinstance(u, BadFrame))  # fmt: skip


def test_recorded_rest_books(recordings: Path) -> None:
    """Two real books are read to the last level; a masked one is refused."""
    paths = [
        recordings / "nautilus/py_resources/http_responses/book.json",
        recordings / NAUTILUS / "clob_book_response.json",
    ]
    masked = (recordings / "jkorf/Endpoints__Clob__ExchangeData__GetTokenInfos.txt").read_text()
    real = b"[" + b",".join(path.read_bytes() for path in paths) + b"]"

    books, bad = parse_books(real, receive_time_ns=1)
    none, refused = parse_books(masked.split("false", 1)[1].encode(), receive_time_ns=1)

    assert [(len(b.bids), len(b.asks)) for b in books] == [(5, 7), (3, 3)]
    assert (bad, none) == ((), ())
    assert [b.reason.split(":")[0] for b in refused] == ["bids"]


def test_the_recorded_book_is_exact(recordings: Path) -> None:
    """The deepest recorded frame keeps all its size."""
    raw = load(recordings / PY_WS / "book.json")

    (book,) = parse_frame(json.dumps(raw).encode(), receive_time_ns=1)

    assert isinstance(book, BookSnapshot)
    assert (len(book.bids), len(book.asks)) == (len(raw["bids"]), len(raw["asks"]))
    assert max(a.size for a in book.asks) == 10_500_100 * 10**6


@pytest.mark.parametrize("step", [7, 11])
def test_no_cut_of_a_recorded_frame_passes(recordings: Path, step: int) -> None:
    """Every cut of every recorded frame is refused: nothing is made of a torn book."""
    paths = [*(recordings / NAUTILUS).glob("ws_market*.json"), *(recordings / PY_WS).glob("*.json")]
    cuts = 0
    for path in paths:
        whole = path.read_bytes().strip()
        for end in range(1, len(whole), step):
            with pytest.raises(BadInput):
                parse_frame(whole[:end], receive_time_ns=1)
            cuts += 1

    assert cuts > 1_000
