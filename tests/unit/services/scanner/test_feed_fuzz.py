"""Broken frames on two links: no crash, and no verdict from a book that is in doubt."""

import os
from random import Random
from typing import Any

import msgspec

from polyarb.core.errors import BadInput
from polyarb.venues.base import FeedUpdate
from polyarb.venues.polymarket.parse_book import parse_frame
from polyarb.venues.polymarket.twin import Twin, TwinSettings
from services.scanner.books import Books
from services.scanner.catalogue import groups
from services.scanner.detect import Detector, Found
from unit.services.scanner.quotes import START_MS, make_event, make_market

FRAMES = int(os.environ.get("POLYARB_FUZZ_FRAMES", "20000"))
MARKETS = (make_market(0), make_market(1))
GROUP = groups(make_event(*MARKETS), {})[0][0]
LINKS = (0, 1)


def snapshot(rng: Random, stamp: int) -> bytes:
    """Return both markets' books; now and then their asks add up to less than one."""
    books: list[dict[str, Any]] = []
    for market in MARKETS:
        ask = rng.randrange(30, 60)
        books.append(
            {
                "event_type": "book",
                "asset_id": market.yes_token,
                "timestamp": str(stamp),
                "bids": [{"price": f"0.{ask - 5}", "size": "100"}],
                "asks": [{"price": f"0.{ask}", "size": "100"}],
            }
        )
    return msgspec.json.encode(books)


def change(rng: Random, stamp: int) -> bytes:
    market = rng.choice(MARKETS)
    entry = {
        "asset_id": rng.choice((market.yes_token, market.no_token)),
        "price": f"0.{rng.randrange(30, 70)}",
        "size": str(rng.randrange(3) * 50),
        "side": rng.choice(("BUY", "SELL")),
    }
    kinds: list[dict[str, Any]] = [
        {"event_type": "price_change", "timestamp": str(stamp), "price_changes": [entry]},
        {
            "event_type": "tick_size_change",
            "asset_id": market.yes_token,
            "new_tick_size": rng.choice(("0.01", "0.001")),
        },
    ]
    return msgspec.json.encode(rng.choices(kinds, weights=(50, 1))[0])


def mutated(rng: Random, frame: bytes) -> bytes:
    """Return the frame with up to three bytes or stretches changed."""
    text = bytearray(frame)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.randrange(1, 12))
        match rng.randrange(5):
            case 0:
                text[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del text[at:end]
            case 2:
                text[at:at] = text[at:end]
            case 3:
                text[at : at + 1] = rng.choice((b"0", b"9", b"-", b'"', b"}", b"null", b"1e9"))
            case _:
                del text[max(at, 1) :]
    return bytes(text)


class Rig:
    """Two links into one twin into one set of books; every update is judged at once."""

    def __init__(self) -> None:
        self.now_ns = START_MS * 10**6
        self.books = Books(trust_ns=10**18)
        self.found = self.doubted = 0
        for market in MARKETS:
            self.books.watch(market, GROUP.event_id)
        self._detector = Detector(self.books, age_ns_max=10**18, new_id=lambda: "1")
        self._twin = Twin(
            [(m.yes_token, m.no_token) for m in MARKETS],
            links=len(LINKS),
            settings=TwinSettings(lag_s=0.05),
            count=lambda _kind, _number: None,
        )
        for link in LINKS:
            self._judge(self._twin.opened(link, self.now_ns))

    def bring(self, link: int, frame: bytes) -> None:
        """Take a frame as a link does: one that cannot be read ends it, and a new one follows."""
        try:
            updates = parse_frame(frame, receive_time_ns=self.now_ns)
        except BadInput as error:
            self._judge(self._twin.unreadable(link, str(error), self.now_ns))
            self._judge(self._twin.lost(link, self.now_ns))
            self._judge(self._twin.opened(link, self.now_ns))
            return
        self._judge(self._twin.take(link, updates, self.now_ns))

    def look(self) -> None:
        """Let time pass."""
        self._judge(self._twin.look(self.now_ns))

    def _judge(self, updates: list[FeedUpdate]) -> None:
        for update in updates:
            self.books.apply(update)  # type: ignore[arg-type]
            doubts = [
                self.books.doubt(m.condition_id, now_ns=self.now_ns, age_ns_max=10**18)
                for m in MARKETS
            ]
            verdict = self._detector.judge(GROUP, self.now_ns)
            self.doubted += any(doubts)
            if isinstance(verdict, Found):
                self.found += 1
                assert not any(doubts), doubts


def test_mutated_frames_never_crash_nor_use_a_doubted_book() -> None:
    """Every second frame is broken; opportunities come, and only from books without doubt."""
    rng = Random(20_260_822)
    rig = Rig()
    for number in range(FRAMES):
        stamp = START_MS + number
        rig.now_ns = stamp * 10**6
        frame = snapshot(rng, stamp) if rng.random() < 0.2 else change(rng, stamp)
        for link in rng.sample(LINKS, 2):
            rig.bring(link, mutated(rng, frame) if rng.random() < 0.5 else frame)
        if number % 100 == 0:
            rig.look()

    assert rig.found > FRAMES // 1_000
    assert rig.doubted > FRAMES // 100
