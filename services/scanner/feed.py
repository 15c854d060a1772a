"""Follow the venue's updates, and hold the books that they built against books by request."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from loguru import logger
from prometheus_client import Counter

from polyarb.core.errors import VenueError
from polyarb.core.market import Group
from polyarb.core.opportunity import AlarmKind
from polyarb.venues.base import BadFrame, FeedUpdate, LinkChange, LinkState, MarketData
from polyarb.venues.polymarket.merge import Divergence
from polyarb.venues.polymarket.stream import Watchers
from polyarb.venues.polymarket.twin import Replaced
from services.scanner.books import Applied, Books

UPDATES = Counter("polyarb_scanner_updates_total", "Feed updates by kind.", ("kind",))
RESYNCS = Counter("polyarb_scanner_resyncs_total", "Books fetched because they were doubtful.")
AUDITS = Counter("polyarb_scanner_audits_total", "Comparisons with REST by result.", ("result",))
DIVERGENCE = Counter(
    "polyarb_scanner_link_divergence_total",
    "Messages in which the two links of a shard differed, by how.",
    ("kind",),
)
REPLACED = Counter(
    "polyarb_scanner_links_replaced_total", "Links replaced although up, by reason.", ("reason",)
)

_BATCH: Final = 200
_RESYNC_PERIOD_S: Final = 0.25
_RENEW_NS: Final = 600 * 10**9
"""Between two replacements of links for the sake of one market."""

for _result in ("done", "failed"):
    AUDITS.labels(_result)
for _kind in Divergence:
    DIVERGENCE.labels(_kind.value)
for _reason in Replaced:
    REPLACED.labels(_reason.value)

WATCHERS: Final = Watchers(
    divergence=lambda kind, number: DIVERGENCE.labels(kind.value).inc(number),
    replaced=lambda reason: REPLACED.labels(reason.value).inc(),
)
"""Counts how links fare."""


@dataclass(frozen=True, slots=True)
class _Subscription:
    """Tokens that were subscribed to at one time, and the task that reads their updates."""

    tokens: frozenset[str]
    task: asyncio.Task[None]


class Feed:
    """Hands every update to `take`, and what comparisons found to `spread`."""

    def __init__(
        self,
        data: MarketData,
        books: Books,
        *,
        take: Callable[[FeedUpdate], None],
        spread: Callable[[Applied], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._data = data
        self._books = books
        self._take = take
        self._spread = spread
        self._now_ns = now_ns
        self._wanted: frozenset[str] = frozenset()
        self._subscriptions: list[_Subscription] = []
        self._renewed_ns: dict[str, int] = {}

    def follow(self, groups: Iterable[Group], tasks: asyncio.TaskGroup) -> None:
        """Subscribe to exactly these groups' tokens; a group's stay together where they can.

        A subscription ends with the last of its tokens. One whose tokens went and came back is
        made anew: only its start brings the snapshots that they lack.
        """
        token_groups = [[t for m in g.markets for t in (m.yes_token, m.no_token)] for g in groups]
        before, self._wanted = self._wanted, frozenset(t for group in token_groups for t in group)
        back = self._wanted - before
        for held in tuple(self._subscriptions):
            if not held.tokens & self._wanted or held.tokens & back:
                self._drop(held)
        followed = frozenset[str]().union(*(held.tokens for held in self._subscriptions))
        missing = ([t for t in group if t not in followed] for group in token_groups)
        if fresh := [group for group in missing if group]:
            tokens = frozenset(t for group in fresh for t in group)
            task = tasks.create_task(self._follow(fresh))
            self._subscriptions.append(_Subscription(tokens, task))

    def _drop(self, held: _Subscription) -> None:
        """End a subscription; its books are void until another brings their snapshots."""
        self._subscriptions.remove(held)
        held.task.cancel()
        lost = LinkChange(
            token_ids=tuple(sorted(held.tokens)),
            state=LinkState.LOST,
            receive_time_ns=self._now_ns(),
        )
        self._take(lost)

    async def _follow(self, token_groups: Sequence[Sequence[str]]) -> None:
        async with aclosing(self._data.subscribe(token_groups)) as updates:  # type: ignore[type-var]
            async for update in updates:
                UPDATES.labels(type(update).__name__).inc()
                _report(update)
                self._take(update)

    async def audit_periodically(self, period_s: float) -> None:
        """Compare every book with REST for ever."""
        while True:
            await asyncio.sleep(period_s)
            await self._fetch(list(self._books.tokens()))

    async def resync_periodically(self) -> None:
        """Fetch the books in quarantine, at most four times a second."""
        while True:
            await asyncio.sleep(_RESYNC_PERIOD_S)
            if tokens := self._books.wanting():
                RESYNCS.inc(len(tokens))
                await self._fetch(tokens)

    async def _fetch(self, tokens: list[str]) -> None:
        for start in range(0, len(tokens), _BATCH):
            versions = self._books.versions()
            try:
                snapshots = await self._data.books(tokens[start : start + _BATCH])
            except VenueError as e:
                AUDITS.labels("failed").inc()
                logger.warning("books could not be fetched error={}", e)
                return
            AUDITS.labels("done").inc()
            applied = self._books.audit(snapshots, versions)
            self._spread(applied)
            self._renew(applied)

    def _renew(self, applied: Applied) -> None:
        """Replace links whose books stood still while the venue's moved.

        A market that differs for reasons of its own must not void its neighbours for ever.
        """
        now_ns = self._now_ns()
        self._renewed_ns = {c: t for c, t in self._renewed_ns.items() if now_ns - t < _RENEW_NS}
        differ = {a.condition_id for a in applied.alarms if a.kind is AlarmKind.REST_MISMATCH}
        found = [self._books.tracked(c) for c in sorted(differ - self._renewed_ns.keys())]
        markets = [tracked.market for tracked in found if tracked is not None]
        if markets:
            self._renewed_ns.update((m.condition_id, now_ns) for m in markets)
            self._data.renew([token for m in markets for token in (m.yes_token, m.no_token)])


def _report(update: FeedUpdate) -> None:
    match update:
        case BadFrame(reason=reason):
            logger.warning("bad frame reason={}", reason)
        case LinkChange(state=LinkState.LOST | LinkState.CONNECTED as state, token_ids=tokens):
            logger.info("link {} tokens={}", state.name, len(tokens))
        case _:
            pass
