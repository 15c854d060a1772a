"""From a frame to a verdict: the cost in the event's size, and how often nothing is solved.

`make bench` prints both. A frame is what the feed hands over: one market's changed level with the
venue's own best prices. What is timed is all that follows in the scanner: the book, the checks that
it can be believed, and the verdict.
"""

from collections import Counter
from itertools import count
from random import Random
from statistics import median
from time import thread_time_ns
from typing import Final

import pytest

from bench.test_detection import group as event_of
from polyarb.core.book import Level
from polyarb.core.market import Group, Market
from polyarb.core.money import MICROS, Price, Size
from polyarb.venues.base import BookChange, BookSnapshot, LevelChange
from services.scanner.books import Books
from services.scanner.detect import Detector, Effort, Verdict

TICK: Final = 1_000
DEPTH: Final = 20
FRAMES: Final = 500
ROUNDS: Final = 15
QUIET_FRAMES: Final = 20_000
DRIFT: Final = 20

WANTED_SHARE: Final = 0.8
WANTED_RATIO: Final = 1.2


class Desk:
    """An exactly-one event of `outcomes` markets, its books and the detector over them.

    Its quotes are a few ticks wide about probabilities that add up to 1, and move by single ticks:
    a quiet market. Every `DRIFT` frames a tick of probability moves from one outcome to another.
    """

    def __init__(self, outcomes: int, rng: Random) -> None:
        self.group: Group = event_of(outcomes)
        self.rng, self.now_ns = rng, 10**9
        self.books = Books(trust_ns=10**18)
        ids = count()
        self.detector = Detector(self.books, age_ns_max=10**18, new_id=lambda: str(next(ids)))
        weights = [rng.random() + 0.3 for _ in range(outcomes)]
        self.fair = [weight / sum(weights) * MICROS / TICK for weight in weights]
        self.tops: list[tuple[int, int]] = []
        for market, fair in zip(self.group.markets, self.fair, strict=True):
            bid, ask = max(int(fair) - 2, 1), int(fair) + 3
            self.tops.append((bid, ask))
            self.books.watch(market, self.group.event_id)
            self.books.apply(self._snapshot(market, bid, ask))
        self.detector.judge(self.group, self.now_ns)

    def frame(self) -> tuple[Market, BookChange]:
        """Return one top-of-book change: a side's best level is pulled back or bettered."""
        if self.rng.randrange(DRIFT) == 0:
            gains, loses = self.rng.sample(range(len(self.fair)), 2)
            if self.fair[loses] > 4:
                self.fair[gains], self.fair[loses] = self.fair[gains] + 1, self.fair[loses] - 1
        at = self.rng.randrange(len(self.tops))
        (bid, ask), fair = self.tops[at], self.fair[at]
        is_bid = self.rng.random() < 0.5
        if is_bid:
            keen = bid < fair - 4 or self.rng.random() < 0.5
            nearer = bid + 1 < min(ask, fair) and keen
            new = (bid + 1 if nearer else max(bid - 1, 1), ask)
        else:
            keen = ask > fair + 4 or self.rng.random() < 0.5
            nearer = ask - 1 > max(bid, fair) and keen
            new = (bid, ask - 1 if nearer else ask + 1)
        self.tops[at] = new
        return self.group.markets[at], self._change(self.group.markets[at], (bid, ask), new)

    @property
    def believed(self) -> bool:
        """Return whether every book is still in use: a verdict on fewer would be no measure."""
        ids = (market.condition_id for market in self.group.markets)
        return not any(self.books.doubt(i, now_ns=self.now_ns, age_ns_max=10**18) for i in ids)

    def take(self, market: Market, change: BookChange) -> Verdict:
        """Do what the scanner does with a frame."""
        self.books.apply(change)
        return self.detector.judge(self.group, self.now_ns, [market.condition_id])

    def _snapshot(self, market: Market, bid: int, ask: int) -> BookSnapshot:
        size = Size(100 * MICROS)
        return BookSnapshot(
            token_id=market.yes_token,
            bids=tuple(Level(Price(p * TICK), size) for p in range(bid, max(bid - DEPTH, 0), -1)),
            asks=tuple(Level(Price(p * TICK), size) for p in range(ask, ask + DEPTH)),
            venue_time_ms=None,
            receive_time_ns=self.now_ns,
        )

    def _change(self, market: Market, old: tuple[int, int], new: tuple[int, int]) -> BookChange:
        """Return the frame in which one side's best level comes, or goes and leaves the next."""
        is_bid = old[0] != new[0]
        before, after = (old[0], new[0]) if is_bid else (old[1], new[1])
        pulled = after < before if is_bid else after > before
        levels = {after: 100, **({before: 0} if pulled else {})}
        changes = tuple(
            LevelChange(
                token_id=market.yes_token,
                bid=is_bid,
                price=Price(at * TICK),
                size=Size(size * MICROS),
                best_bid=Price(new[0] * TICK),
                best_ask=Price(new[1] * TICK),
                has_top=True,
            )
            for at, size in levels.items()
        )
        return BookChange(changes=changes, venue_time_ms=None, receive_time_ns=self.now_ns)


def test_frame_to_verdict_in_the_size_of_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    """Events of 2, 10, 30 and 100 outcomes take turns; each frame's median is compared."""
    sizes = (2, 10, 30, 100)
    desks = {size: Desk(size, Random(size)) for size in sizes}
    spent: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(ROUNDS):
        for size, desk in desks.items():
            frames = [desk.frame() for _ in range(FRAMES)]
            times = []
            for market, change in frames:
                started = thread_time_ns()
                desk.take(market, change)
                times.append(thread_time_ns() - started)
            spent[size].append(median(times) / 1e3)
    medians = {size: median(all_) for size, all_ in spent.items()}
    lines = [f"\n{'frame to verdict, median':<42}{'us':>9}{'x 2 outcomes':>14}"]
    for size, us in medians.items():
        note = f"  (wanted: at most {WANTED_RATIO})" if size == 100 else ""
        lines.append(f"  {f'{size} outcomes':<40}{us:>9.1f}{us / medians[2]:>14.2f}{note}")
    with capsys.disabled():
        print("\n".join(lines))

    assert all(desk.believed for desk in desks.values())


def test_changes_that_need_no_solve(capsys: pytest.CaptureFixture[str]) -> None:
    """20,000 top-of-book changes of a quiet event each: who answered them."""
    head = f"\n{'top-of-book changes answered by':<30}{'last proof':>12}{'new proof':>11}"
    lines = [f"{head}{'exact solve':>13}"]
    for outcomes in (2, 10, 30, 60):
        desk, efforts = Desk(outcomes, Random(outcomes)), Counter[Effort]()
        for _ in range(QUIET_FRAMES):
            efforts[desk.take(*desk.frame()).effort] += 1
        held, proved, solved = (efforts[effort] / QUIET_FRAMES for effort in Effort)
        note = f"  (wanted: {WANTED_SHARE:.0%} without a solve)" if outcomes == 30 else ""
        lines.append(
            f"  {f'{outcomes} outcomes':<28}{held:>12.1%}{proved:>11.1%}{solved:>13.2%}{note}"
        )

        assert held + proved + solved == pytest.approx(1)
        assert desk.believed
    with capsys.disabled():
        print("\n".join(lines))
